//! What is said of an imported model: what it is, what it is used for, and how it does on images whose labels are known.

use std::path::Path;

use serde::Serialize;

use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::weights_in_use::WeightsInUse;
use crate::config::Settings;
use crate::domain::{ClassName, ModelRecord};
use crate::workflow::{ImportCheck, LabelledScores, TrainedModel};

/// For scripts.
#[derive(Serialize)]
pub(super) struct Imported<'a> {
    #[serde(flatten)]
    pub(super) model: &'a ModelRecord,
    /// `null` where the dataset has no images of its classes.
    pub(super) check: Option<&'a ImportCheck>,
}

/// The model, and whether it is the best one; `outputs`: its classes in the order of the file.
pub(super) fn print(imported: &TrainedModel, outputs: &[ClassName], settings: &Settings) -> Result<(), Failure> {
    let TrainedModel { model, decision, .. } = imported;
    let outputs: Vec<&str> = outputs.iter().map(ClassName::as_str).collect();
    let backbone = &model.backbone_detail;
    output::line(&format!(
        "Model {} of {}; its outputs in order: {}.",
        model.run_id,
        model.dataset,
        outputs.join(", ")
    ));
    let side = backbone.input_side;
    output::line(&format!(
        "Images: resized to {side}x{side} by \"{}\", preprocessing \"{}\". If it was trained otherwise, import it again with --resize or \
         --preprocessing.",
        backbone.resize, backbone.preprocessing
    ));
    let run = format!("{}/{}", model.dataset, model.run_id);
    if decision.promoted {
        output::line(&format!(
            "It is the best model now: {}. A model that is trained here replaces it if it is no worse; \
             promotion.policy = \"never\" keeps it.",
            decision.reason
        ));
    } else {
        let reason = &decision.reason;
        output::line(&format!(
            "It does not replace the best model: {reason}. To use it: gradwatch models promote {run}"
        ));
    }
    output::line(&format!("Its convolutions: {}. {}", model.backbone, WeightsInUse::find(settings)?.line()));
    output::line(&format!("To train a new head on them: gradwatch train DATASET_DIR --like {run}"));
    Ok(())
}

/// A few images with their labels and scores, and how many of all it gets right.
pub(super) fn print_check(model: &ModelRecord, check: Option<&ImportCheck>, folder: &Path) {
    let Some(check) = check else {
        let folder = folder.display();
        output::line(&format!("Not tried: {folder} has no folders with images of its classes; check --classes."));
        return;
    };
    output::line("Scores of images whose label is known; compare them with those of the program that it comes from:");
    check.shown.iter().for_each(|shown| output::line(&format!("  {}", scores(shown))));
    output::line(&summary(check));
    if let Some(doubt) = doubt(model, check) {
        output::line(&doubt);
    }
}

fn scores(shown: &LabelledScores) -> String {
    let scores: Vec<String> = shown.scores.iter().map(|(class, score)| format!("{class} {score:.4}")).collect();
    format!("{}: label {}; {}", shown.image, shown.label, scores.join(", "))
}

fn summary(check: &ImportCheck) -> String {
    let ImportCheck { n_right, n_images, n_unreadable, .. } = check;
    let n_read = check.n_read();
    let unreadable = if *n_unreadable > 0 { format!(" {n_unreadable} could not be read.") } else { String::new() };
    format!(
        "Of {n_read} of the dataset's {n_images} images it gets {n_right} right ({:.3}).{unreadable} It may have learned from \
         them before, so this is no measure of how good it is.",
        *n_right as f64 / n_read.max(1) as f64
    )
}

/// A model that does worse than chance on many images has its classes in another order, or sees other images.
fn doubt(model: &ModelRecord, check: &ImportCheck) -> Option<String> {
    let (n_classes, n_read) = (model.classes.len(), check.n_read());
    (n_read >= 2 * n_classes && check.n_right * n_classes < n_read).then(|| {
        "That is worse than chance: check the order of --classes, --preprocessing and --resize, and import it again"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(n_right: usize) -> ImportCheck {
        ImportCheck { n_asked: 11, n_images: 40, n_unreadable: 1, n_right, shown: Vec::new() }
    }

    #[test]
    fn the_figure_names_what_it_is_of_and_doubts_what_is_worse_than_chance() {
        let model = ModelRecord::example("x", "0001-a");
        let expected = "Of 10 of the dataset's 40 images it gets 4 right (0.400). 1 could not be read. It may have learned from \
                        them before, so this is no measure of how good it is.";
        assert_eq!(summary(&check(4)), expected);
        assert_eq!(doubt(&model, &check(5)), None);
        assert!(doubt(&model, &check(4)).unwrap().starts_with("That is worse than chance"));
    }
}

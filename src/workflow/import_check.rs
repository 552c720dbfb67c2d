//! What a model that comes from elsewhere says of images whose labels are known here: so that a wrong order of its classes,
//! another preprocessing or another resizing can be seen before anybody relies on it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::config::Settings;
use crate::content::Reader;
use crate::domain::{ClassName, ModelRecord, StopFlag};
use crate::head::Head;
use crate::ingest;
use crate::privacy::{shown, shown_in};
use crate::train::{ModelPredictor, NamedImage};

use super::engines::Engines;
use super::error::WorkflowError;

/// Images of a class that are asked for; the first ones are shown one by one.
const N_OF_A_CLASS: usize = 50;
const N_SHOWN: usize = 2;

/// How a model does on images of a dataset.
#[derive(Debug, Serialize)]
pub struct ImportCheck {
    /// Images that were asked for, of all that the dataset's folders hold.
    pub n_asked: usize,
    /// Images in the dataset's folders.
    pub n_images: usize,
    /// Images that could not be read.
    pub n_unreadable: usize,
    /// Of the others, how many it gets right.
    pub n_right: usize,
    /// A few of them, one by one.
    pub shown: Vec<LabelledScores>,
}

/// What the model says of one image.
#[derive(Debug, Serialize)]
pub struct LabelledScores {
    /// Below the dataset's folder.
    pub image: String,
    /// The class of its folder.
    pub label: ClassName,
    /// The model's scores, by class.
    pub scores: BTreeMap<ClassName, f64>,
}

/// Asks `model` for up to 50 images of each of its classes in the class folders below `folder`; `None` where there are none.
///
/// # Errors
/// A network that cannot be used, [`WorkflowError::NoScores`], [`WorkflowError::Stopped`].
pub fn check_import(
    (model, head): (&ModelRecord, &Head),
    folder: &Path,
    settings: &Settings,
    engines: &Engines,
    stop: &StopFlag,
) -> Result<Option<ImportCheck>, WorkflowError> {
    let files = ingest::labelled_files(folder);
    let asked = chosen(&files, &model.classes);
    if asked.is_empty() {
        return Ok(None);
    }
    let engine = engines.of_model(&model.backbone_detail)?;
    let reader = Reader::of(settings).below(folder).scaled(model.scaled_jpeg);
    let predictor = ModelPredictor { head, backbone: &model.backbone_detail, engine: &engine, reader };
    let images: Vec<NamedImage> = asked.iter().map(|(_, path)| ((*path).clone(), None)).collect();
    let answers = predictor.logits(&images, stop)?;
    let n_unreadable = answers.iter().filter(|answer| answer.is_err()).count();
    let mut check =
        ImportCheck { n_asked: asked.len(), n_images: files.len(), n_unreadable, n_right: 0, shown: Vec::new() };
    for ((label, path), logits) in asked.iter().zip(answers) {
        let Ok(logits) = logits else { continue };
        if !logits.iter().all(|logit| logit.is_finite()) {
            return Err(WorkflowError::NoScores { image: shown(path) });
        }
        check.n_right += usize::from(model.classes[Head::predicted(&logits)] == **label);
        if check.shown.iter().filter(|shown| shown.label == **label).count() < N_SHOWN {
            let scores = model.classes.iter().cloned().zip(head.activation().scores(&logits)).collect();
            let image = path.strip_prefix(folder).unwrap_or(path).to_string_lossy();
            let image = shown_in(folder, &image);
            check.shown.push(LabelledScores { image, label: (*label).clone(), scores });
        }
    }
    Ok(Some(check))
}

/// Of each class the same number at most, evenly spread over its files.
fn chosen<'a>(files: &'a [(ClassName, PathBuf)], classes: &[ClassName]) -> Vec<(&'a ClassName, &'a PathBuf)> {
    let of_class = |class| files.iter().filter(move |(label, _)| label == class).collect::<Vec<_>>();
    let spread = |files: Vec<&'a (ClassName, PathBuf)>| {
        let n = files.len().min(N_OF_A_CLASS);
        (0..n).map(move |at| files[at * files.len() / n]).map(|(label, path)| (label, path)).collect::<Vec<_>>()
    };
    classes.iter().flat_map(|class| spread(of_class(class))).collect()
}

impl ImportCheck {
    /// Images that it was asked for and that could be read.
    pub fn n_read(&self) -> usize {
        self.n_asked - self.n_unreadable
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_images_asked_for_are_spread_over_each_class() {
        let class = |name: &str| ClassName::new(name).unwrap();
        let file = |name: &str, number: usize| (class(name), PathBuf::from(format!("{name}/{number:03}.png")));
        let files: Vec<_> = (0..120).map(|n| file("a", n)).chain((0..3).map(|n| file("b", n))).collect();
        let found = chosen(&files, &[class("a"), class("b"), class("c")]);
        let of = |name: &str| found.iter().filter(|(label, _)| label.as_str() == name).collect::<Vec<_>>();
        assert_eq!((of("a").len(), of("b").len(), found.len()), (50, 3, 53));
        assert_eq!((of("a")[1].1.as_path(), of("a")[49].1.as_path()), (Path::new("a/002.png"), Path::new("a/117.png")));
    }
}

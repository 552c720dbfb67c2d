//! `gradwatch models import`: a user's own Keras model becomes a model of a dataset.

mod result;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::known::known;
use crate::cli::failure::{Exit, Failure};
use crate::cli::{output, registering};
use crate::config::{Preparation, Preprocessing, Settings};
use crate::disk::{self, Workspace};
use crate::domain::{
    ClassName, Clock, ContentHash, DatasetName, Decision, HeadRecord, ModelRecord, Resize, RunId, Split, StopFlag,
    StopReason,
};
use crate::head::{self, Head, ImportedModel};
use crate::service;
use crate::stats::Confusion;
use crate::weights::{self, KerasModel};
use crate::workflow::{self, Engines, ImportCheck, Incumbent, TrainedModel};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Model file written by `model.save`: VGG16 and the layers above it, ending in a sigmoid or softmax
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Dataset that the model is imported into
    #[arg(long, value_name = "NAME")]
    dataset: String,

    /// Classes in the order of the model's outputs [default: the dataset's class folders sorted by name, as in Keras]
    #[arg(long, value_name = "A,B,...", value_delimiter = ',')]
    classes: Vec<String>,

    /// Preprocessing that the model was trained with; rescale means rescale=1/255 [default: backbone.preprocessing]
    #[arg(long, value_name = "HOW", value_parser = str::parse::<Preprocessing>)]
    preprocessing: Option<Preprocessing>,

    /// How images are resized for it: nearest (Keras' `load_img` and `flow_from_directory` by default), bilinear
    /// (`image_dataset_from_directory` and `Resizing`), antialias (`load_img` with interpolation="bilinear", torchvision)
    /// [default: that of the file, else nearest]
    #[arg(long, value_name = "HOW", value_parser = str::parse::<Resize>)]
    resize: Option<Resize>,

    /// Pixels a side of its images, where the file leaves the size open
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(32..=1024))]
    input_side: Option<u32>,

    /// Print the model's record, and how it does on today's images, as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, settings: &Settings) -> Result<(), Failure> {
    let workspace = Workspace::new(&settings.state_dir);
    let usage = |error| Failure::new(Exit::Usage, error);
    let dataset = DatasetName::new(args.dataset.as_str()).map_err(usage)?;
    let read = weights::read_model(&args.file, Preprocessing::Auto)?;
    let folder = settings.watch.inbox.join("datasets").join(dataset.as_str());
    let classes = classes(args, &read, &folder)?;
    let (input_side, input) = (Some(input_side(args, &read)?), preparation(args, &read, settings)?);
    let resize = Some(args.resize.or(read.resize).unwrap_or(Resize::Nearest));
    let read = KerasModel { input, input_side, resize, ..read };
    let imported = head::import_model(&read, &classes, &workspace.weights())?;
    let known = known(&workspace, settings.clock, Some(dataset.clone()))?;
    let head = imported.head.to_bytes()?;
    let highest = known.iter().filter_map(|model| model.record.run_id.number()).max().unwrap_or(0);
    let model = record(&imported, ContentHash::of(&head), dataset, highest + 1, settings.clock);
    let best = known.iter().find(|model| model.best).map(|model| model.record.clone());
    let incumbent = Incumbent::new(best, known.iter().flat_map(|model| &model.decisions));
    let check = tried(&model, &imported.head, &folder, settings)?;
    registering::prepare(&workspace, settings.clock)?;
    write(&workspace, &head, &model)?;
    let decide_again = &mut |incumbent: &Incumbent| Ok(imported_model(&model, incumbent));
    let imported_model =
        registering::record(&workspace, settings.clock, imported_model(&model, &incumbent), &[], decide_again)?;
    if args.json {
        output::json(&result::Imported { model: &imported_model.model, check: check.as_ref() });
    } else {
        result::print(&imported_model, &classes, settings)?;
        result::print_check(&imported_model.model, check.as_ref(), &folder);
    }
    Ok(())
}

/// How it does on the images that the dataset has today, before anything of it is recorded.
fn tried(model: &ModelRecord, head: &Head, folder: &Path, settings: &Settings) -> Result<Option<ImportCheck>, Failure> {
    let stop = StopFlag::default();
    service::stop_on_signals(stop.clone(), || {}).map_err(|error| Failure::new(Exit::Io, error))?;
    Ok(workflow::check_import((model, head), folder, settings, &Engines::new(settings, &stop), &stop)?)
}

/// How images are prepared for it: as the model does it itself, as named, as configured, or as Keras does it for VGG16.
fn preparation(args: &Args, model: &KerasModel, settings: &Settings) -> Result<Preparation, Failure> {
    let named = args.preprocessing.and_then(Preprocessing::fixed);
    match named {
        Some(named) if model.input_said && named != model.input => {
            let message =
                format!("the model prepares images itself ({}); leave out --preprocessing {named}", model.input);
            Err(Failure::new(Exit::Usage, message))
        }
        Some(named) => Ok(named),
        None if model.input_said => Ok(model.input),
        None => Ok(settings.backbone.preprocessing.fixed().unwrap_or(model.input)),
    }
}

/// As named, or as Keras' folder readers number them.
fn classes(args: &Args, model: &KerasModel, folder: &Path) -> Result<Vec<ClassName>, Failure> {
    let usage = |error| Failure::new(Exit::Usage, error);
    if !args.classes.is_empty() {
        return args.classes.iter().map(|name| ClassName::new(name.trim()).map_err(usage)).collect();
    }
    let (n, names) = (model.n_classes(), class_folders(folder));
    if names.len() == n {
        return Ok(names.into_iter().collect());
    }
    let found = format!("the file does not name its {n} classes, and {} has {} folders", folder.display(), names.len());
    Err(Failure::new(Exit::Usage, format!("{found}; name them in the order of its outputs: --classes a,b")))
}

/// Pixels a side of its images: as the file says, or as named where the file leaves it open.
fn input_side(args: &Args, model: &KerasModel) -> Result<u32, Failure> {
    match (model.input_side, args.input_side) {
        (Some(side), Some(named)) if side != named => {
            let message = format!("the model takes images of {side}x{side} pixels; leave out --input-side {named}");
            Err(Failure::new(Exit::Usage, message))
        }
        (Some(side), _) | (None, Some(side)) => Ok(side),
        (None, None) => {
            let message = "the file leaves the size of its images open; name the one that it was trained with, for example \
                           --input-side 224";
            Err(Failure::new(Exit::Usage, message))
        }
    }
}

/// The classes that a dataset's folders name, sorted: its own folders, and those in one that names a side.
fn class_folders(folder: &Path) -> BTreeSet<ClassName> {
    let (sides, classes): (Vec<_>, Vec<_>) =
        folders(folder).into_iter().partition(|(name, _)| Split::named(name).is_some());
    let inner = sides.iter().flat_map(|(_, path)| folders(path));
    classes.into_iter().chain(inner).filter_map(|(name, _)| ClassName::new(name).ok()).collect()
}

fn folders(folder: &Path) -> Vec<(String, PathBuf)> {
    let entries = folder.read_dir().into_iter().flatten().filter_map(Result::ok);
    let folders = entries.map(|entry| (entry.file_name(), entry.path())).filter(|(_, path)| path.is_dir());
    folders.filter_map(|(name, path)| Some((name.into_string().ok()?, path))).collect()
}

/// It is the best model where there is none.
fn imported_model(model: &ModelRecord, incumbent: &Incumbent) -> TrainedModel {
    let best = incumbent.best_run().cloned();
    let reason = match &best {
        None => "it was imported as the first model of this dataset".to_owned(),
        Some(_) => "it was imported, and an import replaces no model without a comparison".to_owned(),
    };
    let decision = Decision {
        dataset: model.dataset.clone(),
        run_id: model.run_id.clone(),
        promoted: best.is_none(),
        previous: best,
        n_validation: 0,
        candidate_correct: 0,
        previous_correct: None,
        paired: None,
        reason,
        by_hand: true,
        at: model.created.clone(),
    };
    TrainedModel { model: model.clone(), decision, n_by_hand: incumbent.n_by_hand }
}

/// The record of an imported model. Nothing was measured, so counts and measures are empty.
fn record(imported: &ImportedModel, head: ContentHash, dataset: DatasetName, number: u64, clock: Clock) -> ModelRecord {
    let classes = imported.head.classes().to_vec();
    ModelRecord {
        schema: ModelRecord::SCHEMA.to_owned(),
        run_id: RunId::numbered(number, &imported.source),
        dataset,
        backbone: imported.backbone.clone(),
        backbone_detail: imported.record.clone(),
        like: None,
        removed: None,
        training_features: None,
        head: HeadRecord { file: "head.safetensors".to_owned(), sha256: head, activation: imported.head.activation() },
        val_accuracy: 0.0,
        val_binary_accuracy: 0.0,
        val_loss: 0.0,
        confusion: Confusion::new(classes.len()),
        assessment: None,
        shortcuts: None,
        map_check: None,
        test: None,
        classes,
        epoch: 0,
        epochs_run: 0,
        stopped: StopReason::Imported,
        counts: BTreeMap::new(),
        copies: 0,
        augmentation: serde_json::Value::Null,
        data_warnings: Vec::new(),
        unread: Vec::new(),
        data_hash: imported.source,
        job_hash: imported.source,
        versions: None,
        scaled_jpeg: false,
        seed: 0,
        program: format!("Keras, imported by gradwatch {}", env!("CARGO_PKG_VERSION")),
        created: clock.stamp(),
        train_seconds: None,
    }
}

/// The layer first, then the record that names it.
fn write(workspace: &Workspace, head: &[u8], model: &ModelRecord) -> Result<(), Failure> {
    let folder = workspace.run(&model.dataset, &model.run_id);
    disk::write_atomic(&folder.join(&model.head.file), head)?;
    let mut text = serde_json::to_string_pretty(model).map_err(|error| Failure::new(Exit::Software, error))?;
    text.push('\n');
    Ok(disk::write_atomic(&folder.join("model.json"), text.as_bytes())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_the_folders_and_those_in_the_sides() {
        let dir = tempfile::tempdir().unwrap();
        for folder in ["train/covid", "train/normal", "Val/covid", "test/test", "loose/train"] {
            std::fs::create_dir_all(dir.path().join(folder)).unwrap();
        }
        let names: Vec<String> = class_folders(dir.path()).into_iter().map(String::from).collect();
        assert_eq!(names, ["covid", "loose", "normal", "test"]);
    }
}

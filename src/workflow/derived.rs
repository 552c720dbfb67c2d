//! What belongs to a recorded model and is made from the same images: its run's files and page, and the contact sheet of its
//! copies. Where something of it is missing, the training is done once more, in the same folder: it comes to the same model,
//! and with it to all that was written of it.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use crate::config::{AugmentMode, Settings};
use crate::disk::Workspace;
use crate::domain::{DatasetName, Decision, Ledger, ModelRecord};

use super::contact_sheet;

/// A recorded model whose files are to be made again, and what was decided on it.
#[derive(Debug, Clone)]
pub struct RecordedModel {
    /// As it was recorded.
    pub model: ModelRecord,
    /// The decision on its page.
    pub decision: Decision,
}

/// The best model of `dataset`, or its last one, if anything that belongs to it is missing.
pub(super) fn incomplete(
    ledger: &Ledger,
    dataset: &DatasetName,
    settings: &Settings,
    workspace: &Workspace,
) -> Option<RecordedModel> {
    let last = ledger.last_trained(dataset);
    let lacks_sheet = |model: &ModelRecord| {
        last.is_some_and(|last| last.run_id == model.run_id) && lacks_sheet(dataset, settings, workspace)
    };
    let runs = last.into_iter().chain(ledger.best_model(dataset)).filter(|model| !model.is_imported());
    let mut lacking = runs.filter(|model| lacks_files(model, workspace) || lacks_sheet(model));
    lacking.find_map(|model| Some(RecordedModel { model: model.clone(), decision: decision(ledger, model)?.clone() }))
}

/// The first one, which its page says.
fn decision<'a>(ledger: &'a Ledger, model: &ModelRecord) -> Option<&'a Decision> {
    ledger.decisions.iter().find(|decision| (&decision.dataset, &decision.run_id) == (&model.dataset, &model.run_id))
}

/// Whether a file of the run is missing or empty.
fn lacks_files(model: &ModelRecord, workspace: &Workspace) -> bool {
    let folder = workspace.run(&model.dataset, &model.run_id);
    let features = model.training_features.as_ref().map(|features| features.file.as_str());
    let mut files = ["model.json", &model.head.file, "history.csv", "report.html"].into_iter().chain(features);
    let is_there = |path: &Path| fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() > 0);
    let has_curves = |name: &str| {
        fs::read_dir(folder.join(name))
            .is_ok_and(|files| files.filter_map(Result::ok).any(|file| is_there(&file.path())))
    };
    !files.all(|file| is_there(&folder.join(file))) || !["train", "validation"].into_iter().all(has_curves)
}

/// Whether the sheet of the dataset's copies is not there, or not of those that its manifest lists.
fn lacks_sheet(dataset: &DatasetName, settings: &Settings, workspace: &Workspace) -> bool {
    let augment = &settings.of(dataset).augment;
    let folder = workspace.expansion(dataset);
    let written = |file: &Path| fs::metadata(file).and_then(|file| file.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
    let has_copies = fs::metadata(folder.join("manifest.jsonl")).is_ok_and(|manifest| manifest.len() > 0);
    let is_old = || written(&contact_sheet::page(&folder)) < written(&folder.join("manifest.jsonl"));
    let is_wanted = augment.contact_sheet && augment.mode != AugmentMode::InPlace && has_copies;
    is_wanted && (is_old() || !contact_sheet::has_images(&folder))
}

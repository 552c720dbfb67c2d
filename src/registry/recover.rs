//! The last resort: models by the files that say what they are, `model.json` and the weights whose hash it names.
//!
//! Samples and scans need no such thing: they lie in the inbox and are found again by looking.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::disk::Workspace;
use crate::domain::{Clock, ContentHash, Counter, DatasetName, Decision, Ledger, LedgerEvent, ModelRecord};

/// Events for the models in the runs' folder that `ledger` does not know; where a dataset has no best model, the one with the
/// greatest recorded validation accuracy becomes it, the latest of equals.
pub(super) fn from_files(workspace: &Workspace, clock: Clock, ledger: &Ledger) -> Vec<LedgerEvent> {
    let runs: Vec<ModelRecord> = run_folders(&workspace.runs())
        .filter_map(|folder| read_run(&folder))
        .filter(|model| !ledger.runs.contains_key(&(model.dataset.clone(), model.run_id.clone())))
        .collect();
    if runs.is_empty() {
        return Vec::new();
    }
    let mut best: BTreeMap<&DatasetName, &ModelRecord> = BTreeMap::new();
    for model in runs.iter().filter(|model| !ledger.best.contains_key(&model.dataset)) {
        let champion = best.entry(&model.dataset).or_insert(model);
        if rank(model) > rank(champion) {
            *champion = model;
        }
    }
    let decisions: Vec<_> = best.into_values().map(|model| LedgerEvent::Decision(promotion(model, clock))).collect();
    let n_trained = runs.iter().filter(|model| !model.is_imported()).count() as u64;
    let counted = LedgerEvent::Counted { counter: Counter::Trainings, n: n_trained };
    let runs = runs.into_iter().map(|model| LedgerEvent::Run(Box::new(model)));
    runs.chain(decisions).chain([counted]).collect()
}

/// `runs/<dataset>/<run>`, sorted.
fn run_folders(runs: &Path) -> impl Iterator<Item = PathBuf> {
    let folders = walkdir::WalkDir::new(runs).min_depth(2).max_depth(2).sort_by_file_name().into_iter();
    folders.filter_map(Result::ok).filter(|entry| entry.file_type().is_dir()).map(walkdir::DirEntry::into_path)
}

/// The model in `folder`, if it is whole: written by a schema this program knows, in its own folder, with its own weights.
fn read_run(folder: &Path) -> Option<ModelRecord> {
    let model: ModelRecord = serde_json::from_slice(&std::fs::read(folder.join("model.json")).ok()?).ok()?;
    let at_home = folder.ends_with(Path::new(model.dataset.as_str()).join(model.run_id.as_str()));
    let weights = std::fs::read(folder.join(&model.head.file)).ok()?;
    let whole = model.schema == ModelRecord::SCHEMA && at_home && ContentHash::of(&weights) == model.head.sha256;
    if !whole {
        tracing::warn!(folder = %folder.display(), "Model does not match its record and is left out");
    }
    whole.then_some(model)
}

/// Accuracies are finite and not negative, so that their bits are in their order.
fn rank(model: &ModelRecord) -> (u64, &str, &str) {
    (model.val_accuracy.to_bits(), &model.created, model.run_id.as_str())
}

fn promotion(model: &ModelRecord, clock: Clock) -> Decision {
    Decision {
        dataset: model.dataset.clone(),
        run_id: model.run_id.clone(),
        promoted: true,
        previous: None,
        n_validation: model.confusion.total(),
        candidate_correct: model.confusion.correct(),
        previous_correct: None,
        paired: None,
        reason: "found again by its files; of those it has the best recorded validation accuracy".to_owned(),
        by_hand: false,
        at: clock.stamp(),
    }
}

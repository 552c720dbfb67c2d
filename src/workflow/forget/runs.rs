//! Folders of runs: the names in records and pages, and the images on pages. The weights stay as they are.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::disk::{self, DiskError, Workspace};
use crate::domain::{ContentHash, Erased, Ledger, LedgerEvent, ModelRecord};
use crate::head::TRAINING_FEATURES;
use crate::report;
use crate::train;

use super::error::ForgetError;
use super::subject::ErasureSubject;

/// `DATASET/RUN` of the models that learned from one of `images`, sorted.
///
/// # Errors
/// [`DiskError::Io`] for a folder that cannot be listed.
pub(super) fn learned(workspace: &Workspace, images: &BTreeSet<ContentHash>) -> Result<Vec<String>, DiskError> {
    let is_model = |folder: &PathBuf| folder.join("model.json").exists();
    let folders = folders(workspace)?.into_iter().filter(is_model);
    let folders = folders.filter(|folder| !train::trained_on(folder).is_disjoint(images));
    let name = |folder: PathBuf| Some(folder.strip_prefix(workspace.runs()).ok()?.to_string_lossy().into_owned());
    Ok(folders.filter_map(name).collect())
}

/// How many of the images that a model learned from are forgotten; none of a model whose files were removed.
pub fn n_forgotten_of(ledger: &Ledger, workspace: &Workspace, model: &ModelRecord) -> u64 {
    if ledger.forgotten.is_empty() {
        return 0;
    }
    let images = train::trained_on(&workspace.run(&model.dataset, &model.run_id));
    images.iter().filter(|image| ledger.forgotten.contains_key(*image)).count() as u64
}

/// Takes the images and their names out of every run; returns the records that changed.
pub(super) fn erase(
    workspace: &Workspace,
    ledger: &Ledger,
    subject: &ErasureSubject<'_>,
    erased: &mut Erased,
) -> Result<Vec<LedgerEvent>, ForgetError> {
    let redacted = |model: &ModelRecord| {
        let named = model.data_warnings.iter().any(|warning| subject.names.are_in(warning));
        let data_warnings = model.data_warnings.iter().map(|warning| subject.names.redacted(warning)).collect();
        named.then(|| ModelRecord { data_warnings, ..model.clone() })
    };
    for folder in folders(workspace)? {
        train::forget_resume(&folder, subject.images)?;
        forget_training_features(&folder, subject.images)?;
        erase_record(&folder.join("model.json"), &redacted)?;
        erased.pages += u64::from(erase_page(&folder.join("report.html"), subject)?);
    }
    let changed = ledger.runs.values().filter_map(redacted);
    Ok(changed.map(|model| LedgerEvent::Run(Box::new(model))).collect())
}

/// The whole file goes: its rows do not say of which image they are. Scans of the model are then explained without it.
fn forget_training_features(folder: &Path, images: &BTreeSet<ContentHash>) -> Result<(), DiskError> {
    if train::trained_on(folder).is_disjoint(images) {
        return Ok(());
    }
    disk::remove_file(&folder.join(TRAINING_FEATURES))
}

fn erase_record(path: &Path, redacted: &dyn Fn(&ModelRecord) -> Option<ModelRecord>) -> Result<(), DiskError> {
    let record = std::fs::read(path).ok().and_then(|bytes| serde_json::from_slice::<ModelRecord>(&bytes).ok());
    let Some(text) = record.as_ref().and_then(redacted).and_then(|model| serde_json::to_string_pretty(&model).ok())
    else {
        return Ok(());
    };
    disk::write_atomic(path, (text + "\n").as_bytes())
}

/// Whether the page had any of them.
fn erase_page(path: &Path, subject: &ErasureSubject<'_>) -> Result<bool, DiskError> {
    let Ok(page) = std::fs::read_to_string(path) else { return Ok(false) };
    let left = report::without_images(&page, subject.images, &|text| subject.names.are_in(text));
    let left = subject.names.redacted(&left);
    if left == page {
        return Ok(false);
    }
    disk::write_atomic(path, left.as_bytes())?;
    Ok(true)
}

/// `runs/<dataset>/<run>`, sorted.
fn folders(workspace: &Workspace) -> Result<Vec<PathBuf>, DiskError> {
    disk::listed_folders(WalkDir::new(workspace.runs()).min_depth(2).max_depth(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_go_with_any_image_that_was_learned_from_and_stay_with_those_that_were_measured() {
        let folder = tempfile::tempdir().unwrap();
        let [learned, measured] = [b"learned".as_slice(), b"measured"].map(ContentHash::of);
        std::fs::write(folder.path().join("learned.txt"), format!("{learned}\n{measured} validation\n")).unwrap();
        let features = folder.path().join(TRAINING_FEATURES);
        std::fs::write(&features, "rows").unwrap();
        forget_training_features(folder.path(), &BTreeSet::from([measured])).unwrap();
        assert!(features.exists());
        forget_training_features(folder.path(), &BTreeSet::from([learned])).unwrap();
        assert!(!features.exists());
        forget_training_features(folder.path(), &BTreeSet::from([learned])).unwrap();
    }
}

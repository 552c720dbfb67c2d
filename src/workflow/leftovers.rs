//! What killed programs left in the state folder and nobody goes on with: temporary files, and runs that were never finished.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use crate::disk::{self, DiskError, TrainingLock, Workspace};
use crate::domain::{DatasetName, Ledger, RunId};
use crate::head::TRAINING_FEATURES;

/// Removes them, as far as `ledger` and the locks of the trainings say that they are left over; `now` is the start of this
/// process. What cannot be removed is warned of, and tried again at the next start.
pub fn remove_leftovers(ledger: &Ledger, workspace: &Workspace, now: SystemTime) {
    let temporaries = disk::sweep_workspace(workspace);
    let mut runs = 0;
    for (dataset, run) in unfinished(ledger, workspace, now) {
        match remove_run(workspace, &dataset, &run) {
            Ok(is_removed) => runs += usize::from(is_removed),
            Err(error) => tracing::warn!(%dataset, %run, %error, "Unfinished run not removed"),
        }
    }
    if temporaries + runs > 0 {
        tracing::info!(temporaries, runs, "Leftovers of programs that were killed removed");
    }
}

/// Runs without a model that are older than `now` and not the one that the next training of their dataset would go on with:
/// that one has the number after the highest recorded.
fn unfinished(ledger: &Ledger, workspace: &Workspace, now: SystemTime) -> Vec<(DatasetName, RunId)> {
    let is_left = |(dataset, run): &(DatasetName, RunId)| {
        let highest = ledger.runs_of(dataset).filter_map(|model| model.run_id.number()).max().unwrap_or(0);
        let folder = workspace.run(dataset, run);
        let is_old = fs::metadata(&folder).and_then(|folder| folder.modified()).is_ok_and(|made| made < now);
        let is_passed = run.number().is_some_and(|number| number <= highest);
        is_old && is_passed && !ledger.runs.contains_key(&(dataset.clone(), run.clone())) && holds_no_model(&folder)
    };
    run_folders(&workspace.runs()).into_iter().filter(is_left).collect()
}

/// Whether it holds nothing but what a training writes before its model.
fn holds_no_model(folder: &Path) -> bool {
    const PARTS: [&str; 5] =
        ["resume.safetensors", "learned.txt", "history.csv", "head.safetensors", TRAINING_FEATURES];
    names(folder).iter().all(|name| PARTS.contains(&name.as_str()))
}

fn run_folders(runs: &Path) -> Vec<(DatasetName, RunId)> {
    let of_dataset = |name: String| {
        let dataset = DatasetName::new(name).ok()?;
        let folders: Vec<_> =
            names(&runs.join(dataset.as_str())).into_iter().filter_map(|run| RunId::new(run).ok()).collect();
        Some(folders.into_iter().map(move |run| (dataset.clone(), run)))
    };
    names(runs).into_iter().filter_map(of_dataset).flatten().collect()
}

/// Of all in a folder. A name that is not Unicode is not the program's own, and stands as one that no list of its names has.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// Unless somebody trains on the dataset.
fn remove_run(workspace: &Workspace, dataset: &DatasetName, run: &RunId) -> Result<bool, DiskError> {
    match TrainingLock::take(workspace, dataset) {
        Ok(_lock) => disk::remove_dir(&workspace.run(dataset, run)).map(|()| true),
        Err(DiskError::Training { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::time::Duration;

    use super::*;
    use crate::domain::{LedgerEvent, ModelRecord};

    /// A run's folder with these files in it.
    fn run(workspace: &Workspace, run: &str, files: &[&str]) -> PathBuf {
        let folder = workspace.run(&dataset(), &RunId::new(run).unwrap());
        disk::create_dir(&folder).unwrap();
        for file in files {
            disk::write_atomic(&folder.join(file), b"x").unwrap();
        }
        folder
    }

    fn dataset() -> DatasetName {
        DatasetName::new("d").unwrap()
    }

    #[test]
    fn runs_that_nobody_finishes_are_removed_and_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let workspace = Workspace::new(dir.path());
        let mut ledger = Ledger::default();
        ledger.apply(&LedgerEvent::Run(Box::new(ModelRecord::example("d", "0002-b"))));
        let left = [run(&workspace, "0001-a", &["resume.safetensors"]), run(&workspace, "0002-c", &[])];
        let kept = [
            run(&workspace, "0002-b", &["head.safetensors"]),
            run(&workspace, "0001-d", &["head.safetensors", "model.json"]),
            run(&workspace, "0001-e", &["notes.txt"]),
            run(&workspace, "0003-f", &["resume.safetensors"]),
        ];
        let later = SystemTime::now() + Duration::from_secs(1);
        let training = TrainingLock::take(&workspace, &dataset()).unwrap();
        remove_leftovers(&ledger, &workspace, later);
        assert!(left.iter().all(|folder| folder.exists()), "somebody trains");
        drop(training);
        remove_leftovers(&ledger, &workspace, SystemTime::UNIX_EPOCH);
        assert!(left.iter().all(|folder| folder.exists()), "they are newer than this start");
        remove_leftovers(&ledger, &workspace, later);
        assert!(left.iter().all(|folder| !folder.exists()));
        assert!(kept.iter().all(|folder| folder.exists()));
    }
}

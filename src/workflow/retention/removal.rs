//! The removal of what exceeds the limits.

use std::path::Path;

use super::found::Exceeding;
use crate::augment;
use crate::disk::{self, DiskError, TrainingLock, Workspace};
use crate::domain::{DatasetName, StopFlag, StoredItem};
use crate::report;
use crate::workflow::failed_work::{FailedWork, Work};

/// What a removal came to.
#[derive(Debug, Default)]
pub struct RetentionOutcome {
    /// Reports removed.
    pub reports: u64,
    /// Runs removed.
    pub runs: u64,
    /// Copies removed.
    pub copies: u64,
    /// Of all of these.
    pub bytes: u64,
    /// What could not be removed, as far as it went: the last failure.
    pub failed: Option<FailedWork>,
}

/// Removes `exceeding`, until `stop` is raised. What a training of another program uses stays until the next time, and so does
/// what cannot be removed.
pub fn remove_exceeding(exceeding: &Exceeding, workspace: &Workspace, stop: &StopFlag) -> RetentionOutcome {
    let mut outcome = RetentionOutcome::default();
    for report in going(&exceeding.reports, stop) {
        let removed = report::remove_report(&workspace.reports(), &report.key);
        let removed = removed.map_err(|error| failed(&workspace.reports().join(&report.key), &error));
        outcome.reports += outcome.count(report, removed.map(|()| true));
    }
    for run in going(&exceeding.runs, stop) {
        let (dataset, id) = &run.key;
        let folder = workspace.run(dataset, id);
        let remove = || disk::remove_dir(&folder).map_err(|error| failed(&folder, &error));
        outcome.runs += outcome.count(run, unless_trained(workspace, dataset, &folder, remove));
    }
    for copies in going(&exceeding.copies, stop) {
        let (dataset, folder) = &copies.key;
        let remove = || {
            augment::remove_copies(folder).map_err(|error| FailedWork::of(Work::Retention, folder.display(), &error))
        };
        outcome.copies += outcome.count(copies, unless_trained(workspace, dataset, folder, remove));
    }
    outcome
}

fn going<'a, K>(items: &'a [StoredItem<K>], stop: &StopFlag) -> impl Iterator<Item = &'a StoredItem<K>> {
    items.iter().take_while(|_| !stop.is_raised())
}

/// Removes what lies in `folder`; `false` where another program trains on the dataset.
fn unless_trained(
    workspace: &Workspace,
    dataset: &DatasetName,
    folder: &Path,
    remove: impl FnOnce() -> Result<(), FailedWork>,
) -> Result<bool, FailedWork> {
    match TrainingLock::take(workspace, dataset) {
        Ok(_lock) => remove().map(|()| true),
        Err(DiskError::Training { .. }) => Ok(false),
        Err(error) => Err(failed(folder, &error)),
    }
}

fn failed(path: &Path, error: &DiskError) -> FailedWork {
    FailedWork::of(Work::Retention, path.display(), error)
}

impl RetentionOutcome {
    /// Whether nothing was removed.
    pub fn is_empty(&self) -> bool {
        self.reports + self.runs + self.copies == 0
    }

    /// Notes what became of an item; returns for how many it counts.
    fn count<K>(&mut self, item: &StoredItem<K>, removed: Result<bool, FailedWork>) -> u64 {
        match removed {
            Ok(true) => {
                self.bytes += item.bytes;
                return item.number;
            }
            Ok(false) => {}
            Err(work) => self.failed = Some(work),
        }
        0
    }
}

//! One training of a dataset at a time, also among programs: the service waits for a `gradwatch train` beside it.

use std::time::Duration;

use crossbeam_channel::never;

use crate::disk::{DiskError, TrainingLock, Workspace};

use super::learn::{self, LearnError, LearnJob, Tools};
use super::trained::Trained;

/// Between two attempts to take the lock, and two looks at the stop flag.
const RETRY: Duration = Duration::from_millis(200);

/// As [`learn::learn`], once no other program trains on the dataset.
pub(super) fn learn_alone(job: LearnJob, tools: &Tools<'_>, expanded: &dyn Fn(u64)) -> Result<Trained, LearnError> {
    let _lock = wait_for_lock(&job, tools)?;
    learn::learn(job, tools, expanded)
}

fn wait_for_lock(job: &LearnJob, tools: &Tools<'_>) -> Result<TrainingLock, LearnError> {
    let workspace = Workspace::new(&tools.settings.state_dir);
    let mut reported = false;
    loop {
        match TrainingLock::take(&workspace, &job.dataset) {
            Err(error @ DiskError::Training { .. }) if !reported => {
                tracing::info!("Waiting with the training: {error}.");
                reported = true;
            }
            Err(DiskError::Training { .. }) => {}
            other => return Ok(other?),
        }
        tools.stop.check()?;
        // Whoever holds the lock sends nothing when it ends.
        let _ = never::<()>().recv_timeout(RETRY);
    }
}

//! One training of a dataset at a time, also among programs: the service waits for a `gradwatch train` beside it.

use std::time::Duration;

use crossbeam_channel::never;

use crate::disk::{DiskError, TrainingLock, Workspace};

use super::error::WorkflowError;
use super::finished_training::FinishedTraining;
use super::training;
use super::training_plan::{TrainingContext, TrainingPlan};

/// Between two attempts to take the lock, and two looks at the stop flag.
const RETRY: Duration = Duration::from_millis(200);

/// As [`train_model`](training::train_model), once no other program trains on the dataset.
pub fn train_exclusively(
    plan: TrainingPlan,
    context: &TrainingContext<'_>,
    expanded: &dyn Fn(u64),
) -> Result<FinishedTraining, WorkflowError> {
    let _lock = wait_for_lock(&plan, context)?;
    training::train_model(plan, context, expanded)
}

fn wait_for_lock(plan: &TrainingPlan, context: &TrainingContext<'_>) -> Result<TrainingLock, WorkflowError> {
    let workspace = Workspace::new(&context.settings.state_dir);
    let mut reported = false;
    loop {
        match TrainingLock::take(&workspace, &plan.dataset) {
            Err(error @ DiskError::Training { .. }) if !reported => {
                tracing::info!(dataset = %plan.dataset, reason = %error, "Waiting for another training of the dataset");
                reported = true;
            }
            Err(DiskError::Training { .. }) => {}
            other => return Ok(other?),
        }
        context.stop.check()?;
        // Whoever holds the lock sends nothing when it ends.
        let _ = never::<()>().recv_timeout(RETRY);
    }
}

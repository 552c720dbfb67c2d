//! What exceeds the limits of the retention: it is looked for now and then when nothing else is to be done, recorded, and
//! removed. It is hastened when a disk refuses something. No scan is explained and nothing is trained meanwhile.

use std::time::{Duration, Instant};

use crate::service::error::ServiceError;
use crate::service::retry::Task;
use crate::service::training_worker::TrainingTask;
use crate::workflow::{Exceeding, FailedWork, RetentionOutcome};

use super::{Conductor, time_of_day};

/// Limits are in days or gibibytes, and a look at 100,000 reports takes seconds of a disk.
const RETENTION_EVERY: Duration = Duration::from_secs(3600);

impl Conductor {
    /// Looks what exceeds the limits, if it is time and no other work is under way or waits.
    pub(super) fn retain_when_idle(&mut self) -> Result<(), ServiceError> {
        if self.settings.retention.is_off() || !self.is_retention_due() {
            return Ok(());
        }
        if self.is_at_rest() && self.no_training_begins() && !self.is_stuck() {
            self.next_retention = Instant::now() + RETENTION_EVERY;
            self.training.start_retention()?;
            self.workers.training.give(TrainingTask::FindExceeding(Box::new(self.ledger().clone())));
        }
        Ok(())
    }

    /// Whether none waits but for its hours.
    fn no_training_begins(&self) -> bool {
        self.trigger.is_empty() || self.trigger.waits_for_hours(Instant::now(), time_of_day()).is_some()
    }

    /// Has it looked soon, whenever it was last: a disk refused something, and may be full.
    pub(super) fn hasten_retention(&mut self) {
        self.next_retention = self.next_retention.min(Instant::now());
    }

    fn is_retention_due(&self) -> bool {
        let now = Instant::now();
        let failed = self.failed.has_failed(&Task::Retention);
        if failed { !self.failed.holds(&Task::Retention, now) } else { self.next_retention <= now }
    }

    /// It was looked: that it goes is recorded first.
    pub(super) fn found_exceeding(&mut self, found: Result<Exceeding, FailedWork>) -> Result<(), ServiceError> {
        let mut exceeding = match found {
            Ok(exceeding) => exceeding,
            Err(work) => return self.retained(RetentionOutcome { failed: Some(work), ..RetentionOutcome::default() }),
        };
        let events = exceeding.record(self.ledger(), self.settings.clock);
        if exceeding.is_empty() {
            return self.retained(RetentionOutcome::default());
        }
        self.exceeding = Some(exceeding);
        self.commit(events)?;
        self.remove_recorded();
        Ok(())
    }

    /// Has what exceeds the limits removed, once that is recorded.
    pub(super) fn remove_recorded(&mut self) {
        if self.is_stuck() {
            return;
        }
        if let Some(exceeding) = self.exceeding.take() {
            self.workers.training.give(TrainingTask::RemoveExceeding(Box::new(exceeding)));
        }
    }

    /// It was removed, or not.
    pub(super) fn retained(&mut self, outcome: RetentionOutcome) -> Result<(), ServiceError> {
        self.training.finish_retention()?;
        if !outcome.is_empty() {
            let RetentionOutcome { reports, runs, copies, bytes, .. } = outcome;
            tracing::info!(reports, runs, copies, bytes, "Removed as configured in [retention]");
            self.gallery.look_again();
        }
        match outcome.failed {
            None => self.failed.clear(&Task::Retention, Instant::now()),
            Some(work) => self.fail(Task::Retention, work, true),
        }
        Ok(())
    }

    /// The worker panicked meanwhile.
    pub(super) fn lose_retention(&mut self) -> String {
        self.exceeding = None;
        self.workspace.root().display().to_string()
    }
}

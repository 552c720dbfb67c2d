//! Jobs are named in the attempt log before they begin, so that one that ends the program is found out and set aside.

use std::time::Instant;

use crate::disk::DiskError;
use crate::domain::Arrival;
use crate::privacy::shown;
use crate::registry::RegistryError;
use crate::service::attempts::{AttemptSlot, Attempted, MAX_CRASHES};
use crate::service::error::ServiceError;
use crate::service::retry::Task;
use crate::workflow::{FailedWork, Fault, Work};

use super::Conductor;

impl Conductor {
    /// Files settled, or are gone.
    pub(super) fn arrived(&mut self, arrivals: Vec<Arrival>) {
        let attempts = self.attempts.attempts();
        self.intake.add(arrivals, |arrival| file(arrival).is_some_and(|file| attempts.is_suspect(&file)));
    }

    /// Names a job before it begins. `false`: not now, because a suspect is being tried, or the log cannot be written.
    pub(super) fn begin(&mut self, slot: AttemptSlot, of: Vec<Attempted>) -> Result<bool, ServiceError> {
        let now = Instant::now();
        if self.failed.holds(&Task::Attempts, now) || !self.attempts.attempts().may_begin(slot, &of) {
            return Ok(false);
        }
        match self.attempts.begin(slot, of) {
            Ok(()) => self.failed.clear(&Task::Attempts, now),
            Err(error) => {
                self.note_unwritten(error)?;
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether jobs wait because the log cannot be written.
    pub(super) fn cannot_begin(&self) -> bool {
        self.failed.has_failed(&Task::Attempts)
    }

    /// A job panicked. Returns whether what it was on is set aside now.
    pub(super) fn note_panic(&mut self, slot: AttemptSlot) -> Result<bool, ServiceError> {
        let n_before = self.attempts.attempts().set_aside().count();
        if let Err(error) = self.attempts.panicked(slot) {
            self.note_unwritten(error)?;
        }
        Ok(self.attempts.attempts().set_aside().count() > n_before)
    }

    /// The files in hand are lost to a panic: they are tried one by one at once. Returns whether one is given up: what cannot
    /// even be quarantined, or is gone already.
    pub(super) fn lose_files(&mut self, was_set_aside: bool) -> bool {
        self.intake.lose_batch(|arrival| was_set_aside || file(arrival).is_none())
    }

    /// Whether what a worker is on was set aside before.
    pub(super) fn is_on_set_aside(&self, slot: AttemptSlot) -> bool {
        let attempts = self.attempts.attempts();
        attempts.under_way(slot).iter().any(|of| attempts.is_set_aside(of))
    }

    /// Writes down what has ended, where no next job did.
    pub(super) fn settle_attempts(&mut self) -> Result<(), ServiceError> {
        let now = Instant::now();
        if !self.attempts.has_ended() || self.failed.holds(&Task::Attempts, now) {
            return Ok(());
        }
        match self.attempts.settle() {
            Ok(()) => self.failed.clear(&Task::Attempts, now),
            Err(error) => self.note_unwritten(error)?,
        }
        Ok(())
    }

    /// What is under way at an orderly end does not end the program.
    pub(in crate::service) fn close_attempts(&mut self) {
        if let Err(error) = self.attempts.close() {
            tracing::warn!(%error, "Attempt log not closed; what was under way is tried one by one at the next start");
        }
    }

    /// Another model may explain what the last one could not, but for what ended the program.
    pub(super) fn release_scans(&mut self) {
        self.failed.release_scans();
        self.name_set_aside();
    }

    /// Scans and the gallery that ended the program too often are failures from the start.
    pub(super) fn name_set_aside(&mut self) {
        let set_aside: Vec<Attempted> = self.attempts.attempts().set_aside().cloned().collect();
        for attempted in set_aside {
            match attempted {
                Attempted::Scan { dataset, hash } => {
                    let key = (dataset, hash);
                    let path = self.ledger().scans.get(&key).map(|scan| shown(&scan.path));
                    self.set_aside(Task::Scan(key), Work::Scan, &path.unwrap_or_default());
                }
                Attempted::Gallery => {
                    let reports = self.workspace.reports().display().to_string();
                    self.set_aside(Task::Gallery, Work::Gallery, &reports);
                }
                // The one is quarantined when it arrives, the other refused when it is due.
                Attempted::File { .. } | Attempted::Training { .. } => {}
            }
        }
    }

    /// Work that ended the program too often: it is not tried again by itself.
    pub(super) fn set_aside(&mut self, task: Task, what: Work, place: &str) {
        let remedy = match what {
            Work::Scan => "replace the file",
            Work::Training => {
                "change its images or settings, or stop the service and try once more with `gradwatch run --once`"
            }
            _ => "update gradwatch",
        };
        let message =
            format!("it ended the program {MAX_CRASHES} times; {remedy}, and please report it with the log messages");
        self.fail(task, FailedWork::new(what, place, Fault::Program, message), false);
    }

    /// The service tries again; `run --once` ends.
    fn note_unwritten(&mut self, error: DiskError) -> Result<(), ServiceError> {
        if self.is_once() {
            return Err(RegistryError::from(error).into());
        }
        let work = FailedWork::new(Work::Record, self.workspace.attempts().display(), Fault::Io, error);
        self.fail(Task::Attempts, work, true);
        Ok(())
    }
}

/// The file to be read, if the arrival is one.
pub(super) fn file(arrival: &Arrival) -> Option<Attempted> {
    match arrival {
        Arrival::Settled { path, stamp, .. } => Some(Attempted::File { path: path.clone(), stamp: *stamp }),
        Arrival::Gone { .. } => None,
    }
}

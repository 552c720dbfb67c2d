//! What the conductor commits to the registry, and what it does while the disk is too full to take it: nothing else is
//! decided until it does, because every decision rests on what was recorded before.

use std::io;
use std::time::Instant;

use crate::disk::DiskError;
use crate::domain::{Counter, LedgerEvent};
use crate::registry::RegistryError;

use super::DaemonError;
use super::conductor::Conductor;
use super::event::Event;
use super::failed_work::{FailedWork, Work};
use super::fault::Fault;
use super::retry::Task;

impl Conductor {
    /// Commits `events`. A service whose disk is full keeps them, and commits them before anything else.
    pub(super) fn commit(&mut self, events: Vec<LedgerEvent>) -> Result<(), DaemonError> {
        self.unrecorded.extend(events);
        if self.is_stuck() { Ok(()) } else { self.record() }
    }

    /// Whether events wait for the disk.
    pub(super) fn is_stuck(&self) -> bool {
        self.failed.has_failed(&Task::Record)
    }

    /// Brings the counter of forwards up to what the engine says.
    pub(super) fn count_forwards(&mut self) -> Result<(), DaemonError> {
        let Some(engine) = self.engine.started() else { return Ok(()) };
        let n = engine.n_forwarded() - self.n_forwarded_counted;
        if n == 0 {
            return Ok(());
        }
        self.n_forwarded_counted += n;
        self.commit(vec![LedgerEvent::Counted { counter: Counter::ImagesForwarded, n }])
    }

    /// Puts off what happened until the events before it are recorded; gives back what can be dealt with.
    pub(super) fn put_off(&mut self, event: Event) -> Option<Event> {
        let needs_no_record = matches!(event, Event::Asked(_) | Event::StopRequested | Event::WorkerPanicked(_));
        if !self.is_stuck() || needs_no_record {
            return Some(event);
        }
        self.unheard.push_back(event);
        None
    }

    /// Commits what waits, if it is time to try, and goes on with what happened meanwhile.
    pub(super) fn record_again(&mut self) -> Result<(), DaemonError> {
        if self.is_stuck() && !self.failed.holds(&Task::Record, Instant::now()) {
            self.record()?;
            self.catch_up()?;
        }
        Ok(())
    }

    /// The last try, at the end.
    pub(super) fn record_rest(&mut self) -> Result<(), DaemonError> {
        if self.is_stuck() {
            self.registry.commit(&self.unrecorded)?;
            self.recorded();
            self.catch_up()?;
            self.registry.commit(&self.unrecorded)?;
        }
        Ok(())
    }

    fn record(&mut self) -> Result<(), DaemonError> {
        match self.registry.commit(&self.unrecorded) {
            Ok(()) => self.recorded(),
            Err(RegistryError::Disk(error)) if self.watcher.is_some() && is_full(&error) => {
                let work = FailedWork::new(Work::Record, self.workspace.journal().display(), Fault::Io, &error);
                self.fail(Task::Record, work, true);
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    fn recorded(&mut self) {
        self.unrecorded.clear();
        self.failed.clear(&Task::Record, Instant::now());
    }

    fn catch_up(&mut self) -> Result<(), DaemonError> {
        while !self.is_stuck()
            && let Some(event) = self.unheard.pop_front()
        {
            self.hear(event)?;
        }
        Ok(())
    }
}

/// A write that fails so leaves nothing behind, and may be tried again in the same process.
fn is_full(error: &DiskError) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error, DiskError::Io { source, doing: "append to", .. } if matches!(source.kind(), StorageFull | QuotaExceeded | FileTooLarge))
}

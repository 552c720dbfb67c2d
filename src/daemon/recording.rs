//! What the conductor commits to the registry, and what it does while that takes long or the disk is too full: nothing else is
//! decided until it is done, because every decision rests on what was recorded before.

use std::collections::VecDeque;
use std::io;
use std::time::Instant;

use crate::disk::DiskError;
use crate::domain::{Counter, LedgerEvent};
use crate::registry::RegistryError;

use super::DaemonError;
use super::conductor::Conductor;
use super::control::Question;
use super::event::Event;
use super::failed_work::{FailedWork, Work};
use super::fault::Fault;
use super::recorder::Recorded;
use super::retry::Task;

impl Conductor {
    /// Commits `events`, after those that wait. A service whose disk is full keeps them, and commits them before anything else.
    pub(super) fn commit(&mut self, events: Vec<LedgerEvent>) -> Result<(), DaemonError> {
        self.unrecorded.extend(events);
        if self.is_stuck() { Ok(()) } else { self.record() }
    }

    /// Whether nothing can be recorded now, and so nothing be decided.
    pub(super) fn is_stuck(&self) -> bool {
        self.registry.is_away() || self.is_full()
    }

    /// Whether events wait for the disk.
    pub(super) fn is_full(&self) -> bool {
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
        let needs_no_record = match &event {
            // While the disk is full it is refused; what is being recorded takes moments.
            Event::Asked(request) => self.is_full() || matches!(request.question, Question::Models { .. }),
            Event::Recorded(_) | Event::StopRequested | Event::WorkerPanicked(_) => true,
            _ => false,
        };
        if !self.is_stuck() || needs_no_record {
            return Some(event);
        }
        self.unheard.push_back(event);
        None
    }

    /// Commits what waits, if it is time to try, and goes on with what happened meanwhile.
    pub(super) fn record_again(&mut self) -> Result<(), DaemonError> {
        if self.is_full() && !self.registry.is_away() && !self.failed.holds(&Task::Record, Instant::now()) {
            self.record()?;
            self.catch_up()?;
        }
        Ok(())
    }

    /// The last try, at the end.
    pub(super) fn record_rest(&mut self) -> Result<(), DaemonError> {
        while !self.unrecorded.is_empty() {
            let events = std::mem::take(&mut self.unrecorded);
            let Some(recorded) = self.registry.commit_at_once(events) else { break };
            self.registry.take_back(recorded).1?;
            self.failed.clear(&Task::Record, Instant::now());
            self.catch_up()?;
        }
        Ok(())
    }

    fn record(&mut self) -> Result<(), DaemonError> {
        let events = std::mem::take(&mut self.unrecorded);
        // At the end there is nobody left to answer meanwhile.
        let at_once = self.stop.is_raised();
        let done = if at_once { self.registry.commit_at_once(events) } else { self.registry.commit(events) };
        done.map_or(Ok(()), |recorded| self.recorded(recorded))
    }

    /// Events were recorded, or a full disk did not take them.
    pub(super) fn recorded(&mut self, recorded: Recorded) -> Result<(), DaemonError> {
        let (events, outcome) = self.registry.take_back(recorded);
        match outcome {
            Ok(()) => self.failed.clear(&Task::Record, Instant::now()),
            Err(RegistryError::Disk(error)) if self.watcher.is_some() && tells_of_a_full_disk(&error) => {
                self.unrecorded.splice(0..0, events);
                let work = FailedWork::new(Work::Record, self.workspace.journal().display(), Fault::Io, &error);
                self.fail(Task::Record, work, true);
                self.refuse_questions()?;
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Who asked while events were being recorded is told that the disk is full, and does not find it done much later.
    fn refuse_questions(&mut self) -> Result<(), DaemonError> {
        let is_question = |event: &Event| matches!(event, Event::Asked(_));
        let (questions, others): (VecDeque<_>, _) = self.unheard.drain(..).partition(is_question);
        self.unheard = others;
        questions.into_iter().try_for_each(|event| self.hear(event))
    }

    /// Goes on with what waited for events to be recorded.
    pub(super) fn catch_up(&mut self) -> Result<(), DaemonError> {
        while !self.is_stuck() {
            if !self.unrecorded.is_empty() {
                self.record()?;
            } else if let Some(event) = self.unheard.pop_front() {
                self.hear(event)?;
            } else {
                break;
            }
        }
        Ok(())
    }
}

/// A write that fails so leaves nothing behind, and may be tried again in the same process.
fn tells_of_a_full_disk(error: &DiskError) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error, DiskError::Io { source, doing: "append to", .. } if matches!(source.kind(), StorageFull | QuotaExceeded | FileTooLarge))
}

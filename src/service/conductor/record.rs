//! What the conductor commits to the registry, and what it does while that takes long or the disk refuses it: nothing else is
//! decided until it is done, because every decision rests on what was recorded before.

use std::collections::VecDeque;
use std::time::Instant;

use crate::domain::{Counter, LedgerEvent};
use crate::registry::RegistryError;
use crate::service::commit::Commit;
use crate::service::control::{Answer, Question};
use crate::service::error::ServiceError;
use crate::service::event::Event;
use crate::service::retry::Task;
use crate::workflow::{FailedWork, Fault, Work};

use super::Conductor;

impl Conductor {
    /// Commits `events`, after those that wait. A service whose disk refuses keeps them, and commits them before anything else.
    pub(super) fn commit(&mut self, events: Vec<LedgerEvent>) -> Result<(), ServiceError> {
        self.unrecorded.extend(events);
        if self.is_stuck() { Ok(()) } else { self.record() }
    }

    /// Commits what a person asks for, whole and before it is answered. What the disk refuses is kept by nobody.
    pub(super) fn record_now(&mut self, events: Vec<LedgerEvent>) -> Result<Result<(), Answer>, ServiceError> {
        let Some(commit) = self.registry.commit_at_once(events) else { return Err(RegistryError::Behind.into()) };
        let (events, outcome) = self.registry.take_back(commit);
        match outcome {
            Ok(()) => {
                self.note_recorded(&events);
                Ok(Ok(()))
            }
            Err(RegistryError::Disk(error)) => {
                let work = FailedWork::new(Work::Record, self.workspace.journal().display(), Fault::Io, error);
                work.warn();
                Ok(Err(Answer::refused(Fault::Io, format!("nothing was recorded: {work}; then try again"))))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Whether nothing can be recorded now, and so nothing be decided.
    pub(super) fn is_stuck(&self) -> bool {
        self.registry.is_away() || self.is_refused()
    }

    /// Whether events wait for the disk.
    pub(super) fn is_refused(&self) -> bool {
        self.failed.has_failed(&Task::Record)
    }

    /// Brings the counter of forwards up to what the engines say.
    pub(super) fn count_forwards(&mut self) -> Result<(), ServiceError> {
        let Some(n_forwarded) = self.engines.n_forwarded() else { return Ok(()) };
        let n = n_forwarded - self.n_forwarded_counted;
        if n == 0 {
            return Ok(());
        }
        self.n_forwarded_counted += n;
        self.commit(vec![LedgerEvent::Counted { counter: Counter::ImagesForwarded, n }])
    }

    /// Keeps what happened until the events before it are recorded; returns what can be handled now.
    pub(super) fn defer(&mut self, event: Event) -> Option<Event> {
        let needs_no_record = match &event {
            // While the disk refuses, so does the service; what is being recorded takes moments.
            Event::Asked(request) => {
                self.is_refused() || matches!(request.question, Question::Models { .. } | Question::Status)
            }
            Event::Recorded(_) | Event::StopRequested | Event::WorkerPanicked(_) => true,
            _ => false,
        };
        if !self.is_stuck() || needs_no_record {
            return Some(event);
        }
        self.deferred.push_back(event);
        None
    }

    /// Commits what waits, if it is time to try, and goes on with what happened meanwhile.
    pub(super) fn record_again(&mut self) -> Result<(), ServiceError> {
        if self.is_refused() && !self.registry.is_away() && !self.failed.holds(&Task::Record, Instant::now()) {
            self.record()?;
            self.catch_up()?;
        }
        Ok(())
    }

    /// The last try, at the end.
    pub(super) fn record_rest(&mut self) -> Result<(), ServiceError> {
        while !self.unrecorded.is_empty() {
            let events = std::mem::take(&mut self.unrecorded);
            let Some(commit) = self.registry.commit_at_once(events) else { break };
            self.registry.take_back(commit).1?;
            self.failed.clear(&Task::Record, Instant::now());
            self.catch_up()?;
        }
        Ok(())
    }

    fn record(&mut self) -> Result<(), ServiceError> {
        let events = std::mem::take(&mut self.unrecorded);
        // At the end there is nobody left to answer meanwhile.
        let at_once = self.stop.is_raised();
        let done = if at_once { self.registry.commit_at_once(events) } else { self.registry.commit(events) };
        done.map_or(Ok(()), |commit| self.take_back(commit))
    }

    /// The thread has recorded a large commit, or not: what waited for it goes on.
    pub(super) fn committed(&mut self, commit: Commit) -> Result<(), ServiceError> {
        self.take_back(commit)?;
        self.train_prepared()?;
        self.catch_up()
    }

    /// Events were recorded, or the journal could not take them. What sled refuses ends this life of the service: they are recorded.
    fn take_back(&mut self, commit: Commit) -> Result<(), ServiceError> {
        let (events, outcome) = self.registry.take_back(commit);
        match outcome {
            Ok(()) => {
                self.note_recorded(&events);
                self.failed.clear(&Task::Record, Instant::now());
            }
            Err(RegistryError::Disk(error)) if !self.is_once() => {
                self.unrecorded.splice(0..0, events);
                let work = FailedWork::new(Work::Record, self.workspace.journal().display(), Fault::Io, &error);
                self.fail(Task::Record, work, true);
                self.refuse_questions()?;
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// What is drawn from the records is made anew where these events change it.
    pub(super) fn note_recorded(&mut self, events: &[LedgerEvent]) {
        self.gallery.note(events);
        self.again.note(events);
    }

    /// A question that came while events were being recorded is refused because the disk refuses: it must not be done much later.
    fn refuse_questions(&mut self) -> Result<(), ServiceError> {
        let is_question = |event: &Event| matches!(event, Event::Asked(_));
        let (questions, others): (VecDeque<_>, _) = self.deferred.drain(..).partition(is_question);
        self.deferred = others;
        questions.into_iter().try_for_each(|event| self.receive(event))
    }

    /// Goes on with what waited for events to be recorded.
    fn catch_up(&mut self) -> Result<(), ServiceError> {
        while !self.is_stuck() {
            if !self.unrecorded.is_empty() {
                self.record()?;
            } else if let Some(event) = self.deferred.pop_front() {
                self.receive(event)?;
            } else {
                break;
            }
        }
        Ok(())
    }
}

//! The registry as the conductor has it: what is known can be read at any time, and what takes long to record is recorded on a
//! thread of its own.

use std::io;

use crossbeam_channel::Sender;

use crate::disk::Workspace;
use crate::domain::{Ledger, LedgerEvent};
use crate::registry::{Registry, RegistryError};

use super::commit::Commit;
use super::event::{Event, WorkerRole};
use super::worker::Worker;

/// So many events take milliseconds on a disk that is not slow; more are recorded on the thread.
const AT_ONCE: usize = 16;

/// The registry, here or with the thread.
pub(super) struct Recorder {
    /// `None` while the thread has it.
    registry: Option<Registry>,
    /// As of the last commit.
    ledger: Ledger,
    worker: Worker<(Registry, Vec<LedgerEvent>)>,
}

impl Recorder {
    /// Starts the thread.
    pub(super) fn start(registry: Registry, events: &Sender<Event>) -> io::Result<Self> {
        let work = |(registry, events)| Event::Recorded(Box::new(Commit::new(registry, events)));
        let worker = Worker::spawn(WorkerRole::Record, events.clone(), work)?;
        Ok(Self { ledger: registry.ledger().clone(), registry: Some(registry), worker })
    }

    pub(super) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Whether the thread has it. Nothing can be committed meanwhile.
    pub(super) fn is_away(&self) -> bool {
        self.registry.is_none()
    }

    /// Commits a few events at once. More are given to the thread, and [`Event::Recorded`] reports when that is done.
    pub(super) fn commit(&mut self, events: Vec<LedgerEvent>) -> Option<Commit> {
        let registry = self.registry.take()?;
        if events.len() <= AT_ONCE {
            return Some(Commit::new(registry, events));
        }
        self.worker.give((registry, events));
        None
    }

    /// Commits any number of events at once.
    pub(super) fn commit_at_once(&mut self, events: Vec<LedgerEvent>) -> Option<Commit> {
        Some(Commit::new(self.registry.take()?, events))
    }

    /// Commits `events` in a registry that is written anew, so that nothing says what was recorded before.
    ///
    /// # Errors
    /// As [`Registry::erase`]; [`RegistryError::Behind`] while the thread has the registry.
    pub(super) fn erase(&mut self, workspace: &Workspace, events: &[LedgerEvent]) -> Result<(), RegistryError> {
        let registry = self.registry.as_mut().ok_or(RegistryError::Behind)?;
        registry.erase(workspace, events)?;
        self.ledger = registry.ledger().clone();
        Ok(())
    }

    /// Has the registry again; the events, and what came of them.
    pub(super) fn take_back(&mut self, commit: Commit) -> (Vec<LedgerEvent>, Result<(), RegistryError>) {
        let Commit { registry, events, outcome } = commit;
        self.ledger = registry.ledger().clone();
        self.registry = Some(registry);
        (events, outcome)
    }
}

#[cfg(test)]
mod tests {
    use crossbeam_channel::unbounded;

    use super::*;
    use crate::domain::{Clock, Counter};

    #[test]
    fn few_events_are_recorded_at_once_and_many_beside_what_can_still_be_read() {
        let dir = tempfile::tempdir().unwrap();
        let registry = Registry::open(&Workspace::new(dir.path().join("state")), Clock::System).unwrap();
        let (events, heard) = unbounded();
        let mut kept = Recorder::start(registry, &events).unwrap();
        let forwards = |n| vec![LedgerEvent::Counted { counter: Counter::ImagesForwarded, n: 1 }; n];
        let recorded = kept.commit(forwards(AT_ONCE)).unwrap();
        assert!(kept.take_back(recorded).1.is_ok() && !kept.is_away());
        assert_eq!(kept.ledger().counters[Counter::ImagesForwarded], 16);
        assert!(kept.commit(forwards(AT_ONCE + 1)).is_none() && kept.is_away());
        assert_eq!(kept.ledger().counters[Counter::ImagesForwarded], 16, "as of the last commit");
        let Ok(Event::Recorded(recorded)) = heard.recv() else { panic!("not reported") };
        let (events, outcome) = kept.take_back(*recorded);
        assert!(outcome.is_ok() && events.len() == 17 && !kept.is_away());
        assert_eq!(kept.ledger().counters[Counter::ImagesForwarded], 33);
    }
}

//! What the program knows, kept: an append-only journal first, sled behind it, the folded [`Ledger`] in memory.
//!
//! The only room that names sled. sled 0.34.7 can refuse to open after one kill at the wrong moment, and can lose keys
//! silently; so the journal line is the commit, and sled is a second copy that is checked at every start. Whatever is damaged
//! is renamed and made again from what is whole. It does not depend on what the records are for.

mod erasure;
mod error;
mod flush;
mod inventory;
mod journal;
mod last_handle;
mod reconcile;
mod records;
mod recount;
mod recover;
mod repair;
mod repairs;
mod store;

pub use error::RegistryError;
pub use last_handle::is_in_sled;
pub use repairs::Repair;

use crate::disk::{InstanceLock, Workspace};
use crate::domain::{Clock, Ledger, LedgerEvent};

use journal::Journal;
use reconcile::Truth;
use repairs::Repairs;
use store::Store;

/// What is known of the journal's last line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JournalEnd {
    /// What can be read is on the disk.
    Known,
    /// A sync failed in this process, after which the system may show what the disk does not hold.
    InDoubt,
}

/// The registry of one state folder; one a folder at a time.
#[derive(Debug)]
pub struct Registry {
    ledger: Ledger,
    journal: Journal,
    /// `None` where an erasure has removed the old database and could not make the new one.
    store: Option<Store>,
    repairs: Repairs,
    /// sled did not take what the journal has: nothing more is committed, the next opening brings it up.
    behind: bool,
    /// Dropped last, when nothing is written any more.
    _lock: InstanceLock,
}

impl Registry {
    /// Takes the state folder's lock and opens what is there, repairing what is damaged; an empty folder is an empty
    /// registry. Each step of a repair is logged once, and listed by [`Self::repairs`]; `clock` dates what is found again.
    ///
    /// # Errors
    /// [`RegistryError::Locked`] when another gradwatch works here; [`RegistryError::NewerSchema`] when a newer one did;
    /// [`RegistryError::OldLayout`] when an older one did and the journal lacks some of it; [`RegistryError::Unknown`] for a
    /// journal line that only another version can read; [`RegistryError::Disk`] and [`RegistryError::Store`] when the disk refuses.
    pub fn open(workspace: &Workspace, clock: Clock) -> Result<Self, RegistryError> {
        Self::open_locked(InstanceLock::take(workspace.root())?, workspace, clock, JournalEnd::Known)
    }

    /// The same for who holds the state folder's lock already. A journal whose end is in doubt is written anew, in a new file.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_locked(
        lock: InstanceLock,
        workspace: &Workspace,
        clock: Clock,
        end: JournalEnd,
    ) -> Result<Self, RegistryError> {
        let mut repairs = Repairs::default();
        let contents = journal::read(&workspace.journal(), &mut repairs)?;
        let (store, found) = repair::open_store(&workspace.registry(), &mut repairs)?;
        let truth = reconcile::reconcile(workspace, clock, &contents, found, &mut repairs)?;
        if !truth.journal_is_good {
            journal::rewrite(&workspace.journal(), &truth.ledger, truth.seq, &mut repairs)?;
        }
        let store = reconcile::bring_up(store, &truth, &mut repairs)?;
        if end == JournalEnd::InDoubt && truth.seq > 0 {
            journal::compact(&workspace.journal(), &truth.ledger, truth.seq)?;
        } else if truth.journal_is_good && contents.is_outgrown(&truth.ledger) {
            compact(workspace, &truth);
        }
        let journal = Journal::open(&workspace.journal(), truth.seq)?;
        Ok(Self { ledger: truth.ledger, journal, store: Some(store), repairs, behind: false, _lock: lock })
    }

    /// Everything known, as of the last commit.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Commits `events`: all of them or none, and on the disk when this returns.
    ///
    /// # Errors
    /// [`RegistryError::Disk`] when the journal cannot be written: nothing is committed, and it may be tried again.
    /// [`RegistryError::Unsynced`] when nobody knows whether it is committed: open anew, with [`JournalEnd::InDoubt`].
    /// [`RegistryError::Store`] when sled fails after the journal was written: committed, but open anew, which brings sled
    /// up. Every later call then answers [`RegistryError::Behind`].
    pub fn commit(&mut self, events: impl AsRef<[LedgerEvent]>) -> Result<(), RegistryError> {
        let events = events.as_ref();
        if self.behind {
            return Err(RegistryError::Behind);
        }
        if events.is_empty() {
            return Ok(());
        }
        let seq = self.journal.append(events)?;
        for event in events {
            self.ledger.apply(event);
        }
        let stored = records::records(events, &self.ledger).and_then(|records| match &mut self.store {
            Some(store) => store.write(&records, seq),
            None => Err(RegistryError::Behind),
        });
        self.behind = stored.is_err();
        stored
    }

    /// What had to be repaired when this registry was opened, in order; empty after a clean end.
    pub fn repairs(&self) -> &[Repair] {
        self.repairs.steps()
    }
}

/// Housekeeping: a journal that stays as it is states the same, only at greater length.
fn compact(workspace: &Workspace, truth: &Truth) {
    match journal::compact(&workspace.journal(), &truth.ledger, truth.seq) {
        Ok(()) => tracing::info!("Journal compacted"),
        Err(error) => {
            tracing::warn!(%error, "Journal not compacted; the next start tries again");
        }
    }
}

#[cfg(test)]
mod tests;

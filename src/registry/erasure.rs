//! A registry written anew, so that nothing on the disk says what was recorded before.

use std::path::{Path, PathBuf};

use crate::disk::{self, Workspace};
use crate::domain::LedgerEvent;

use super::journal::{self, Journal};
use super::store::Store;
use super::{Registry, RegistryError, records};

impl Registry {
    /// Commits `events` in a journal and a database that are made anew, and removes what stood there, with all that was
    /// renamed as damaged. A kill at any moment leaves the journal as it was, with everything in it, or the new one, from
    /// which the next start makes the database again.
    ///
    /// # Errors
    /// [`RegistryError::Disk`] when the journal cannot be written: nothing is committed, and it may be tried again.
    /// [`RegistryError::Store`] when sled fails: every later call then answers [`RegistryError::Behind`], and the next start
    /// brings sled up.
    pub fn erase(&mut self, workspace: &Workspace, events: &[LedgerEvent]) -> Result<(), RegistryError> {
        if self.behind {
            return Err(RegistryError::Behind);
        }
        remove_broken(workspace)?;
        self.behind = true;
        // First, so that no start finds a database older than the journal, which it would keep under another name.
        self.store.take().map_or(Ok(()), Store::remove)?;
        let written = self.write_journal_anew(workspace, events);
        let all = records::records(&records::restate(&self.ledger), &self.ledger)?;
        self.store = Some(Store::make(&workspace.registry(), &all, self.journal.seq())?);
        self.behind = false;
        written
    }

    fn write_journal_anew(&mut self, workspace: &Workspace, events: &[LedgerEvent]) -> Result<(), RegistryError> {
        let mut ledger = self.ledger.clone();
        for event in events {
            ledger.apply(event);
        }
        let (path, seq) = (workspace.journal(), self.journal.seq() + 1);
        journal::compact(&path, &ledger, seq)?;
        self.journal = Journal::open(&path, seq)?;
        self.ledger = ledger;
        Ok(())
    }
}

/// Removes what repairs renamed: journals and databases of the past.
fn remove_broken(workspace: &Workspace) -> Result<(), RegistryError> {
    for kept in [workspace.journal(), workspace.registry()] {
        for path in broken(&kept) {
            if path.is_dir() { disk::remove_dir(&path)? } else { disk::remove_file(&path)? }
        }
    }
    Ok(())
}

/// What [`disk::rename_broken`] made of `kept`.
fn broken(kept: &Path) -> impl Iterator<Item = PathBuf> {
    let folder = kept.parent().unwrap_or(Path::new("."));
    let prefix = format!("{}.broken-", kept.file_name().unwrap_or_default().to_string_lossy());
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    entries.filter(move |entry| entry.file_name().to_string_lossy().starts_with(&prefix)).map(|entry| entry.path())
}

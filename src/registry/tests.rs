//! The registry as its users see it: what was committed is there afterwards, whatever happened to the files.

mod compaction;
mod damage;
mod erasure;
mod events;
mod fold;
mod upgrade;

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::disk::{InstanceLock, Workspace};
use crate::domain::{Clock, Ledger, LedgerEvent};

use super::{JournalEnd, Registry, RegistryError, Repair, store};

/// A state folder of its own.
struct Bench {
    _dir: tempfile::TempDir,
    workspace: Workspace,
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let workspace = Workspace::new(dir.path().join("state"));
        Self { _dir: dir, workspace }
    }

    /// A state folder in which `commits` were committed and the program then ended; and what it knew.
    fn after(commits: &[Vec<LedgerEvent>]) -> (Self, Ledger) {
        let bench = Self::new();
        let mut registry = bench.open();
        for events in commits {
            registry.commit(events.clone()).unwrap();
        }
        let ledger = registry.ledger().clone();
        (bench, ledger)
    }

    fn open(&self) -> Registry {
        Registry::open(&self.workspace, Clock::System).unwrap()
    }

    /// Opens, compares, and returns what had to be repaired; a second opening finds nothing left to repair.
    fn reopen(&self, expected: &Ledger) -> Vec<Repair> {
        let registry = self.open();
        assert_eq!(registry.ledger(), expected);
        let repairs = registry.repairs().to_vec();
        drop(registry);
        let again = self.open();
        assert_eq!(again.ledger(), expected);
        assert_eq!(again.repairs(), [], "after {repairs:?}");
        repairs
    }

    /// The whole state folder as it was when the program was killed.
    fn copied(&self) -> Self {
        let copy = Self::new();
        for entry in walkdir::WalkDir::new(self.workspace.root()).into_iter().map(Result::unwrap) {
            let to = copy.workspace.root().join(entry.path().strip_prefix(self.workspace.root()).unwrap());
            if entry.file_type().is_dir() {
                std::fs::create_dir_all(to).unwrap();
            } else {
                std::fs::copy(entry.path(), to).unwrap();
            }
        }
        copy
    }

    /// The database itself, behind the registry's back.
    fn database(&self) -> sled::Db {
        store::connect(&self.workspace.registry()).unwrap()
    }

    fn sled(&self, file: &str) -> PathBuf {
        self.workspace.registry().join(file)
    }
}

/// Reads `path`, lets `change` at its bytes and writes it back.
fn edit(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = std::fs::read(path).unwrap();
    change(&mut bytes);
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn an_empty_folder_is_an_empty_registry() {
    let bench = Bench::new();
    assert_eq!(bench.reopen(&Ledger::default()), []);
}

#[test]
fn what_was_committed_is_there_after_reopening() {
    let (bench, ledger) = Bench::after(&events::a_life());
    assert_eq!(ledger.best_model(&events::dataset()).unwrap().run_id.as_str(), "0002-beef");
    assert_eq!(ledger.decisions.len(), 2);
    assert_eq!(bench.reopen(&ledger), []);
}

#[test]
fn a_second_opener_is_refused_with_the_first_ones_pid() {
    let bench = Bench::new();
    let first = bench.open();
    let error = Registry::open(&bench.workspace, Clock::System).unwrap_err();
    assert!(matches!(error, RegistryError::Locked(_)), "{error:?}");
    assert!(error.to_string().contains(&format!("(process {})", std::process::id())), "{error}");
    drop(first);
    bench.open();
}

#[test]
fn a_journal_whose_end_is_in_doubt_is_written_anew_with_all_that_it_holds() {
    let (bench, ledger) = Bench::after(&events::a_life());
    let lock = InstanceLock::take(bench.workspace.root()).unwrap();
    let before = std::fs::metadata(bench.workspace.journal()).unwrap().ino();
    let registry = Registry::open_locked(lock, &bench.workspace, Clock::System, JournalEnd::InDoubt).unwrap();
    assert_eq!((registry.ledger(), registry.repairs()), (&ledger, &[][..]));
    drop(registry);
    assert_ne!(std::fs::metadata(bench.workspace.journal()).unwrap().ino(), before, "another file");
    assert_eq!(std::fs::read_to_string(bench.workspace.journal()).unwrap().lines().count(), 1);
    assert_eq!(bench.reopen(&ledger), []);
}

#[test]
fn committing_nothing_changes_nothing() {
    let (bench, ledger) = Bench::after(&[Vec::new()]);
    assert_eq!(ledger, Ledger::default());
    assert_eq!(std::fs::read(bench.workspace.journal()).unwrap(), b"");
}

#[test]
fn a_newer_schema_is_refused_in_sled() {
    let (bench, _) = Bench::after(&events::a_life());
    let db = bench.database();
    db.insert("inventory", &br#"{"schema":3,"seq":9,"n":1,"sum":1}"#[..]).unwrap();
    db.flush().unwrap();
    drop(db);
    let error = Registry::open(&bench.workspace, Clock::System).unwrap_err();
    assert!(matches!(error, RegistryError::NewerSchema { found: 3, known: 2, .. }), "{error:?}");
}

#[test]
fn a_newer_schema_is_refused_in_the_journal() {
    let (bench, _) = Bench::after(&events::a_life());
    let line = super::journal::tests::line_of_schema(3);
    edit(&bench.workspace.journal(), |bytes| bytes.extend(line.into_bytes()));
    let error = Registry::open(&bench.workspace, Clock::System).unwrap_err().to_string();
    let expected = "was written by a newer gradwatch (schema 3, this one reads 2); use that version";
    assert!(error.contains(expected), "{error}");
}

//! A registry that was erased: what stood there before is on the disk no more, and a kill in between loses nothing.

use super::{Bench, events};
use crate::domain::{ContentHash, LedgerEvent};
use crate::registry::{Registry, RegistryError};

fn filled() -> (Bench, Registry) {
    let bench = Bench::new();
    let mut registry = bench.open();
    registry.commit([events::file(71), events::file(72)]).unwrap();
    (bench, registry)
}

/// How many files of the state folder hold the path of file `n`.
fn n_naming(bench: &Bench, n: u64) -> usize {
    let name = events::path(n);
    let files = walkdir::WalkDir::new(bench.workspace.root()).into_iter().map(Result::unwrap);
    let files = files.filter(|entry| entry.file_type().is_file()).map(|entry| std::fs::read(entry.path()).unwrap());
    files.filter(|bytes| bytes.windows(name.len()).any(|part| part == name.as_bytes())).count()
}

#[test]
fn nothing_says_what_was_recorded_before_and_the_rest_is_there() {
    let (bench, mut registry) = filled();
    std::fs::write(bench.workspace.root().join("journal.ndjson.broken-1"), events::path(71)).unwrap();
    std::fs::create_dir(bench.workspace.root().join("registry.broken-1")).unwrap();
    std::fs::write(bench.workspace.root().join("registry.broken-1/db"), events::path(71)).unwrap();
    assert!(n_naming(&bench, 71) > 2);
    let forgotten = LedgerEvent::Forgotten { hash: ContentHash::of(b"71"), instance: None };
    registry.erase(&bench.workspace, &[forgotten, events::file_gone(71)]).unwrap();
    registry.commit([events::file_gone(73)]).unwrap();
    let ledger = registry.ledger().clone();
    drop(registry);
    assert_eq!((n_naming(&bench, 71), ledger.forgotten.size(), ledger.files.size()), (0, 1, 1));
    assert!(n_naming(&bench, 72) > 0);
    assert_eq!(bench.reopen(&ledger), []);
}

#[test]
fn a_journal_that_cannot_be_written_leaves_everything_as_it_was() {
    let (bench, mut registry) = filled();
    let ledger = registry.ledger().clone();
    let journal = bench.workspace.journal();
    let kept = journal.with_extension("kept");
    std::fs::rename(&journal, &kept).unwrap();
    std::fs::create_dir(&journal).unwrap();
    let refused = registry.erase(&bench.workspace, &[events::file_gone(71)]);
    assert!(matches!(refused, Err(RegistryError::Disk(_))), "{refused:?}");
    std::fs::remove_dir(&journal).unwrap();
    std::fs::rename(&kept, &journal).unwrap();
    assert_eq!(registry.ledger(), &ledger);
    registry.erase(&bench.workspace, &[events::file_gone(71)]).unwrap();
    drop(registry);
    assert_eq!(n_naming(&bench, 71), 0);
}

#[test]
fn a_kill_between_journal_and_database_loses_nothing() {
    let (bench, registry) = filled();
    let ledger = registry.ledger().clone();
    drop(registry);
    std::fs::remove_dir_all(bench.workspace.registry()).unwrap();
    bench.reopen(&ledger);
    assert!(!bench.workspace.root().join("registry.broken-1").exists());
}

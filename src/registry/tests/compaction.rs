//! A journal that is much longer than needed is written anew, and states the same; whatever happens meanwhile.

use std::path::Path;

use super::{Bench, Repair, edit, events};
use crate::disk;
use crate::domain::{Counter, Ledger, LedgerEvent, Split};
use crate::registry::Registry;

/// A life, and then more than a mebibyte of changes that undo each other.
fn a_long_life() -> Vec<Vec<LedgerEvent>> {
    let side = |n: u64| if n.is_multiple_of(2) { Split::Train } else { Split::Validation };
    let restless = |n: u64| (0..40).map(move |sample| events::sample(sample, Some(side(n + sample))));
    let changes = (0..100).flat_map(restless).chain([events::counted(Counter::ImagesForwarded, 7)]);
    events::a_life().into_iter().chain([changes.collect()]).collect()
}

/// Length and lines of the journal.
fn size(bench: &Bench) -> (usize, usize) {
    let text = std::fs::read_to_string(bench.workspace.journal()).unwrap();
    (text.len(), text.lines().count())
}

/// The ledger by the journal alone.
fn by_journal_alone(bench: &Bench) -> Ledger {
    std::fs::remove_dir_all(bench.workspace.registry()).unwrap();
    bench.open().ledger().clone()
}

#[test]
fn a_journal_that_is_much_longer_than_needed_is_written_anew_at_the_next_start() {
    let (bench, ledger) = Bench::after(&a_long_life());
    let (before, _) = size(&bench);
    assert!(before > 1 << 20, "{before} bytes");
    assert_eq!(bench.reopen(&ledger), [], "it is no repair");
    let (after, lines) = size(&bench);
    assert!(after * 10 < before && lines == 1, "{after} of {before} bytes");

    let mut registry = bench.open();
    registry.commit([events::counted(Counter::Samples, 1), events::sample_gone(5)]).unwrap();
    let grown = registry.ledger().clone();
    drop(registry);
    assert_eq!(size(&bench).1, 2, "it goes on after the snapshot, and stays as it is");
    assert_eq!(bench.reopen(&grown), []);
    assert_eq!(by_journal_alone(&bench), grown);
    assert_eq!(
        (grown.decisions.len(), grown.counters[Counter::ImagesForwarded]),
        (2, 7),
        "history and counts are kept"
    );
}

#[test]
fn a_journal_that_is_short_or_needed_stays() {
    let (bench, ledger) = Bench::after(&events::a_life());
    let before = size(&bench);
    assert_eq!(bench.reopen(&ledger), []);
    assert_eq!(size(&bench), before, "short");
    let many = (0..4000).map(|n| events::sample(n, Some(Split::Train))).collect();
    let (bench, ledger) = Bench::after(&[many]);
    let before = size(&bench);
    assert!(before.0 > 1 << 20);
    assert_eq!(bench.reopen(&ledger), []);
    assert_eq!(size(&bench), before, "all of it is needed");
}

fn temporaries(folder: &Path) -> usize {
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    names.filter(|name| name.to_string_lossy().starts_with(".gradwatch-tmp")).count()
}

/// Killed before the rename, the old journal is there, and the half of a new one beside it; killed after it, the new one.
#[test]
fn a_kill_at_any_moment_leaves_one_complete_journal() {
    let (bench, ledger) = Bench::after(&a_long_life());
    let before = bench.copied();
    drop(bench.open());
    let compact = std::fs::read(bench.workspace.journal()).unwrap();
    for cut in [0, 1, compact.len() / 2, compact.len() - 1, compact.len()] {
        let killed = before.copied();
        std::fs::write(killed.workspace.root().join(".gradwatch-tmp-1-0"), &compact[..cut]).unwrap();
        assert_eq!(killed.reopen(&ledger), [], "{cut} bytes were written");
        assert_eq!(size(&killed).1, 1, "and is written in the end");
        assert_eq!(temporaries(killed.workspace.root()), 0);
    }
    let killed = before.copied();
    std::fs::write(killed.workspace.journal(), &compact).unwrap();
    assert_eq!(killed.reopen(&ledger), []);
    assert_eq!(by_journal_alone(&killed), ledger);
}

/// A disk that lost a part of the new journal.
#[test]
fn a_compacted_journal_that_is_damaged_is_made_again_from_the_registry() {
    let (bench, ledger) = Bench::after(&a_long_life());
    drop(bench.open());
    let len = size(&bench).0;
    for cut in [0, 1, len / 2, len - 1] {
        let damaged = bench.copied();
        edit(&damaged.workspace.journal(), |bytes| bytes.truncate(cut));
        let repairs = damaged.reopen(&ledger);
        assert!(repairs.contains(&Repair::JournalRewritten), "{cut}: {repairs:?}");
        assert_eq!(by_journal_alone(&damaged), ledger);
    }
}

/// As after a backup of one folder was put back.
#[test]
fn a_registry_that_is_older_than_the_compacted_journal_is_made_again_from_it() {
    let (bench, _) = Bench::after(&events::a_life());
    let old = bench.copied();
    let mut registry = bench.open();
    a_long_life().into_iter().skip(events::a_life().len()).for_each(|events| registry.commit(events).unwrap());
    let ledger = registry.ledger().clone();
    drop(registry);
    drop(bench.open());
    assert_eq!(size(&bench).1, 1);
    std::fs::remove_dir_all(bench.workspace.registry()).unwrap();
    std::fs::rename(old.workspace.registry(), bench.workspace.registry()).unwrap();
    let repairs = bench.reopen(&ledger);
    assert!(repairs.iter().any(|repair| matches!(repair, Repair::FromJournal { .. })), "{repairs:?}");
}

/// Housekeeping that fails is no reason not to start.
#[test]
fn a_journal_that_cannot_be_written_anew_stays() {
    let (bench, ledger) = Bench::after(&a_long_life());
    // No temporary can be removed that is a folder with something in it.
    disk::write_atomic(&bench.workspace.root().join(".gradwatch-tmp-1-0/kept"), b"x").unwrap();
    let before = size(&bench);
    assert_eq!(bench.reopen(&ledger), []);
    assert_eq!(size(&bench), before);
    let mut registry: Registry = bench.open();
    registry.commit([events::sample_gone(5)]).unwrap();
    assert_eq!(size(&bench).1, before.1 + 1);
}

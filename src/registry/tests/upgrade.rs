//! A state folder of an older version, which kept a tree of sled for each kind of record.

use super::{Bench, edit, events};
use crate::domain::{Clock, Ledger};
use crate::registry::journal::tests::line_of_schema;
use crate::registry::{Registry, RegistryError};

/// A state folder as version 0.1.0 left it after [`events::a_life`], as far as this version looks at it.
fn of_an_older_version() -> (Bench, Ledger) {
    let (bench, ledger) = Bench::after(&events::a_life());
    let n_commits = events::a_life().len();
    std::fs::remove_dir_all(bench.workspace.registry()).unwrap();
    let db = bench.database();
    db.open_tree("samples").unwrap().insert(b"x", b"a record").unwrap();
    let head = [&[0; 18], format!("{{\"seq\":{n_commits},\"counts\":[39],\"total\":\"0\"}}").as_bytes()].concat();
    db.open_tree("meta").unwrap().insert(b"head", head).unwrap();
    db.flush().unwrap();
    (bench, ledger)
}

#[test]
fn a_journal_of_the_version_before_is_read_and_continued_with_lines_that_version_refuses() {
    let bench = Bench::new();
    std::fs::create_dir_all(bench.workspace.root()).unwrap();
    std::fs::write(bench.workspace.journal(), line_of_schema(1)).unwrap();
    let mut registry = bench.open();
    assert_eq!(registry.repairs(), []);
    registry.commit(events::a_life().remove(0)).unwrap();
    drop(registry);
    let journal = std::fs::read_to_string(bench.workspace.journal()).unwrap();
    let schemas: Vec<_> = journal.lines().map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(schemas, ["{\"schema\":1", "{\"schema\":2"]);
}

fn refusal(bench: &Bench) -> RegistryError {
    Registry::open(&bench.workspace, Clock::System).unwrap_err()
}

#[test]
fn it_is_converted_from_the_journal_and_that_is_no_repair() {
    let (bench, ledger) = of_an_older_version();
    assert_eq!(bench.reopen(&ledger), []);
    std::fs::remove_file(bench.workspace.journal()).unwrap();
    bench.reopen(&ledger);
    assert!(!bench.workspace.root().join("registry.broken-1").exists(), "nothing of it was broken");
}

#[test]
fn it_is_left_as_it_is_where_the_journal_lacks_anything() {
    for damage in [
        |bytes: &mut Vec<u8>| bytes[500] ^= 1,
        |bytes: &mut Vec<u8>| bytes.truncate(bytes.len() - 10),
        |bytes: &mut Vec<u8>| bytes.clear(),
    ] {
        let (bench, _) = of_an_older_version();
        edit(&bench.workspace.journal(), damage);
        for _ in 0..2 {
            let error = refusal(&bench);
            assert!(matches!(error, RegistryError::OldLayout { .. }), "{error:?}");
            assert!(error.to_string().contains("start version 0.1.0 once"), "{error}");
        }
    }
}

#[test]
fn without_its_head_it_is_made_again_from_the_journal_and_kept_beside() {
    for has_journal in [true, false] {
        let (bench, ledger) = of_an_older_version();
        let db = bench.database();
        db.open_tree("meta").unwrap().remove(b"head").unwrap();
        db.flush().unwrap();
        drop(db);
        if !has_journal {
            std::fs::remove_file(bench.workspace.journal()).unwrap();
        }
        let registry = Registry::open(&bench.workspace, Clock::System).unwrap();
        assert_eq!(*registry.ledger() == ledger, has_journal);
        assert!(bench.workspace.root().join("registry.broken-1").exists(), "its records may be all that is left");
    }
}

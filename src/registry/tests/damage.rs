//! Each known way in which a kill, a power cut or a bad disk leaves the files, and what opening makes of it.

use super::{Bench, Repair, edit, events};
use crate::domain::{Counter, Ledger, LedgerEvent};

/// Damages a lived-in state folder, and checks that nothing is lost; returns what was repaired.
fn repaired(damage: impl FnOnce(&Bench)) -> Vec<Repair> {
    let (bench, ledger) = Bench::after(&events::a_life());
    damage(&bench);
    bench.reopen(&ledger)
}

fn from_journal(repairs: &[Repair]) -> bool {
    repairs.iter().any(|repair| matches!(repair, Repair::FromJournal { .. }))
}

fn is_renamed(repairs: &[Repair]) -> bool {
    repairs.iter().any(|repair| matches!(repair, Repair::Renamed { .. }))
}

/// sled's newest snapshot.
fn snapshot(bench: &Bench) -> std::path::PathBuf {
    let files = std::fs::read_dir(bench.workspace.registry()).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.to_string_lossy().contains("/snap.")).max().unwrap()
}

#[test]
fn a_half_written_snapshot_is_removed() {
    for content in [&b""[..], b"\x01\x02\x03"] {
        let repairs =
            repaired(|bench| std::fs::write(bench.sled("snap.FFFFFFFFFFFFFFF0.generating"), content).unwrap());
        assert_eq!(repairs, [Repair::LeftoverSnapshots { n: 1 }]);
    }
}

#[test]
fn an_emptied_snapshot_costs_nothing() {
    let repairs = repaired(|bench| {
        // sled writes its first snapshot when it finds something at opening.
        drop(bench.open());
        edit(&snapshot(bench), Vec::clear);
    });
    assert!(is_renamed(&repairs) && from_journal(&repairs), "{repairs:?}");
}

#[test]
fn a_cut_conf_costs_nothing() {
    let repairs = repaired(|bench| edit(&bench.sled("conf"), |bytes| bytes.truncate(20)));
    assert!(is_renamed(&repairs) && from_journal(&repairs), "{repairs:?}");
}

#[test]
fn what_refuses_to_open_is_kept_under_another_name() {
    let (bench, _) = Bench::after(&events::a_life());
    edit(&bench.sled("conf"), |bytes| bytes.truncate(20));
    let kept = std::fs::read(bench.sled("db")).unwrap();
    drop(bench.open());
    assert_eq!(std::fs::read(bench.workspace.root().join("registry.broken-1/db")).unwrap(), kept);
}

#[test]
fn a_truncated_log_is_noticed() {
    for tenths in [0, 1, 3, 6] {
        let repairs = repaired(|bench| edit(&bench.sled("db"), |bytes| bytes.truncate(bytes.len() * tenths / 10)));
        assert!(!repairs.is_empty(), "{tenths} tenths");
    }
}

#[test]
fn flipped_bits_are_noticed_wherever_they_are() {
    let (bench, ledger) = Bench::after(&events::a_life());
    let good = std::fs::read(bench.sled("db")).unwrap();
    let written = good.iter().rposition(|byte| *byte != 0).unwrap();
    let mut n_noticed = 0;
    for place in (0..24).map(|n| n * written / 24) {
        let mut bad = good.clone();
        bad[place] ^= 0x10;
        std::fs::remove_dir_all(bench.workspace.registry()).unwrap();
        std::fs::create_dir_all(bench.workspace.registry()).unwrap();
        std::fs::write(bench.sled("db"), bad).unwrap();
        n_noticed += usize::from(!bench.reopen(&ledger).is_empty());
    }
    assert!(n_noticed > 0, "some of them hit a record");
}

#[test]
fn a_deleted_registry_is_made_again() {
    let repairs = repaired(|bench| std::fs::remove_dir_all(bench.workspace.registry()).unwrap());
    assert!(from_journal(&repairs) && repairs.len() == 1, "{repairs:?}");
}

#[test]
fn a_deleted_journal_is_written_again() {
    let repairs = repaired(|bench| std::fs::remove_file(bench.workspace.journal()).unwrap());
    assert_eq!(repairs, [Repair::JournalRewritten]);
}

#[test]
fn a_torn_journal_line_was_never_committed() {
    let repairs = repaired(|bench| edit(&bench.workspace.journal(), |bytes| bytes.extend(b"{\"schema\":1,\"seq\":8,")));
    assert_eq!(repairs, [Repair::TornTail { bytes: 20 }]);
}

#[test]
fn a_flipped_journal_is_made_again_from_sled() {
    let repairs = repaired(|bench| edit(&bench.workspace.journal(), |bytes| bytes[500] ^= 1));
    assert_eq!(repairs[0], Repair::DamagedLines { n: 1 });
    assert_eq!(repairs.last(), Some(&Repair::JournalRewritten));
}

#[test]
fn sled_behind_the_journal_is_brought_up() {
    // As after a kill between the two: sled as it was, the journal one commit further.
    let (bench, _) = Bench::after(&events::a_life());
    let before = bench.copied();
    let mut registry = bench.open();
    registry.commit(events::promotion("0003-f00d", Some("0002-beef"))).unwrap();
    let ledger = registry.ledger().clone();
    drop(registry);
    std::fs::remove_dir_all(bench.workspace.registry()).unwrap();
    std::fs::rename(before.workspace.registry(), bench.workspace.registry()).unwrap();
    assert_eq!(bench.reopen(&ledger), [Repair::Replayed { n: 3 }]);
    assert_eq!(ledger.counters[Counter::Trainings], 3, "counted once, not again at each opening");
}

#[test]
fn a_commit_is_all_or_nothing_when_its_line_is_torn() {
    let (bench, before) = Bench::after(&[vec![events::sample(1, None)]]);
    let mut registry = bench.open();
    let len = std::fs::metadata(bench.workspace.journal()).unwrap().len();
    registry.commit(events::promotion("0001-cafe", None)).unwrap();
    drop(registry);
    std::fs::remove_dir_all(bench.workspace.registry()).unwrap();
    edit(&bench.workspace.journal(), |bytes| {
        let torn = bytes.len() - 10;
        assert!(torn as u64 > len);
        bytes.truncate(torn);
    });
    bench.reopen(&before);
}

#[test]
fn with_neither_journal_nor_sled_models_are_found_by_their_files() {
    let bench = Bench::new();
    let put = |id: &str, val_accuracy: f64, head: &[u8]| {
        let model = events::model(id, val_accuracy, b"weights");
        let folder = bench.workspace.run(&model.dataset, &model.run_id);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("model.json"), serde_json::to_vec(&model).unwrap()).unwrap();
        std::fs::write(folder.join("head.safetensors"), head).unwrap();
    };
    put("0001-aaaa", 0.8, b"weights");
    put("0002-bbbb", 0.9, b"weights");
    put("0003-cccc", 0.9, b"weights");
    put("0004-dddd", 1.0, b"not the weights that model.json names");
    let registry = bench.open();
    assert_eq!(registry.repairs()[0], Repair::FromFiles { runs: 3 });
    let ledger: Ledger = registry.ledger().clone();
    drop(registry);
    assert_eq!(ledger.best_model(&events::dataset()).unwrap().run_id.as_str(), "0003-cccc");
    assert_eq!(ledger.counters[Counter::Trainings], 3);
    assert_eq!(bench.reopen(&ledger), []);
}

/// Files of 2 models, 5 copies of datasets in the inbox and 2 of one outside it, and 3 reports.
fn leave_files(bench: &Bench) {
    for id in ["0001-cafe", "0002-beef"] {
        let model = events::model(id, 0.9, b"weights");
        let folder = bench.workspace.run(&model.dataset, &model.run_id);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("model.json"), serde_json::to_vec(&model).unwrap()).unwrap();
        std::fs::write(folder.join("head.safetensors"), b"weights").unwrap();
    }
    let write = |path: &str, text: &str| {
        let path = bench.workspace.root().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("datasets/a/manifest.jsonl", "{}\n{}\n{}\n{\"torn");
    write("datasets/b/manifest.jsonl", "{}\n{}\n");
    write("outside/c-12345678/manifest.jsonl", "{}\n{}\n");
    for scan in ["a/1-cafe", "a/2-beef", "b/1-f00d"] {
        write(&format!("reports/{scan}/report.json"), "{}");
    }
}

#[test]
fn with_neither_journal_nor_sled_counters_are_what_files_show() {
    type Damage = fn(&Bench);
    let damages: [Damage; 3] = [
        |bench| {
            std::fs::remove_file(bench.workspace.journal()).unwrap();
            std::fs::remove_dir_all(bench.workspace.registry()).unwrap();
        },
        |bench| {
            std::fs::write(bench.workspace.journal(), b"\0\0\0\0\n").unwrap();
            edit(&bench.sled("conf"), |bytes| bytes.truncate(20));
        },
        |bench| {
            edit(&bench.workspace.journal(), |bytes| bytes[500] ^= 1);
            edit(&bench.sled("db"), |bytes| bytes.truncate(0));
        },
    ];
    for (n, damage) in damages.into_iter().enumerate() {
        let (bench, _) = Bench::after(&events::a_life());
        leave_files(&bench);
        damage(&bench);
        let registry = bench.open();
        let sentences: Vec<_> = registry.repairs().iter().map(ToString::to_string).collect();
        let counters = registry.ledger().counters;
        let expected = [(Counter::Trainings, 2), (Counter::CopiesWritten, 7), (Counter::ScansExplained, 3)];
        for (counter, n_expected) in expected {
            assert_eq!(counters[counter], n_expected, "{n}: {counter:?}: {sentences:#?}");
        }
        let said = sentences.iter().any(|sentence| sentence.contains("images_forwarded cannot be restored"));
        assert!(said, "{n}: {sentences:#?}");
        let ledger = registry.ledger().clone();
        drop(registry);
        assert_eq!(bench.reopen(&ledger), [], "{n}: once");
    }
}

#[test]
fn copies_of_a_first_training_that_was_killed_are_no_damage() {
    let bench = Bench::new();
    std::fs::create_dir_all(bench.workspace.outside().join("c")).unwrap();
    std::fs::write(bench.workspace.outside().join("c/manifest.jsonl"), "{}\n").unwrap();
    assert_eq!(bench.open().repairs(), []);
}

#[test]
fn with_a_damaged_sled_and_no_journal_what_can_be_read_is_kept() {
    let (bench, mut ledger) = Bench::after(&events::a_life());
    std::fs::remove_file(bench.workspace.journal()).unwrap();
    lose_a_scan_in_silence(&bench);
    let registry = bench.open();
    assert!(registry.repairs().contains(&Repair::Salvaged), "{:?}", registry.repairs());
    let salvaged = registry.ledger().clone();
    drop(registry);
    let (dataset, hash) = ledger.scans.keys().next().unwrap().clone();
    ledger.apply(&LedgerEvent::ScanGone { dataset, hash });
    assert_eq!(salvaged, ledger);
    assert_eq!(bench.reopen(&salvaged), []);
}

#[test]
fn a_silently_lost_record_comes_back_from_the_journal() {
    let repairs = repaired(lose_a_scan_in_silence);
    let what = "87 records of 88 are there, 0 of them unreadable".to_owned();
    assert_eq!(repairs[0], Repair::StoreDamaged { what });
    assert!(from_journal(&repairs), "{repairs:?}");
}

#[test]
fn a_record_that_is_not_the_one_that_was_written_is_noticed() {
    let repairs = repaired(|bench| {
        let db = bench.database();
        let scans: Vec<_> = db.scan_prefix("scan\0").map(Result::unwrap).collect();
        db.insert(&scans[0].0, &scans[1].1).unwrap();
        db.flush().unwrap();
    });
    let what = "88 records of 88 are there, 0 of them unreadable".to_owned();
    assert_eq!(repairs[0], Repair::StoreDamaged { what });
    assert!(from_journal(&repairs), "{repairs:?}");
}

/// As sled itself does after damage to its log: it opens, and a key is not there.
fn lose_a_scan_in_silence(bench: &Bench) {
    let db = bench.database();
    let (key, _) = db.scan_prefix("scan\0").next().unwrap().unwrap();
    db.remove(key).unwrap().unwrap();
    db.flush().unwrap();
}

#[test]
fn commits_go_on_after_a_repair() {
    let (bench, _) = Bench::after(&events::a_life());
    std::fs::remove_file(bench.workspace.journal()).unwrap();
    let mut registry = bench.open();
    registry.commit(vec![events::counted(Counter::CopiesWritten, 7)]).unwrap();
    let ledger = registry.ledger().clone();
    drop(registry);
    std::fs::remove_dir_all(bench.workspace.registry()).unwrap();
    bench.reopen(&ledger);
}

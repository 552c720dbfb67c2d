//! Which scans are explained again.

use super::*;
use crate::domain::{
    ContentHash, Decision, FileOutcome, FileRecord, FileStamp, ImageFacts, LedgerEvent, RunId, Sample,
};

fn name(dataset: &str) -> DatasetName {
    DatasetName::new(dataset).unwrap()
}

fn run(number: u64) -> RunId {
    RunId::new(format!("000{number}-a")).unwrap()
}

fn promoted(dataset: &str, number: u64) -> LedgerEvent {
    LedgerEvent::Decision(Decision {
        dataset: name(dataset),
        run_id: run(number),
        promoted: true,
        previous: None,
        n_validation: 0,
        candidate_correct: 0,
        previous_correct: None,
        paired: None,
        reason: String::new(),
        by_hand: false,
        at: String::new(),
    })
}

/// The scan `text` of dataset `d`.
fn scan(text: &str, state: ScanState) -> Scan {
    Scan {
        dataset: Some(name("d")),
        hash: ContentHash::of(text.as_bytes()),
        path: format!("scans/d/{text}.png"),
        state,
        image: ImageFacts::example(),
        perceptual_hash: None,
        dicom: None,
    }
}

fn explained(text: &str, by: u64) -> Scan {
    scan(text, ScanState::Explained { model: run(by), report: format!("d/{text}") })
}

/// Its file, written at `mtime_ns`.
fn file(scan: &Scan, mtime_ns: i64) -> LedgerEvent {
    let outcome = FileOutcome::Scan { dataset: scan.dataset.clone(), hash: scan.hash };
    LedgerEvent::File(FileRecord { path: scan.path.clone(), stamp: FileStamp { mtime_ns, ..FileStamp::NONE }, outcome })
}

/// Scans of these names, the first with the newest file, explained by these models; then the second one is promoted.
fn ledger(scans: &[(&str, u64)]) -> Ledger {
    let mut ledger = Ledger::default();
    ledger.apply(&promoted("d", 1));
    for ((text, by), mtime_ns) in scans.iter().zip((0..100).rev()) {
        let scan = explained(text, *by);
        ledger.apply(&file(&scan, mtime_ns));
        ledger.apply(&LedgerEvent::Scan(scan));
    }
    ledger.apply(&promoted("d", 2));
    ledger
}

#[track_caller]
fn due(ledger: &Ledger, policy: Reexplanation, expected: &[&str]) {
    let keys = ledger.scans_to_explain_again(policy);
    let expected: Vec<_> = expected.iter().map(|text| (Some(name("d")), ContentHash::of(text.as_bytes()))).collect();
    assert_eq!(keys, expected, "{policy}");
}

#[test]
fn the_policy_says_which_of_those_that_an_earlier_model_explained() {
    let ledger = ledger(&[("a", 1), ("b", 2), ("c", 1), ("d", 1)]);
    due(&ledger, Reexplanation::Never, &[]);
    due(&ledger, Reexplanation::All, &["a", "c", "d"]);
    due(&ledger, Reexplanation::Latest(1), &["a"]);
    due(&ledger, Reexplanation::Latest(2), &["a"]);
    due(&ledger, Reexplanation::Latest(3), &["a", "c"]);
}

#[test]
fn each_is_explained_once_by_the_best_model_and_again_by_the_next_one() {
    let mut ledger = ledger(&[("a", 1), ("b", 1)]);
    ledger.apply(&LedgerEvent::Scan(explained("a", 2)));
    due(&ledger, Reexplanation::All, &["b"]);
    ledger.apply(&LedgerEvent::Scan(explained("b", 2)));
    due(&ledger, Reexplanation::All, &[]);
    ledger.apply(&promoted("other", 3));
    due(&ledger, Reexplanation::All, &[]);
    ledger.apply(&promoted("d", 1));
    due(&ledger, Reexplanation::Latest(1), &["a"]);
}

#[test]
fn what_waits_is_gone_or_was_removed_is_left_out() {
    let mut ledger = ledger(&[("a", 1), ("b", 1), ("c", 1), ("d", 1), ("e", 1)]);
    ledger.apply(&LedgerEvent::Scan(scan("a", ScanState::Waiting)));
    ledger.apply(&LedgerEvent::Scan(scan("b", ScanState::Removed { model: run(1), report: "d/b".into() })));
    ledger.apply(&LedgerEvent::FileGone { path: "scans/d/c.png".into() });
    ledger.apply(&LedgerEvent::Forgotten { hash: ContentHash::of(b"d"), instance: None });
    due(&ledger, Reexplanation::All, &["e"]);
    due(&ledger, Reexplanation::Latest(1), &[]);
    let is_outdated = |text: &str| {
        let scan = &ledger.scans[&(Some(name("d")), ContentHash::of(text.as_bytes()))];
        ledger.is_outdated(scan)
    };
    assert_eq!(["a", "b", "c", "d", "e"].map(is_outdated), [false, false, false, false, true]);
}

#[test]
fn a_scan_without_a_dataset_is_that_of_the_only_one_that_wrote_its_report() {
    let mut ledger = ledger(&[]);
    let unnamed = Scan { dataset: None, ..explained("u", 1) };
    ledger.apply(&file(&unnamed, 1));
    ledger.apply(&LedgerEvent::Scan(unnamed.clone()));
    assert!(!ledger.is_outdated(&unnamed), "there is no dataset");
    ledger.apply(&LedgerEvent::Sample(Sample::example("1", "c")));
    assert!(ledger.is_outdated(&unnamed));
    assert_eq!(ledger.scans_to_explain_again(Reexplanation::All), [(None, unnamed.hash)]);
    let state = ScanState::Explained { model: run(1), report: "former/u".into() };
    assert!(!ledger.is_outdated(&Scan { state, ..unnamed.clone() }), "another dataset's report");
    ledger.apply(&LedgerEvent::Sample(Sample { dataset: name("e"), ..Sample::example("1", "c") }));
    assert!(!ledger.is_outdated(&unnamed), "one of two");
}

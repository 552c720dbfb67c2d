//! Crashes in all orders, and what is tried after them.

use super::*;
use AttemptSlot::{Intake, Scans, Training};

fn file(path: &str) -> Attempted {
    Attempted::File { path: path.to_owned(), stamp: FileStamp::NONE }
}

fn scan(name: &str) -> Attempted {
    Attempted::Scan { dataset: None, hash: ContentHash::of(name.as_bytes()) }
}

fn training(images: &str) -> Attempted {
    Attempted::Training { dataset: DatasetName::new("d").unwrap(), job_hash: ContentHash::of(images.as_bytes()) }
}

fn start() -> AttemptLine {
    AttemptLine::Started { version: "1".to_owned() }
}

fn begun(slot: AttemptSlot, of: &[Attempted]) -> AttemptLine {
    AttemptLine::Begun { slot, of: of.to_vec() }
}

fn after(lines: impl IntoIterator<Item = AttemptLine>) -> Attempts {
    let mut attempts = Attempts::default();
    lines.into_iter().for_each(|line| attempts.apply(line));
    attempts
}

#[test]
fn what_was_under_way_is_suspected_and_what_has_ended_is_not() {
    let lines = [start(), begun(Intake, &[file("a"), file("b")]), begun(Intake, &[file("c")]), start()];
    let attempts = after(lines);
    assert!(attempts.is_suspect(&file("c")) && !attempts.is_suspect(&file("a")) && !attempts.is_suspect(&file("b")));
    let orderly = after([start(), begun(Intake, &[file("a")]), AttemptLine::Ended { slot: Intake }, start()]);
    assert!(!orderly.is_suspect(&file("a")));
}

#[test]
fn three_ends_of_the_program_alone_set_an_input_aside_and_a_batch_never() {
    let alone = after([0; 3].into_iter().flat_map(|_| [start(), begun(Intake, &[file("a")])]).chain([start()]));
    assert!(alone.is_set_aside(&file("a")));
    let twice = after([0; 2].into_iter().flat_map(|_| [start(), begun(Intake, &[file("a")])]).chain([start()]));
    assert!(twice.is_suspect(&file("a")) && !twice.is_set_aside(&file("a")));
    let batch = after([0; 9].into_iter().flat_map(|_| [start(), begun(Intake, &[file("a"), file("b")])]));
    assert_eq!(batch.set_aside().count(), 0);
    let beside =
        after([0; 9].into_iter().flat_map(|_| [start(), begun(Intake, &[file("a")]), begun(Scans, &[scan("s")])]));
    assert_eq!(beside.set_aside().count(), 0, "which of the two is not known");
}

#[test]
fn one_that_ended_well_begins_to_count_anew() {
    let crash = || [start(), begun(Scans, &[scan("s")])];
    let well = [start(), begun(Scans, &[scan("s")]), AttemptLine::Ended { slot: Scans }];
    let attempts = after(crash().into_iter().chain(crash()).chain(well).chain(crash()).chain([start()]));
    assert!(attempts.is_suspect(&scan("s")) && !attempts.is_set_aside(&scan("s")));
}

#[test]
fn a_panic_counts_as_an_end_of_the_program_whatever_else_is_under_way() {
    let panicked = || [begun(Intake, &[file("a")]), AttemptLine::Panicked { slot: Intake }];
    let beside = [start(), begun(Training, &[training("1")])];
    let attempts = after(beside.into_iter().chain((0..3).flat_map(|_| panicked())));
    assert!(attempts.is_set_aside(&file("a")) && !attempts.is_suspect(&training("1")));
}

#[test]
fn a_suspect_is_tried_alone_but_for_trainings() {
    let mut attempts = after([start(), begun(Intake, &[file("a"), file("b")]), start()]);
    assert!(attempts.may_begin(Intake, &[file("a")]) && attempts.may_begin(Scans, &[scan("s")]));
    attempts.apply(begun(Scans, &[scan("s")]));
    assert!(!attempts.may_begin(Intake, &[file("a")]) && attempts.may_begin(Intake, &[file("c")]));
    attempts.apply(begun(Training, &[training("1")]));
    attempts.apply(AttemptLine::Ended { slot: Scans });
    assert!(attempts.may_begin(Intake, &[file("a")]), "a training takes too long to wait for");
    attempts.apply(begun(Intake, &[file("a")]));
    assert!(!attempts.may_begin(Scans, &[scan("s")]) && !attempts.may_begin(Training, &[training("2")]));
}

#[test]
fn a_training_that_dies_beside_ever_new_scans_is_set_aside_and_its_successor_is_tried() {
    let life = |n: u32| [start(), begun(Training, &[training("1")]), begun(Scans, &[scan(&n.to_string())])];
    let mut attempts = after((0..4).flat_map(life).chain([start()]));
    assert!(attempts.is_set_aside(&training("1")) && attempts.set_aside().count() == 1);
    attempts.apply(begun(Training, &[training("2")]));
    assert!(!attempts.is_suspect(&training("1")) && !attempts.is_suspect(&training("2")));
}

#[test]
fn another_version_of_the_program_tries_all_again() {
    let mut attempts = after([0; 3].into_iter().flat_map(|_| [start(), begun(Intake, &[file("a")])]).chain([start()]));
    attempts.apply(AttemptLine::Started { version: "2".to_owned() });
    assert!(attempts.is_suspect(&file("a")) && !attempts.is_set_aside(&file("a")));
}

#[test]
fn a_log_that_is_written_anew_says_the_same() {
    let attempts = after([start(), begun(Intake, &[file("a")]), start(), begun(Scans, &[scan("s")])]);
    assert_eq!(after(attempts.lines()), attempts);
    let texts: Vec<_> = attempts.lines().iter().map(|line| serde_json::to_string(line).unwrap()).collect();
    assert_eq!(after(texts.iter().map(|text| serde_json::from_str(text).unwrap())), attempts);
}

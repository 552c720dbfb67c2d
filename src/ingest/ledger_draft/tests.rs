//! What files do to the ledger, one story a test. Every story also folds its events into the ledger it began with.

use std::collections::BTreeSet;
use std::path::PathBuf;

use regex::Regex;

use super::*;
use crate::content::FileFailure;
use crate::domain::{Border, ImageFacts, RunId, Split};
use crate::ingest::role_of;

mod lists;
mod sides;

/// An inbox of names and contents, and the ledger that was made of it.
#[derive(Default)]
struct Desk {
    there: BTreeSet<String>,
    ledger: Ledger,
    pattern: Option<Regex>,
    /// Where lists of groups lie; nowhere by default.
    inbox: PathBuf,
    n_changes: i64,
}

impl Desk {
    /// Runs one step on a fresh draft, and folds what it changes into the ledger.
    fn step<T>(&mut self, step: impl FnOnce(&mut LedgerDraft) -> T) -> T {
        let there = self.there.clone();
        let is_there = |path: &str, _: FileStamp| there.contains(path);
        let pattern = self.pattern.clone();
        let pattern_of = |_: &DatasetName| pattern.as_ref();
        let groups = GroupBook::new(&self.inbox, &pattern_of);
        let mut ledger_draft = LedgerDraft::new(&self.ledger, &groups, &is_there);
        let result = step(&mut ledger_draft);
        let ledger = ledger_draft.ledger.clone();
        for event in ledger_draft.into_events() {
            self.ledger.apply(&event);
        }
        assert_eq!(self.ledger, ledger, "the events say what the draft says");
        result
    }

    fn admit(&mut self, path: &str, content: &str) -> Admission {
        self.there.insert(path.to_owned());
        let inspected = self.inspected(content);
        self.step(|ledger_draft| ledger_draft.admit(path, &role_of(path).unwrap(), &inspected))
    }

    fn reject(&mut self, path: &str, stamp: FileStamp) -> bool {
        self.there.insert(path.to_owned());
        self.step(|ledger_draft| {
            ledger_draft.reject(path, stamp, &FileFailure::new(path, "damaged", "it is damaged", "copy it again"))
        })
    }

    fn remove(&mut self, path: &str) -> Vec<String> {
        self.there.remove(path);
        self.step(|ledger_draft| {
            ledger_draft.gone(path);
            ledger_draft.take_freed()
        })
    }

    fn inspected(&mut self, content: &str) -> Inspected {
        self.n_changes += 1;
        let facts = ImageFacts::example();
        let stamp = FileStamp { len: 1, mtime_ns: self.n_changes, inode: 1, ..FileStamp::NONE };
        Inspected {
            hash: ContentHash::of(content.as_bytes()),
            facts,
            perceptual_hash: None,
            border: Border::new([0; Border::N_CELLS]),
            dicom: None,
            stamp,
        }
    }

    fn sample(&self, content: &str) -> Option<&Sample> {
        let hash = ContentHash::of(content.as_bytes());
        self.ledger.samples.values().find(|sample| sample.hash == hash)
    }

    fn scan(&self, content: &str) -> Option<&Scan> {
        let hash = ContentHash::of(content.as_bytes());
        self.ledger.scans.values().find(|scan| scan.hash == hash)
    }

    fn decide(&mut self, content: &str, split: Split) {
        let sample = Sample { split: Some(split), ..self.sample(content).unwrap().clone() };
        self.ledger.apply(&LedgerEvent::Sample(sample));
    }

    fn code(&self, path: &str) -> Option<&str> {
        match &self.ledger.files[path].outcome {
            FileOutcome::Quarantined { code, .. } => Some(code),
            _ => None,
        }
    }
}

#[test]
fn a_picture_is_one_sample_however_often_it_lies_there() {
    let mut desk = Desk::default();
    assert_eq!(desk.admit("datasets/d/c/a.png", "x"), Admission::New);
    let second = desk.admit("datasets/d/c/b.png", "x");
    assert_eq!(second, Admission::SameAs("datasets/d/c/a.png".into()));
    assert_eq!(desk.admit("datasets/d/c/a.png", "x"), Admission::SameAs("datasets/d/c/b.png".into()));
    assert_eq!((desk.ledger.samples.size(), desk.ledger.files.size()), (1, 2));
    assert_eq!(desk.ledger.counters[Counter::Samples], 1);
    assert_eq!(desk.sample("x").unwrap().path, "datasets/d/c/a.png");
}

#[test]
fn a_sample_outlives_all_its_files_but_the_last_and_only_its_name_stays() {
    let mut desk = Desk::default();
    desk.admit("datasets/d/c/a.png", "x");
    desk.admit("datasets/d/c/b.png", "x");
    desk.decide("x", Split::Validation);
    desk.remove("datasets/d/c/a.png");
    assert_eq!(desk.sample("x").unwrap().path, "datasets/d/c/b.png");
    assert_eq!(desk.sample("x").unwrap().split, Some(Split::Validation));
    desk.remove("datasets/d/c/b.png");
    let mut former: Vec<_> = desk.ledger.former_samples.values().cloned().collect();
    assert_eq!(former.iter().map(|sample| sample.path.as_str()).collect::<Vec<_>>(), ["datasets/d/c/b.png"]);
    let mut only_former = Ledger::default();
    only_former.counters = desk.ledger.counters;
    only_former.apply(&LedgerEvent::FormerSample(former.remove(0)));
    assert_eq!(desk.ledger, only_former);
    desk.admit("datasets/d/c/c.png", "x");
    assert_eq!((desk.ledger.samples.size(), desk.ledger.former_samples.size()), (1, 0), "it came back");
}

#[test]
fn a_sample_of_an_older_version_has_a_border_once_its_file_is_read_again() {
    let mut desk = Desk::default();
    desk.admit("datasets/d/c/a.png", "x");
    desk.decide("x", Split::Train);
    let old = Sample { border: None, ..desk.sample("x").unwrap().clone() };
    desk.ledger.apply(&LedgerEvent::Sample(old));
    assert_eq!(desk.admit("datasets/d/c/a.png", "x"), Admission::Known);
    let sample = desk.sample("x").unwrap();
    assert_eq!((sample.border.is_some(), sample.split), (true, Some(Split::Train)));
}

#[test]
fn a_rewritten_file_gives_up_what_it_held() {
    let mut desk = Desk::default();
    desk.admit("datasets/d/c/a.png", "old");
    desk.admit("datasets/d/c/b.png", "kept");
    desk.admit("datasets/d/c/c.png", "kept");
    desk.admit("datasets/d/c/a.png", "new");
    desk.admit("datasets/d/c/b.png", "newer");
    assert_eq!(desk.sample("old"), None);
    assert_eq!(desk.sample("kept").unwrap().path, "datasets/d/c/c.png");
    assert_eq!(desk.ledger.samples.size(), 3);
    assert_eq!(desk.ledger.counters[Counter::Samples], 4);
}

#[test]
fn two_datasets_and_a_scan_may_hold_the_same_picture() {
    let mut desk = Desk::default();
    for path in ["datasets/d/covid/a.png", "datasets/e/normal/a.png", "scans/a.png", "scans/d/a.png"] {
        assert_eq!(desk.admit(path, "x"), Admission::New, "{path}");
    }
    assert_eq!((desk.ledger.samples.size(), desk.ledger.scans.size()), (2, 2));
}

#[test]
fn a_file_that_moved_keeps_its_sample_and_side() {
    let mut desk = Desk::default();
    desk.admit("datasets/d/c/a.png", "x");
    desk.decide("x", Split::Validation);
    desk.there.remove("datasets/d/c/a.png");
    assert_eq!(desk.admit("datasets/d/c/sub/b.png", "x"), Admission::Known);
    desk.remove("datasets/d/c/a.png");
    let sample = desk.sample("x").unwrap();
    assert_eq!((sample.path.as_str(), sample.split), ("datasets/d/c/sub/b.png", Some(Split::Validation)));
    assert_eq!((desk.ledger.files.size(), desk.ledger.counters[Counter::Samples]), (1, 1));
}

#[test]
fn a_file_that_moved_to_another_class_has_its_label() {
    let mut desk = Desk::default();
    desk.admit("datasets/d/covid/a.png", "x");
    desk.decide("x", Split::Train);
    desk.there.remove("datasets/d/covid/a.png");
    assert_eq!(desk.admit("datasets/d/normal/a.png", "x"), Admission::Known);
    let sample = desk.sample("x").unwrap();
    assert_eq!((sample.class.as_str(), sample.split), ("normal", Some(Split::Train)));
}

#[test]
fn the_name_tells_the_group_and_a_new_group_is_decided_anew() {
    let mut desk = Desk { pattern: Some(Regex::new(r"^(\d+)_").unwrap()), ..Desk::default() };
    desk.admit("datasets/d/c/007_1.png", "x");
    desk.admit("datasets/d/c/plain.png", "y");
    assert_eq!(desk.sample("x").unwrap().group.as_deref(), Some("007"));
    assert_eq!(desk.sample("y").unwrap().group, None);
    desk.decide("x", Split::Train);
    desk.there.remove("datasets/d/c/007_1.png");
    desk.admit("datasets/d/c/008_1.png", "x");
    let sample = desk.sample("x").unwrap();
    assert_eq!((sample.group.as_deref(), sample.split), (Some("008"), None));
}

#[test]
fn a_file_is_set_aside_once_for_each_reason_and_state() {
    let mut desk = Desk::default();
    let stamp = desk.inspected("x").stamp;
    assert!(desk.reject("scans/a.png", stamp));
    assert!(!desk.reject("scans/a.png", stamp));
    assert!(desk.reject("scans/a.png", FileStamp { len: 2, ..stamp }));
    assert_eq!(desk.ledger.counters[Counter::Quarantined], 2);
    assert_eq!(desk.code("scans/a.png"), Some("damaged"));
    assert_eq!(desk.admit("scans/a.png", "x"), Admission::New);
    assert_eq!(desk.code("scans/a.png"), None);
}

#[test]
fn a_sample_that_was_spoiled_is_gone() {
    let mut desk = Desk::default();
    desk.admit("datasets/d/c/a.png", "x");
    let stamp = desk.inspected("spoiled").stamp;
    assert!(desk.reject("datasets/d/c/a.png", stamp));
    assert_eq!(desk.sample("x"), None);
}

#[test]
fn a_scan_goes_with_its_last_file_unless_it_is_explained() {
    let mut desk = Desk::default();
    for (path, content) in [("scans/a.png", "waits"), ("scans/b.png", "waits"), ("scans/c.png", "explained")] {
        desk.admit(path, content);
    }
    let model = RunId::new("0001-abcd").unwrap();
    let state = ScanState::Explained { model, report: "d/c-1".into() };
    let explained = Scan { state, ..desk.scan("explained").unwrap().clone() };
    desk.ledger.apply(&LedgerEvent::Scan(explained.clone()));
    desk.remove("scans/a.png");
    assert_eq!(desk.scan("waits").unwrap().path, "scans/b.png");
    desk.remove("scans/b.png");
    desk.remove("scans/c.png");
    assert_eq!((desk.scan("waits"), desk.scan("explained")), (None, Some(&explained)));
    desk.admit("scans/d.png", "explained");
    assert_eq!(desk.scan("explained"), Some(&Scan { path: "scans/d.png".into(), ..explained }));
}

#[test]
fn a_file_that_nobody_knew_may_be_gone() {
    let mut desk = Desk::default();
    desk.remove("scans/never.png");
    assert_eq!(desk.ledger, Ledger::default());
}

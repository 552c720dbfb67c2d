//! Whole batches of real files, good and bad, through the room's door.

use std::fs;

use tempfile::TempDir;

use super::*;

mod conflicts;
mod dicom;
mod unchanged;
use crate::config::{Overrides, load};
use crate::domain::{ClassName, Counter, DatasetName, Split};
use crate::imaging::{Picture, Pixels, encode_png};

struct Bed {
    dir: TempDir,
    intake: Intake,
    ledger: Ledger,
}

impl Bed {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let set = ["watch.inbox=inbox", "storage.state_dir=state"].map(|pair| {
            let (key, path) = pair.split_once('=').unwrap();
            format!("{key}={}", dir.path().join(path).display())
        });
        let settings = load(&Overrides { set: set.into(), ..Overrides::default() }).unwrap();
        let intake = Intake::new(&settings, &Workspace::new(&settings.state_dir), SiteKey::new([7; 32]));
        Self { dir, intake, ledger: Ledger::default() }
    }

    fn put(&self, path: &str, bytes: &[u8]) {
        let path = self.dir.path().join("inbox").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn settled(&self, path: &str, last_try: bool) -> Arrival {
        let stamp = FileStamp::from(&fs::metadata(self.dir.path().join("inbox").join(path)).unwrap());
        Arrival::Settled { path: path.into(), stamp, last_try }
    }

    fn take(&mut self, arrivals: Vec<Arrival>) -> Vec<String> {
        let taken = self.intake.take(&self.ledger, arrivals, None, &StopFlag::default());
        for event in &taken.events {
            self.ledger.apply(event);
        }
        taken.unfinished.into_iter().map(|file| file.path).collect()
    }

    /// Takes a file in as a version did that read its path otherwise.
    fn take_as(&mut self, path: &str, role: &Role) {
        let inspected =
            inspect(&self.intake.reader, &self.intake.key, &self.dir.path().join("inbox").join(path)).unwrap();
        let groups = GroupBook::new(self.dir.path(), &|_| None);
        let mut ledger_draft = LedgerDraft::new(&self.ledger, &groups, &|_, _| true);
        ledger_draft.admit(path, role, &inspected);
        for event in ledger_draft.into_events() {
            self.ledger.apply(&event);
        }
    }

    fn take_settled(&mut self, paths: &[&str]) -> Vec<String> {
        self.take(paths.iter().map(|path| self.settled(path, false)).collect())
    }

    fn code(&self, path: &str) -> &str {
        match &self.ledger.files[path].outcome {
            FileOutcome::Quarantined { code, .. } => code,
            _ => "",
        }
    }

    fn n_reasons(&self) -> usize {
        fs::read_dir(&self.intake.quarantine).map_or(0, Iterator::count)
    }
}

fn png(grey: u8) -> Vec<u8> {
    encode_png(&Picture::new(8, 8, 1, Pixels::U8(vec![grey; 64])).unwrap()).unwrap()
}

#[test]
fn one_bad_file_never_stops_the_others() {
    let mut bed = Bed::new();
    let whole = png(1);
    bed.put("datasets/d/c/good.png", &whole);
    bed.put("datasets/d/c/same.png", &whole);
    bed.put("datasets/d/e/conflict.png", &whole);
    bed.put("datasets/d/c/half.png", &whole[..30]);
    bed.put("datasets/d/c/notes.txt", b"These were taken in May.");
    bed.put("datasets/d/misplaced.png", &png(2));
    bed.put("scans/good.png", &png(3));
    let paths = [
        "datasets/d/c/good.png",
        "datasets/d/c/half.png",
        "datasets/d/c/notes.txt",
        "datasets/d/c/same.png",
        "datasets/d/e/conflict.png",
        "datasets/d/misplaced.png",
        "scans/good.png",
    ];
    assert_eq!(bed.take_settled(&paths), ["datasets/d/c/half.png"]);
    assert_eq!((bed.ledger.samples.size(), bed.ledger.scans.size()), (0, 1));
    assert_eq!(bed.code("datasets/d/c/notes.txt"), "not-an-image");
    for file in ["c/good.png", "c/same.png", "e/conflict.png"] {
        assert_eq!(bed.code(&format!("datasets/d/{file}")), "label-conflict");
    }
    assert_eq!(bed.code("datasets/d/misplaced.png"), "misplaced");
    assert_eq!((bed.n_reasons(), bed.ledger.counters[Counter::Quarantined]), (5, 5));
}

#[test]
fn a_cut_off_file_is_set_aside_at_its_last_try_and_comes_back_when_it_is_whole() {
    let mut bed = Bed::new();
    let whole = png(1);
    bed.put("scans/a.png", &whole[..30]);
    let last_try = bed.settled("scans/a.png", true);
    assert!(bed.take(vec![last_try]).is_empty());
    assert_eq!((bed.code("scans/a.png"), bed.n_reasons()), ("truncated", 1));
    bed.put("scans/a.png", &whole);
    bed.take_settled(&["scans/a.png"]);
    assert_eq!((bed.code("scans/a.png"), bed.n_reasons(), bed.ledger.scans.size()), ("", 0, 1));
}

#[test]
fn the_reason_goes_with_the_file() {
    let mut bed = Bed::new();
    bed.put("scans/a.png", b"no picture");
    bed.take_settled(&["scans/a.png"]);
    assert_eq!(bed.n_reasons(), 1);
    bed.take(vec![Arrival::Gone { path: "scans/a.png".into() }]);
    assert_eq!((bed.n_reasons(), bed.ledger.files.size()), (0, 0));
}

#[test]
fn what_was_too_large_has_another_try_at_the_next_start() {
    let mut bed = Bed::new();
    bed.intake.reader.decoding.max_side = 4;
    bed.put("scans/a.png", &png(1));
    bed.put("scans/b.png", b"no picture");
    bed.take_settled(&["scans/a.png", "scans/b.png"]);
    assert_eq!(bed.code("scans/a.png"), "too-large");
    let known: Vec<_> = Intake::known(&bed.ledger, &bed.intake.key).into_keys().collect();
    assert_eq!(known, ["scans/b.png"]);
}

#[test]
fn files_from_before_folders_named_sides_are_read_again_once() {
    let mut bed = Bed::new();
    for (number, path) in ["datasets/d/train/c/a.png", "datasets/d/test/b.png", "datasets/d/c/c.png"].iter().enumerate()
    {
        bed.put(path, &png(number as u8));
        let class = ClassName::new(path.split('/').nth(2).unwrap()).unwrap();
        bed.take_as(path, &Role::Sample { dataset: DatasetName::new("d").unwrap(), side: None, class });
    }
    let known: Vec<_> = Intake::known(&bed.ledger, &bed.intake.key).into_keys().collect();
    assert_eq!(known, ["datasets/d/c/c.png"]);
    bed.take_settled(&["datasets/d/train/c/a.png", "datasets/d/test/b.png"]);
    assert_eq!(Intake::known(&bed.ledger, &bed.intake.key).len(), 3);
    let samples: Vec<_> = bed.ledger.samples.values().map(|sample| (sample.class.as_str(), sample.side)).collect();
    assert!(samples.contains(&("c", Some(Split::Train))) && samples.len() == 2, "{samples:?}");
    assert_eq!(bed.code("datasets/d/test/b.png"), "misplaced");
}

#[test]
fn once_stopped_nothing_more_is_read() {
    let mut bed = Bed::new();
    bed.put("scans/a.png", &png(1));
    let stop = StopFlag::default();
    stop.raise();
    let readings = bed.intake.read(&bed.ledger, vec![bed.settled("scans/a.png", false)], None, &stop);
    let taken = bed.intake.decide(&bed.ledger, readings);
    assert!(taken.events.is_empty() && taken.unfinished.is_empty());
    assert_eq!(bed.take_settled(&["scans/a.png"]), [""; 0]);
    assert_eq!(bed.ledger.scans.size(), 1);
}

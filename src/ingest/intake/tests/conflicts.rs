//! One image under two labels: nothing of it is used until a label is taken back.

use super::*;
use crate::domain::Sample;
use crate::imaging::{Phantom, PhantomClass, encode_jpeg};

const C: &str = "datasets/d/c/a.png";
const E: &str = "datasets/d/e/a.png";

impl Bed {
    /// The class of each sample, sorted.
    fn classes(&self) -> Vec<&str> {
        let mut classes: Vec<_> = self.ledger.samples.values().map(|sample| sample.class.as_str()).collect();
        classes.sort_unstable();
        classes
    }

    fn remove(&mut self, path: &str) {
        fs::remove_file(self.dir.path().join("inbox").join(path)).unwrap();
        self.take(vec![Arrival::Gone { path: path.into() }]);
    }

    /// The codes of the two files above, in conflict or not.
    fn codes(&self) -> [&str; 2] {
        [self.code(C), self.code(E)]
    }
}

const BOTH: [&str; 2] = ["label-conflict"; 2];

fn phantom(seed: u64) -> Picture {
    Phantom { class: PhantomClass::Plain, seed }.image().picture
}

#[test]
fn the_other_label_stands_when_one_is_removed() {
    for removed in [C, E] {
        let mut bed = Bed::new();
        bed.put(C, &png(1));
        bed.put(E, &png(1));
        bed.take_settled(&[C]);
        assert_eq!(bed.classes(), ["c"]);
        bed.take_settled(&[E]);
        assert_eq!((bed.codes(), bed.n_reasons(), bed.classes().len()), (BOTH, 2, 0));
        bed.remove(removed);
        assert_eq!((bed.n_reasons(), bed.classes()), (0, vec![if removed == C { "e" } else { "c" }]));
    }
}

#[test]
fn a_label_is_a_label_on_any_side() {
    let mut bed = Bed::new();
    let paths = ["datasets/d/train/c/a.png", "datasets/d/test/e/a.png"];
    for path in paths {
        bed.put(path, &png(1));
    }
    bed.take_settled(&paths);
    assert_eq!(paths.map(|path| bed.code(path)), BOTH);
}

#[test]
fn the_same_image_saved_again_is_a_conflict_and_names_the_other() {
    let image = phantom(1);
    let same = [encode_png(&image.resized(180, 200)).unwrap(), encode_jpeg(&image, 70).unwrap()];
    for again in same {
        let mut bed = Bed::new();
        bed.put(C, &encode_png(&image).unwrap());
        bed.put(E, &again);
        bed.take_settled(&[C, E]);
        assert_eq!((bed.codes(), bed.classes().len()), (BOTH, 0));
        let FileOutcome::Quarantined { reason, fix, .. } = &bed.ledger.files[C].outcome else { panic!() };
        assert!(reason.contains(E) && fix == "remove it from `e` or from `c`, whichever is wrong", "{reason}; {fix}");
        bed.remove(C);
        assert_eq!((bed.classes(), bed.n_reasons()), (vec!["e"], 0));
    }
}

#[test]
fn other_images_and_other_datasets_are_no_conflict() {
    let mut bed = Bed::new();
    bed.put(C, &encode_png(&phantom(1)).unwrap());
    bed.put(E, &encode_png(&phantom(2)).unwrap());
    bed.put("datasets/x/e/a.png", &encode_png(&phantom(1)).unwrap());
    bed.put("datasets/d/c/b.png", &encode_png(&phantom(1).resized(200, 200)).unwrap());
    bed.take_settled(&[C, E, "datasets/x/e/a.png", "datasets/d/c/b.png"]);
    assert_eq!((bed.classes(), bed.n_reasons()), (vec!["c", "c", "e", "e"], 0));
}

#[test]
fn a_third_file_of_either_label_is_left_out_too() {
    let mut bed = Bed::new();
    bed.put(C, &png(1));
    bed.put(E, &png(1));
    bed.take_settled(&[C, E]);
    let third = "datasets/d/c/third.png";
    bed.put(third, &png(1));
    bed.take_settled(&[third]);
    assert_eq!((bed.code(third), bed.classes().len()), ("label-conflict", 0));
    bed.remove(E);
    assert_eq!((bed.classes(), bed.n_reasons()), (vec!["c"], 0), "both files are of one class now");
}

#[test]
fn an_image_that_is_moved_to_another_class_is_no_conflict_with_itself() {
    let mut bed = Bed::new();
    bed.put(C, &encode_png(&phantom(1)).unwrap());
    bed.take_settled(&[C]);
    // Moved, and saved again on the way; that the old file is gone is reported later.
    fs::remove_file(bed.dir.path().join("inbox").join(C)).unwrap();
    bed.put(E, &encode_png(&phantom(1).resized(250, 250)).unwrap());
    bed.take_settled(&[E]);
    assert_eq!(bed.code(E), "");
    bed.take(vec![Arrival::Gone { path: C.into() }]);
    assert_eq!(bed.classes(), ["e"]);
}

#[test]
fn a_conflict_is_solved_by_moving_one_file_to_the_others_class() {
    let mut bed = Bed::new();
    bed.put(C, &png(1));
    bed.put(E, &png(1));
    bed.take_settled(&[C, E]);
    let moved = "datasets/d/e/b.png";
    fs::rename(bed.dir.path().join("inbox").join(C), bed.dir.path().join("inbox").join(moved)).unwrap();
    let arrivals = vec![bed.settled(moved, false), Arrival::Gone { path: C.into() }];
    bed.take(arrivals);
    assert_eq!((bed.classes(), bed.n_reasons(), bed.code(moved), bed.code(E)), (vec!["e"], 0, "", ""));
}

#[test]
fn a_conflict_that_an_older_version_recorded_is_looked_at_again() {
    let mut bed = Bed::new();
    bed.put(C, &png(1));
    bed.take_settled(&[C]);
    bed.put(E, &png(1));
    let stamp = FileStamp::from(&fs::metadata(bed.dir.path().join("inbox").join(E)).unwrap());
    let [code, reason, fix] = ["label-conflict", "it is in `c`", "remove it"].map(str::to_owned);
    let outcome = FileOutcome::Quarantined { code, reason, fix, conflict: None, dicom: false };
    bed.ledger.apply(&LedgerEvent::File(FileRecord { path: E.into(), stamp, outcome }));
    assert!(!Intake::known(&bed.ledger, &bed.intake.key).contains_key(E));
    bed.take_settled(&[E]);
    assert_eq!((bed.codes(), bed.classes().len()), (BOTH, 0));
    assert!(Intake::known(&bed.ledger, &bed.intake.key).contains_key(E));
}

#[test]
fn two_files_that_are_swapped_are_no_conflict() {
    let mut bed = Bed::new();
    bed.put(C, &encode_png(&phantom(1)).unwrap());
    bed.put(E, &encode_png(&phantom(2)).unwrap());
    bed.take_settled(&[C, E]);
    let path = |path: &str| bed.dir.path().join("inbox").join(path);
    let aside = bed.dir.path().join("aside.png");
    fs::rename(path(C), &aside).unwrap();
    fs::rename(path(E), path(C)).unwrap();
    fs::rename(&aside, path(E)).unwrap();
    bed.take_settled(&[C, E]);
    assert_eq!((bed.classes(), bed.n_reasons()), (vec!["c", "e"], 0));
    assert_eq!(bed.ledger.counters[Counter::Quarantined], 0, "not even for a moment");
}

#[test]
fn a_file_waits_while_the_one_cannot_be_read_that_may_show_its_image_under_another_label() {
    let mut bed = Bed::new();
    bed.put(C, &encode_png(&phantom(1)).unwrap());
    bed.take_settled(&[C]);
    // The system refuses names of this length, also to who may read everything.
    let path = format!("datasets/d/c/{}.png", "n".repeat(300));
    let known = bed.ledger.samples.values().next().unwrap().clone();
    let file = FileRecord { path: path.clone(), ..bed.ledger.files[C].clone() };
    bed.ledger.apply(&LedgerEvent::File(file));
    bed.ledger.apply(&LedgerEvent::Sample(Sample { path, ..known }));
    bed.put(E, &encode_jpeg(&phantom(1), 90).unwrap());
    let arrivals = vec![bed.settled(E, true)];
    let taken = bed.intake.take(&bed.ledger, arrivals, None, &StopFlag::default());
    let waits: Vec<_> = taken.unfinished.iter().map(|file| (file.path.as_str(), file.failure.code)).collect();
    assert_eq!((taken.events.len(), waits), (0, vec![(E, "unreadable")]));
}

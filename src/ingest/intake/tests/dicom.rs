//! DICOM files: who belongs together by them, which of them are one image, and the key of their hashes.

use super::*;
use crate::ingest::test_dicom::{INSTANCE, ISSUER, MODEL, PATIENT, STUDY, dicom};

const A: &str = "datasets/d/c/a.dcm";
const B: &str = "datasets/d/c/b.dcm";
const OTHER_CLASS: &str = "datasets/d/e/b.dcm";
const IN_TEST: &str = "datasets/d/test/c/b.dcm";
const SCAN: &str = "scans/a";
const SCAN_AGAIN: &str = "scans/b";

/// One image, and the same with an edited header.
fn twice() -> [Vec<u8>; 2] {
    ["one", "two"].map(|model| dicom(1, &[(INSTANCE, "1.2.3"), (PATIENT, "P"), (MODEL, model)]))
}

impl Bed {
    fn groups(&self) -> Vec<Option<&str>> {
        self.ledger.samples.values().map(|sample| sample.group.as_deref()).collect()
    }

    fn paths(&self) -> Vec<&str> {
        let samples = self.ledger.samples.values().map(|sample| sample.path.as_str());
        samples.chain(self.ledger.scans.values().map(|scan| scan.path.as_str())).collect()
    }

    fn put_and_take(&mut self, path: &str, bytes: &[u8]) {
        self.put(path, bytes);
        assert!(self.take_settled(&[path]).is_empty());
    }

    fn lose(&mut self, path: &str) {
        fs::remove_file(self.dir.path().join("inbox").join(path)).unwrap();
        assert!(self.take(vec![Arrival::Gone { path: path.into() }]).is_empty());
    }

    fn is_repeat(&self, path: &str) -> bool {
        matches!(self.ledger.files[path].outcome, FileOutcome::Repeated { .. })
    }

    fn knows(&self, path: &str) -> bool {
        Intake::known(&self.ledger, &self.intake.key).contains_key(path)
    }
}

#[test]
fn images_of_a_patient_are_a_group_and_without_a_patient_those_of_a_study() {
    let mut bed = Bed::new();
    bed.put_and_take(A, &dicom(1, &[(PATIENT, "P 1"), (STUDY, "1.2")]));
    bed.put_and_take(B, &dicom(2, &[(PATIENT, " P 1 "), (STUDY, "1.3")]));
    let groups = bed.groups();
    assert!(groups[0] == groups[1] && groups[0].unwrap().starts_with("patient-"), "{groups:?}");
    let mut bed = Bed::new();
    bed.put_and_take(A, &dicom(1, &[(PATIENT, "  "), (STUDY, "1.2")]));
    bed.put_and_take(B, &dicom(2, &[(STUDY, "1.2")]));
    let groups = bed.groups();
    assert!(groups[0] == groups[1] && groups[0].unwrap().starts_with("study-"), "{groups:?}");
    assert!(!serde_json::to_string(bed.ledger.samples.values().next().unwrap()).unwrap().contains("1.2"));
}

#[test]
fn a_patient_is_one_whatever_a_file_leaves_out_and_whichever_of_them_is_listed() {
    let both = [(PATIENT, "P"), (STUDY, "1.2"), (ISSUER, "H")];
    let second = [[(PATIENT, "P"), (STUDY, "1.3"), (ISSUER, "")], [(PATIENT, ""), (STUDY, "1.2"), (ISSUER, "")], both];
    for second in second {
        for order in [[A, B], [B, A]] {
            let mut bed = Bed::new();
            bed.put_and_take("datasets/d/groups.csv", b"file,group\na.dcm,someone\n");
            for path in order {
                let texts = if path == A { both } else { second };
                bed.put_and_take(path, &dicom(if path == A { 1 } else { 9 }, &texts));
            }
            bed.put_and_take("datasets/d/c/c.dcm", &dicom(4, &[(PATIENT, "Q"), (ISSUER, "H")]));
            let samples: Vec<_> = bed.ledger.samples.values().cloned().collect();
            let folds = crate::ingest::assign_folds(&samples, 2);
            let fold = |path: &str| folds[&samples.iter().find(|sample| sample.path == path).unwrap().hash];
            assert!(fold(A) == fold(B) && fold(A) != fold("datasets/d/c/c.dcm"), "{second:?}");
        }
    }
}

#[test]
fn a_list_that_is_removed_leaves_the_groups_of_the_files() {
    let mut bed = Bed::new();
    let list = "datasets/d/groups.csv";
    bed.put_and_take(list, b"file,group\na.dcm,someone\n");
    bed.put_and_take(A, &dicom(1, &[(PATIENT, "P")]));
    assert_eq!(bed.groups(), [Some("someone")]);
    bed.lose(list);
    assert!(bed.groups()[0].unwrap().starts_with("patient-"));
}

#[test]
fn files_of_another_key_and_those_of_an_older_version_are_read_again_and_get_new_groups() {
    let mut bed = Bed::new();
    let [image, _] = twice();
    bed.put_and_take(A, &image);
    bed.put_and_take("datasets/d/c/same.dcm", &image);
    bed.put_and_take(SCAN, &dicom(1, &[(PATIENT, "P")]));
    assert!(bed.knows(A) && bed.knows(SCAN));
    let former = bed.groups()[0].map(str::to_owned);
    bed.intake.key = SiteKey::new([8; 32]);
    assert!(!bed.knows(A) && !bed.knows(SCAN));
    assert!(bed.take_settled(&["datasets/d/c/same.dcm", A, SCAN]).is_empty());
    assert!(bed.knows(A) && bed.knows(SCAN));
    assert!(bed.groups()[0].is_some() && bed.groups()[0] != former.as_deref());
    let old = bed.ledger.samples.values().next().unwrap().clone();
    bed.ledger.apply(&LedgerEvent::Sample(crate::domain::Sample { group: None, dicom: None, ..old.clone() }));
    assert!(!bed.knows(A));
    assert!(bed.take_settled(&[A]).is_empty());
    assert_eq!(bed.ledger.samples.values().next(), Some(&old));
}

#[test]
fn two_files_with_one_number_are_one_image_and_the_second_takes_the_place_of_the_first() {
    for [first, second] in [[A, B], [SCAN, SCAN_AGAIN]] {
        let mut bed = Bed::new();
        let [one, two] = twice();
        bed.put_and_take(first, &one);
        bed.put_and_take(second, &two);
        assert_eq!(bed.paths(), [first]);
        assert!(bed.is_repeat(second) && bed.knows(second));
        assert!(bed.take_settled(&[second]).is_empty(), "touched");
        assert!(bed.is_repeat(second));
        bed.lose(first);
        assert_eq!(bed.paths(), [second]);
        assert!(!bed.is_repeat(second));
        bed.put_and_take(first, &one);
        assert!(bed.is_repeat(first));
        bed.lose(first);
        assert_eq!(bed.paths(), [second]);
    }
}

#[test]
fn what_a_freed_file_frees_is_settled_too_and_one_that_cannot_be_used_is_recorded() {
    let mut bed = Bed::new();
    let [first, again, sample, repeat] =
        ["datasets/d/e/first.dcm", "datasets/d/e/again.dcm", "datasets/d/c/sample.dcm", "datasets/d/c/repeat.dcm"];
    bed.put_and_take(first, &dicom(1, &[(INSTANCE, "2")]));
    bed.put_and_take(again, &dicom(9, &[(INSTANCE, "2")]));
    bed.put_and_take(sample, &dicom(9, &[(INSTANCE, "1")]));
    bed.put_and_take(repeat, &dicom(9, &[(INSTANCE, "1"), (MODEL, "edited")]));
    assert!(bed.is_repeat(again) && bed.is_repeat(repeat));
    bed.lose(first);
    assert_eq!([again, sample, repeat].map(|path| bed.code(path)), ["label-conflict"; 3]);

    let mut bed = Bed::new();
    let [one, two] = twice();
    bed.put_and_take(A, &one);
    bed.put_and_take(B, &two);
    bed.put(B, b"no image any more");
    bed.lose(A);
    assert_eq!((bed.code(B), bed.n_reasons()), ("not-an-image", 1));
}

#[test]
fn a_forgotten_image_stays_out_in_another_file_too() {
    let mut bed = Bed::new();
    let [one, two] = twice();
    bed.put_and_take(A, &one);
    let sample = bed.ledger.samples.values().next().unwrap().clone();
    bed.ledger = Ledger::default();
    bed.ledger.apply(&LedgerEvent::Forgotten { hash: sample.hash, instance: sample.instance().cloned() });
    for (path, bytes) in [(A, &one), (B, &two), (SCAN, &two)] {
        bed.put_and_take(path, bytes);
        assert!(bed.paths().is_empty() && bed.ledger.files.is_empty(), "{path}");
    }
    let most = std::mem::replace(&mut bed.intake.reader.decoding.max_side, 4);
    bed.put_and_take(SCAN, &two);
    assert!(bed.ledger.files.is_empty(), "also one that cannot be used");
    bed.intake.reader.decoding.max_side = most;
    bed.ledger.apply(&LedgerEvent::Readmitted { hash: sample.hash });
    bed.put_and_take(B, &two);
    assert_eq!(bed.paths(), [B]);
    let old: LedgerEvent =
        serde_json::from_str(&format!(r#"{{"event":"forgotten","hash":"{}"}}"#, sample.hash)).unwrap();
    assert_eq!(old, LedgerEvent::Forgotten { hash: sample.hash, instance: None });
}

#[test]
fn a_file_that_is_gone_stands_for_nothing() {
    let mut bed = Bed::new();
    let [one, two] = twice();
    bed.put_and_take(A, &one);
    fs::remove_file(bed.dir.path().join("inbox").join(A)).unwrap();
    bed.put_and_take(B, &two);
    assert_eq!(bed.paths(), [B]);
    assert!(bed.take(vec![Arrival::Gone { path: A.into() }]).is_empty());
    assert_eq!(bed.paths(), [B]);
}

#[test]
fn a_rewritten_file_is_still_the_image_that_others_repeat() {
    let mut bed = Bed::new();
    let [one, two] = twice();
    bed.put_and_take(A, &one);
    bed.put_and_take(B, &two);
    bed.put_and_take(A, &dicom(1, &[(INSTANCE, "1.2.3"), (MODEL, "edited")]));
    assert_eq!(bed.ledger.samples.size(), 1);
    assert_eq!([A, B].iter().filter(|path| bed.is_repeat(path)).count(), 1);
    bed.put_and_take(B, &dicom(2, &[(INSTANCE, "1.2.4")]));
    assert_eq!(bed.paths().len(), 2);
}

#[test]
fn of_two_sides_the_stronger_one_has_the_image() {
    let [one, two] = twice();
    for order in [[A, IN_TEST], [IN_TEST, A]] {
        let mut bed = Bed::new();
        bed.put_and_take(order[0], &one);
        bed.put_and_take(order[1], &two);
        assert_eq!(bed.paths(), [IN_TEST]);
        assert!(bed.is_repeat(A) && bed.knows(A) && bed.knows(IN_TEST));
        bed.lose(IN_TEST);
        assert_eq!(bed.paths(), [A]);
    }
}

#[test]
fn one_number_under_two_labels_is_a_conflict_whatever_the_images_show() {
    let mut bed = Bed::new();
    let other = dicom(9, &[(INSTANCE, "1.2.3")]);
    let [one, two] = twice();
    bed.put_and_take(A, &one);
    bed.put_and_take("datasets/d/c/again.dcm", &two);
    bed.put_and_take(OTHER_CLASS, &other);
    assert_eq!(bed.ledger.samples.size(), 0);
    for path in [A, "datasets/d/c/again.dcm", OTHER_CLASS] {
        assert_eq!(bed.code(path), "label-conflict", "{path}");
        assert!(bed.knows(path));
    }
    bed.intake.key = SiteKey::new([8; 32]);
    assert!(!bed.knows(A) && !bed.knows(OTHER_CLASS), "their hashes are of another key");
    bed.take_settled(&[A, "datasets/d/c/again.dcm", OTHER_CLASS]);
    assert_eq!(
        (bed.ledger.samples.size(), bed.code(A), bed.code(OTHER_CLASS)),
        (0, "label-conflict", "label-conflict")
    );
    bed.lose(OTHER_CLASS);
    assert_eq!((bed.ledger.samples.size(), bed.n_reasons()), (1, 0));
}

//! Events to commit.

use crate::domain::{
    Border, ClassName, ContentHash, Counter, DatasetName, Decision, DicomFacts, FileOutcome, FileRecord, FileStamp,
    ImageFacts, LabelConflict, LedgerEvent, ModelRecord, PerceptualHash, RunId, Sample, Scan, ScanState, Split,
};
use crate::stats::Paired;

pub(super) fn dataset() -> DatasetName {
    DatasetName::new("x ray (β)").unwrap()
}

pub(super) fn run(id: &str) -> RunId {
    RunId::new(id).unwrap()
}

fn facts() -> ImageFacts {
    ImageFacts { width: 640, height: 480, colour: "grey16".to_owned(), ..ImageFacts::example() }
}

fn dicom_facts(n: u64) -> DicomFacts {
    let hash = |of: &str| Some(format!("{of}{n}"));
    DicomFacts { key: "k".to_owned(), patient: hash("p"), instance: hash("i"), ..DicomFacts::default() }
}

pub(super) fn sample(n: u64, split: Option<Split>) -> LedgerEvent {
    LedgerEvent::Sample(Sample {
        dataset: dataset(),
        class: ClassName::new(["covid", "normal"][n as usize % 2]).unwrap(),
        hash: ContentHash::of(&n.to_le_bytes()),
        path: format!("datasets/x/covid/{n}.png"),
        group: n.is_multiple_of(3).then(|| format!("patient {n}")),
        side: split.filter(|_| n.is_multiple_of(5)),
        split,
        image: facts(),
        perceptual_hash: n
            .is_multiple_of(2)
            .then(|| PerceptualHash::new(&[n.is_multiple_of(4); PerceptualHash::N_BITS])),
        border: n.is_multiple_of(2).then(|| Border::new([n as u8; Border::N_CELLS])),
        dicom: n.is_multiple_of(3).then(|| Box::new(dicom_facts(n))),
    })
}

pub(super) fn sample_gone(n: u64) -> LedgerEvent {
    LedgerEvent::SampleGone { dataset: dataset(), hash: ContentHash::of(&n.to_le_bytes()) }
}

pub(super) fn former_sample(n: u64) -> LedgerEvent {
    let LedgerEvent::Sample(sample) = sample(n, None) else { unreachable!("it makes samples") };
    LedgerEvent::FormerSample(sample)
}

pub(super) fn path(n: u64) -> String {
    format!("datasets/x/new\nline \"{n}\".png")
}

pub(super) fn file(n: u64) -> LedgerEvent {
    let hash = ContentHash::of(&n.to_le_bytes());
    let outcome = match n % 3 {
        0 => FileOutcome::Sample { dataset: dataset(), hash },
        1 => FileOutcome::Scan { dataset: None, hash },
        _ => FileOutcome::Quarantined {
            code: "truncated".to_owned(),
            reason: "it ends early".to_owned(),
            fix: "copy it again".to_owned(),
            conflict: n.is_multiple_of(2).then_some(LabelConflict { hash, perceptual_hash: None, dicom: None }),
            dicom: n.is_multiple_of(3),
        },
    };
    let stamp = FileStamp { len: n, mtime_ns: -1_700_000_000_123_456_789, inode: u64::MAX, ..FileStamp::NONE };
    LedgerEvent::File(FileRecord { path: path(n), stamp, outcome })
}

pub(super) fn file_gone(n: u64) -> LedgerEvent {
    LedgerEvent::FileGone { path: path(n) }
}

/// A content that a person forgets, step by step.
pub(super) fn forgetting(step: usize, n: u64) -> LedgerEvent {
    let hash = ContentHash::of(&n.to_le_bytes());
    match step {
        0 => LedgerEvent::Forgotten { hash, instance: n.is_multiple_of(3).then(|| format!("{n:024x}")) },
        1 => LedgerEvent::ErasureDue { hash },
        2 => LedgerEvent::ImageErased { hash },
        _ => LedgerEvent::Readmitted { hash },
    }
}

/// A file of unknown content that a person forgets, and then nothing is left of it.
pub(super) fn file_forgotten(n: u64) -> LedgerEvent {
    LedgerEvent::FileForgotten { path: path(n) }
}

pub(super) fn file_erased(n: u64) -> LedgerEvent {
    LedgerEvent::FileErased { path: path(n) }
}

pub(super) fn scan(n: u64, explained_by: Option<&str>) -> LedgerEvent {
    let state = explained_by.map_or(ScanState::Waiting, |id| ScanState::Explained {
        model: run(id),
        report: format!("x ray (β)/scan-{n}"),
    });
    LedgerEvent::Scan(Scan {
        dataset: n.is_multiple_of(2).then(dataset),
        hash: ContentHash::of(&n.to_le_bytes()),
        path: format!("scans/{n}.jpg"),
        state,
        image: facts(),
        perceptual_hash: None,
        dicom: n.is_multiple_of(3).then(|| Box::new(dicom_facts(n))),
    })
}

pub(super) fn counted(counter: Counter, n: u64) -> LedgerEvent {
    LedgerEvent::Counted { counter, n }
}

/// A model whose head is the bytes `head`.
pub(super) fn model(id: &str, val_accuracy: f64, head: &[u8]) -> ModelRecord {
    let mut model = ModelRecord::example(dataset().as_str(), id);
    model.val_accuracy = val_accuracy;
    model.head.sha256 = ContentHash::of(head);
    model
}

pub(super) fn decision(id: &str, promoted: bool, previous: Option<&str>) -> LedgerEvent {
    LedgerEvent::Decision(Decision {
        dataset: dataset(),
        run_id: run(id),
        promoted,
        previous: previous.map(run),
        n_validation: 10,
        candidate_correct: 9,
        previous_correct: previous.map(|_| 8),
        paired: previous.map(|_| Paired::of(&[true, false], &[false, false])),
        reason: "9 of 10 against 8 of 10".to_owned(),
        by_hand: false,
        at: "2026-01-02T03:04:06Z".to_owned(),
    })
}

/// A training that is promoted, in one commit.
pub(super) fn promotion(id: &str, previous: Option<&str>) -> Vec<LedgerEvent> {
    let run = LedgerEvent::Run(Box::new(model(id, 0.9, b"weights")));
    vec![run, decision(id, true, previous), counted(Counter::Trainings, 1)]
}

/// Some commits in which every kind of event occurs.
pub(super) fn a_life() -> Vec<Vec<LedgerEvent>> {
    let arrivals = (0..40).flat_map(|n| [file(n), sample(n, None), counted(Counter::Samples, 1)]).collect();
    let splits = (0..40).map(|n| sample(n, Some(if n % 5 == 0 { Split::Validation } else { Split::Train }))).collect();
    vec![
        arrivals,
        splits,
        vec![scan(1, None), scan(2, None)],
        promotion("0001-cafe", None),
        vec![scan(2, Some("0001-cafe")), counted(Counter::ScansExplained, 1)],
        vec![file_gone(3), sample_gone(3), file_forgotten(5), file_forgotten(6), file_erased(6)],
        promotion("0002-beef", Some("0001-cafe")),
    ]
}

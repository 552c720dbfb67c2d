//! After any events the index says what a walk through all records says.

use proptest::prelude::*;

use super::*;
use crate::domain::{DicomFacts, FileStamp, ImageFacts, Ledger, LedgerEvent, RunId};

fn dataset(number: u8) -> DatasetName {
    DatasetName::new(format!("d{number}")).unwrap()
}

fn facts() -> ImageFacts {
    ImageFacts::example()
}

fn sample(of: u8, hash: ContentHash, class: u8, side: u8) -> Sample {
    Sample {
        dataset: dataset(of),
        class: ClassName::new(format!("c{class}")).unwrap(),
        hash,
        path: String::new(),
        group: None,
        side: None,
        split: [None, Some(Split::Train), Some(Split::Validation)][usize::from(side)],
        image: facts(),
        perceptual_hash: None,
        border: None,
        dicom: numbered(side),
    }
}

/// Of an image with one of two numbers, or none.
fn numbered(number: u8) -> Option<Box<DicomFacts>> {
    let instance = Some(number.to_string());
    (number > 0).then(|| Box::new(DicomFacts { instance, ..DicomFacts::default() }))
}

/// Of three contents, datasets, classes and paths, so that events meet.
fn event() -> impl Strategy<Value = LedgerEvent> {
    let numbers = (0..9_u8, 0..3_u8, 0..3_u8, 0..3_u8, 0..3_u8);
    numbers.prop_map(|(kind, of, content, a, b)| {
        let hash = ContentHash::of(&[content]);
        let named = (of > 0).then(|| dataset(of));
        let path = ["a.png", "datasets/d/test/c/b.png", "datasets/d/train/c/a.png"][usize::from(a)].to_owned();
        match kind {
            0 => LedgerEvent::Sample(sample(of, hash, a, b)),
            1 => LedgerEvent::SampleGone { dataset: dataset(of), hash },
            2 => {
                let explained = ScanState::Explained { model: RunId::new("0001-a").unwrap(), report: String::new() };
                let state = if a == 0 { explained } else { ScanState::Waiting };
                LedgerEvent::Scan(Scan {
                    dataset: named,
                    hash,
                    path,
                    state,
                    image: facts(),
                    perceptual_hash: None,
                    dicom: numbered(b),
                })
            }
            7 => LedgerEvent::Forgotten {
                hash: forgotten(content),
                instance: numbered(b).and_then(|facts| facts.instance),
            },
            8 => LedgerEvent::Readmitted { hash: forgotten(content) },
            6 => LedgerEvent::FormerSample(sample(of, hash, a, b)),
            3 => LedgerEvent::ScanGone { dataset: named, hash },
            4 => {
                let reason = || "it is damaged".to_owned();
                let outcome = match b {
                    0 => FileOutcome::Sample { dataset: dataset(of), hash },
                    1 => FileOutcome::Scan { dataset: named, hash },
                    _ if of == 0 => FileOutcome::Repeated { hash, of: ContentHash::of(&[a]) },
                    _ => FileOutcome::Quarantined {
                        code: "damaged".into(),
                        reason: reason(),
                        fix: reason(),
                        conflict: None,
                        dicom: false,
                    },
                };
                LedgerEvent::File(FileRecord {
                    path,
                    stamp: FileStamp { len: 1, mtime_ns: 1, inode: 1, ..FileStamp::NONE },
                    outcome,
                })
            }
            _ => LedgerEvent::FileGone { path },
        }
    })
}

/// A content of which nothing else is recorded: what is forgotten is in no list of samples and scans.
fn forgotten(content: u8) -> ContentHash {
    ContentHash::of(&[content, 1])
}

fn folded(events: &[LedgerEvent]) -> Ledger {
    let mut ledger = Ledger::default();
    for event in events {
        ledger.apply(event);
    }
    ledger
}

/// The index of what the ledger holds, made anew.
fn made_anew(ledger: &Ledger) -> Index {
    let mut index = Index::default();
    ledger.files.values().for_each(|file| index.file_changes(None, Some(file)));
    ledger.samples.values().for_each(|sample| index.sample_changes(None, Some(sample)));
    ledger.scans.values().for_each(|scan| index.scan_changes(None, Some(scan)));
    ledger.forgotten.iter().for_each(|(hash, instance)| index.forgotten_changes(*hash, None, Some(instance)));
    index
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_follows_from_the_records(events in prop::collection::vec(event(), 0..60)) {
        let ledger = folded(&events);
        prop_assert_eq!(&ledger.index, &made_anew(&ledger));
        for of in 0..3 {
            let name = dataset(of);
            let n_samples = ledger.samples_of(&name).count() as u64;
            let counted: u64 = ledger.class_counts(&name).values().flat_map(BTreeMap::values).sum();
            prop_assert_eq!((counted, ledger.has_samples(&name)), (n_samples, n_samples > 0));
            let named = (of > 0).then_some(name);
            let waits = |scan: &&Scan| scan.dataset == named && scan.state == ScanState::Waiting;
            let walked: Vec<_> = ledger.scans.values().filter(waits).collect();
            prop_assert_eq!(ledger.waiting_scans(&named).collect::<Vec<_>>(), walked.clone());
            prop_assert_eq!(ledger.n_waiting_scans().get(&named).copied().unwrap_or(0), walked.len());
        }
        for content in 0..3_u8 {
            let hash = ContentHash::of(&[content]);
            let held = ledger.files.values().filter(|file| super::content(&file.outcome) == Some(hash));
            let mut walked: Vec<_> = held.collect();
            walked.sort_by_key(|file| Reverse(Split::of_path(&file.path)));
            prop_assert_eq!(ledger.files_holding(hash).collect::<Vec<_>>(), walked);
            let repeats = |file: &&FileRecord| matches!(file.outcome, FileOutcome::Repeated { of, .. } if of == hash);
            let walked: Vec<_> = ledger.files.values().filter(repeats).collect();
            prop_assert_eq!(ledger.repeats_of(hash).collect::<Vec<_>>(), walked);
            let (of, number) = (dataset(content), "1".to_owned());
            let numbered = ledger.samples_of(&of).filter(|sample| sample.instance() == Some(&number));
            prop_assert_eq!(ledger.samples_numbered(&of, &number).collect::<Vec<_>>(), numbered.collect::<Vec<_>>());
            let scans = ledger.scans.values();
            let numbered = scans.filter(|scan| scan.dataset.as_ref() == Some(&of) && scan.instance() == Some(&number));
            prop_assert_eq!(ledger.scans_numbered(Some(&of), &number).collect::<Vec<_>>(), numbered.collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_copy_keeps_what_it_was_made_of(before in prop::collection::vec(event(), 0..30), after in prop::collection::vec(event(), 0..30)) {
        let mut ledger = folded(&before);
        let copy = ledger.clone();
        for event in &after {
            ledger.apply(event);
        }
        prop_assert_eq!(copy, folded(&before));
    }
}

#[test]
fn files_below_a_folder_are_those_and_no_others() {
    let mut ledger = Ledger::default();
    let stamp = FileStamp { len: 1, mtime_ns: 1, inode: 1, ..FileStamp::NONE };
    for path in
        ["datasets/a/c/1.png", "datasets/a b/c/2.png", "datasets/a/d/3.png", "datasets/b/c/4.png", "scans/5.png"]
    {
        let outcome = FileOutcome::Groups { dataset: dataset(0) };
        ledger.apply(&LedgerEvent::File(FileRecord { path: path.into(), stamp, outcome }));
    }
    let below: Vec<_> = ledger.files_below("datasets/a/").map(|file| file.path.as_str()).collect();
    assert_eq!(below, ["datasets/a/c/1.png", "datasets/a/d/3.png"]);
}

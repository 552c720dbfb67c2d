//! Files with other metadata and the same bytes, and known files that cannot be read.

use std::io::ErrorKind;

use super::*;

/// Copies a file over itself, as restoring a backup does: another inode, another `ctime_ns`.
fn restore(bed: &Bed, path: &str) {
    let path = bed.dir.path().join("inbox").join(path);
    let copy = path.with_extension("copy");
    fs::copy(&path, &copy).unwrap();
    fs::rename(&copy, &path).unwrap();
}

const FILES: [&str; 4] = ["datasets/d/c/a.png", "datasets/d/c/same.png", "datasets/d/e/b.png", "scans/s.png"];

fn filled() -> Bed {
    let mut bed = Bed::new();
    for (path, grey) in FILES.iter().zip([1, 1, 200, 3]) {
        bed.put(path, &png(grey));
    }
    bed.put("scans/bad.png", b"no image");
    bed.take_settled(&FILES);
    bed.take_settled(&["scans/bad.png"]);
    bed
}

#[test]
fn a_restored_inbox_changes_nothing_but_stamps() {
    let mut bed = filled();
    let (samples, scans, counters) = (bed.ledger.samples.clone(), bed.ledger.scans.clone(), bed.ledger.counters);
    for path in FILES {
        restore(&bed, path);
    }
    let settled = FILES.iter().map(|path| bed.settled(path, false)).collect();
    let taken = bed.intake.take(&bed.ledger, settled, None, &StopFlag::default());
    assert!(taken.events.iter().all(|event| matches!(event, LedgerEvent::File(_))), "{:?}", taken.events);
    assert_eq!(taken.events.len(), FILES.len());
    for event in &taken.events {
        bed.ledger.apply(event);
    }
    assert!(bed.ledger.samples == samples && bed.ledger.scans == scans && bed.ledger.counters == counters);
    for path in FILES {
        let now = FileStamp::from(&fs::metadata(bed.dir.path().join("inbox").join(path)).unwrap());
        assert!(now.matches(&bed.ledger.files[path].stamp, false), "{path}");
    }
    restore(&bed, "scans/bad.png");
    let bad = bed.settled("scans/bad.png", false);
    let Arrival::Settled { stamp, .. } = bad else { unreachable!("it is settled") };
    let mtime_ns = bed.ledger.files["scans/bad.png"].stamp.mtime_ns;
    bed.take(vec![Arrival::Settled {
        path: "scans/bad.png".into(),
        stamp: FileStamp { mtime_ns, ..stamp },
        last_try: false,
    }]);
    assert_eq!(bed.ledger.counters, counters, "the same bad file counts once");
}

#[test]
fn a_known_image_that_cannot_be_read_stays_known_at_every_try() {
    let mut bed = filled();
    let n_samples = bed.ledger.samples.size();
    let Arrival::Settled { path, stamp, .. } = bed.settled("datasets/d/c/a.png", true) else { unreachable!() };
    let failure = FileFailure::unreadable("datasets/d/c/a.png", &ErrorKind::PermissionDenied.into());
    let read = vec![ReadFile { path, stamp, last_try: false, result: Err(failure) }];
    let taken = bed.intake.decide(&bed.ledger, ReadBatch { read, gone: Vec::new() });
    assert_eq!((taken.events.len(), taken.unfinished.len()), (0, 1));
    bed.take(Vec::new());
    assert_eq!(bed.ledger.samples.size(), n_samples);
}

#[test]
fn nothing_is_decided_on_a_file_that_cannot_be_read_also_at_its_last_try() {
    let bed = filled();
    let Arrival::Settled { stamp, .. } = bed.settled("datasets/d/c/a.png", true) else { unreachable!() };
    // The system refuses names of this length, also to who may read everything.
    let path = format!("datasets/d/c/{}.png", "n".repeat(300));
    let arrivals = vec![Arrival::Settled { path: path.clone(), stamp, last_try: true }];
    let taken = bed.intake.take(&bed.ledger, arrivals, None, &StopFlag::default());
    let unfinished: Vec<_> = taken.unfinished.iter().map(|file| (&file.path, file.failure.code)).collect();
    assert_eq!((taken.events.len(), unfinished), (0, vec![(&path, "unreadable")]));
}

#[test]
fn a_rewritten_file_is_decoded_and_counts_as_another_image() {
    let mut bed = filled();
    bed.put("datasets/d/c/a.png", &png(90));
    bed.take_settled(&["datasets/d/c/a.png"]);
    assert_eq!(bed.ledger.samples.size(), 3);
}

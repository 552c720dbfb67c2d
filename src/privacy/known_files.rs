//! Files of which is known from an earlier life of the program that they are DICOM.

use std::collections::BTreeSet;

use super::shown::hide;
use crate::domain::{ContentHash, FileOutcome, ImageFacts, Ledger};

/// As the facts of an image and the refusals of the decoder have it.
const FORMAT: &str = "dicom";

/// Hides the names of the files that are recorded as DICOM, also where they are called otherwise.
pub fn hide_known(ledger: &Ledger) {
    let samples = ledger.samples_ever().map(|sample| (&sample.image, sample.hash, &sample.path));
    let images = samples.chain(ledger.scans.values().map(|scan| (&scan.image, scan.hash, &scan.path)));
    let mut contents = BTreeSet::new();
    for (_, hash, path) in images.filter(|(image, ..)| is_dicom(image)) {
        contents.insert(hash);
        hide(path);
    }
    ledger.files.values().filter(|file| may_be_dicom(&file.outcome, &contents)).for_each(|file| hide(&file.path));
}

fn is_dicom(image: &ImageFacts) -> bool {
    image.format == FORMAT
}

/// What could not be used says so in its reason.
fn may_be_dicom(outcome: &FileOutcome, contents: &BTreeSet<ContentHash>) -> bool {
    match outcome {
        FileOutcome::Quarantined { reason, .. } => reason.to_lowercase().contains(FORMAT),
        other => other.content().is_some_and(|hash| contents.contains(&hash)),
    }
}

//! What is known from an earlier life of the program: which files are DICOM, and which datasets there are.

use std::collections::BTreeSet;

use super::shown::{hide, know_datasets};
use crate::domain::{ContentHash, FileOutcome, ImageFacts, Ledger};

/// As the facts of an image have it, and the code of refusal that DICOM files had while they were not read.
const FORMAT: &str = "dicom";

/// Hides the names of the files that are recorded as DICOM, also where they are called otherwise, and shows those of the
/// datasets that are recorded.
pub fn hide_known(ledger: &Ledger) {
    know_datasets(ledger.datasets().chain(ledger.best.keys()).chain(ledger.runs.keys().map(|(dataset, _)| dataset)));
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

fn may_be_dicom(outcome: &FileOutcome, contents: &BTreeSet<ContentHash>) -> bool {
    match outcome {
        // Only DICOM numbers its images.
        FileOutcome::Repeated { .. } => true,
        FileOutcome::Quarantined { dicom, code, conflict, .. } => {
            *dicom || code == FORMAT || conflict.as_ref().is_some_and(|image| image.dicom.is_some())
        }
        other => other.content().is_some_and(|hash| contents.contains(&hash)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{DatasetName, FileRecord, FileStamp, LedgerEvent};
    use crate::privacy::shows;

    #[test]
    fn what_is_recorded_as_dicom_is_hidden_under_any_name() {
        let mut ledger = Ledger::default();
        let [hash, of] = [b"a", b"b"].map(|bytes| ContentHash::of(bytes));
        let left_out = |code: &str, dicom| {
            let [reason, fix] = ["no DICOM word says it".to_owned(), "remove it".to_owned()];
            FileOutcome::Quarantined { code: code.to_owned(), reason, fix, conflict: None, dicom }
        };
        let outcomes = [
            ("repeated", FileOutcome::Repeated { hash, of }, false),
            ("flagged", left_out("damaged", true), false),
            ("not-read-then", left_out("dicom", false), false),
            ("other", left_out("damaged", false), true),
            ("scan", FileOutcome::Scan { dataset: DatasetName::new("d").ok(), hash }, true),
        ];
        for (name, outcome, _) in &outcomes {
            let (path, stamp) = (format!("scans/known/{name}.png"), FileStamp::from(&std::fs::metadata(".").unwrap()));
            ledger.apply(&LedgerEvent::File(FileRecord { path, stamp, outcome: outcome.clone() }));
        }
        hide_known(&ledger);
        for (name, _, is_shown) in outcomes {
            assert_eq!(shows(format!("scans/known/{name}.png")), is_shown, "{name}");
        }
    }
}

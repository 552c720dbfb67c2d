//! Which files need not be read again.

use std::collections::BTreeMap;

use super::Intake;
use crate::content::FileFailure;
use crate::domain::{DicomFacts, FileOutcome, FileRecord, FileStamp, Ledger, Split};
use crate::ingest::label_conflicts::{conflict_of, is_contested};
use crate::ingest::role_of;
use crate::ingest::unchanged::is_repeat;
use crate::privacy::SiteKey;

impl Intake {
    /// The files that need not be read again while they stay as they are. Those that were quarantined for what the user can
    /// change elsewhere (limits, permissions) are left out: they have another try at every start; and so are those that
    /// were taken in before folders named sides, by a version that took `train` for a class, and DICOM files of which no
    /// facts are known, or those of a key that was lost.
    pub fn known(ledger: &Ledger, key: &SiteKey) -> BTreeMap<String, FileStamp> {
        let key = key.id();
        let known = ledger.files.values().filter(|file| is_settled(ledger, file, &key));
        known.map(|file| (file.path.clone(), file.stamp)).collect()
    }

    /// Warns if the hashes that are known are those of another key: it was lost, and this one was made anew.
    pub fn warn_of_other_key(ledger: &Ledger, key: &SiteKey) {
        let key = key.id();
        let samples = ledger.samples.values().filter_map(|sample| sample.dicom.as_deref());
        let scans = ledger.scans.values().filter_map(|scan| scan.dicom.as_deref());
        let n = samples.chain(scans).filter(|facts| facts.key != key).count();
        if n > 0 {
            tracing::warn!(
                n_files = n,
                advice = "stop the program and restore site.key from a backup if there is one; without it, hidden names in older reports and lists name no file any more",
                "Key of hidden names is another one than before, so DICOM files are read again and split anew"
            );
        }
    }
}

fn is_settled(ledger: &Ledger, file: &FileRecord, key: &str) -> bool {
    match &file.outcome {
        // One without the image is of a version that left out only one of the files.
        outcome if is_contested(outcome) => {
            conflict_of(file).is_some_and(|image| image.dicom.as_ref().is_none_or(|facts| facts.key == key))
        }
        FileOutcome::Quarantined { code, .. } => !FileFailure::may_have_passed(code),
        FileOutcome::Sample { dataset, hash } => {
            let sample = ledger.samples.get(&(dataset.clone(), *hash));
            let side = sample.and_then(|sample| sample.side);
            role_of(&file.path).is_ok()
                && Split::of_path(&file.path) <= side
                && sample
                    .is_none_or(|sample| DicomFacts::are_current(sample.dicom.as_deref(), &sample.image.format, key))
        }
        FileOutcome::Scan { dataset, hash } => {
            let scan = ledger.scans.get(&(dataset.clone(), *hash));
            scan.is_none_or(|scan| DicomFacts::are_current(scan.dicom.as_deref(), &scan.image.format, key))
        }
        FileOutcome::Repeated { .. } => is_repeat(ledger, file),
        FileOutcome::Groups { .. } => true,
    }
}

//! Files whose metadata changed and whose bytes did not: copied, restored, given other permissions. They are not decoded again.

use super::role::role_of;
use crate::domain::{ContentHash, DicomFacts, FileOutcome, FileRecord, Ledger, Role};
use crate::privacy::SiteKey;

/// Whether a file with this content is what it was taken for, so that there is nothing to decide.
pub(super) fn is_unchanged(ledger: &Ledger, path: &str, role: &Role, hash: ContentHash, key: &SiteKey) -> bool {
    let Some(record) = ledger.files.get(path).filter(|record| content_of(record) == Some(hash)) else { return false };
    match (role, &record.outcome) {
        (Role::Sample { dataset, side, class }, FileOutcome::Sample { dataset: known, .. }) => {
            let sample = ledger.samples.get(&(known.clone(), hash)).filter(|_| dataset == known);
            // An older version did not keep the border.
            let sample =
                sample.filter(|sample| sample.class == *class && sample.side >= *side && sample.border.is_some());
            sample
                .is_some_and(|sample| DicomFacts::are_current(sample.dicom.as_deref(), &sample.image.format, &key.id()))
        }
        (Role::Scan { dataset }, FileOutcome::Scan { dataset: known, .. }) => {
            let scan = ledger.scans.get(&(known.clone(), hash)).filter(|_| dataset == known);
            scan.is_some_and(|scan| DicomFacts::are_current(scan.dicom.as_deref(), &scan.image.format, &key.id()))
        }
        (_, FileOutcome::Repeated { .. }) => is_repeat(ledger, record),
        _ => false,
    }
}

fn content_of(record: &FileRecord) -> Option<ContentHash> {
    match record.outcome {
        FileOutcome::Sample { hash, .. } | FileOutcome::Scan { hash, .. } | FileOutcome::Repeated { hash, .. } => {
            Some(hash)
        }
        FileOutcome::Groups { .. } | FileOutcome::Quarantined { .. } => None,
    }
}

/// Whether a file repeats an image for which another file still stands.
pub(super) fn is_repeat(ledger: &Ledger, file: &FileRecord) -> bool {
    let FileOutcome::Repeated { of, .. } = file.outcome else { return false };
    match role_of(&file.path) {
        Ok(Role::Sample { dataset, side, class }) => {
            let sample = ledger.samples.get(&(dataset, of));
            sample.is_some_and(|sample| sample.class == class && side <= sample.side)
        }
        Ok(Role::Scan { dataset }) => {
            let is_of_role =
                |outcome: &FileOutcome| *outcome == FileOutcome::Scan { dataset: dataset.clone(), hash: of };
            ledger.files_holding(of).any(|holder| is_of_role(&holder.outcome))
        }
        Err(_) => false,
    }
}

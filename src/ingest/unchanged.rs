//! Files whose metadata changed and whose bytes did not: copied, restored, given other permissions. They are not decoded again.

use crate::domain::{ContentHash, FileOutcome, FileRecord, Ledger, Role};

/// Whether a file with this content is what it was taken for, so that there is nothing to decide.
pub(super) fn is_unchanged(ledger: &Ledger, path: &str, role: &Role, hash: ContentHash) -> bool {
    let Some(record) = ledger.files.get(path).filter(|record| content_of(record) == Some(hash)) else { return false };
    match (role, &record.outcome) {
        (Role::Sample { dataset, side, class }, FileOutcome::Sample { dataset: known, .. }) => {
            let sample = ledger.samples.get(&(known.clone(), hash)).filter(|_| dataset == known);
            // An older version did not keep the border.
            sample.is_some_and(|sample| sample.class == *class && sample.side >= *side && sample.border.is_some())
        }
        (Role::Scan { dataset }, FileOutcome::Scan { dataset: known, .. }) => {
            dataset == known && ledger.scans.get(&(known.clone(), hash)).is_some()
        }
        _ => false,
    }
}

fn content_of(record: &FileRecord) -> Option<ContentHash> {
    match record.outcome {
        FileOutcome::Sample { hash, .. } | FileOutcome::Scan { hash, .. } => Some(hash),
        FileOutcome::Groups { .. } | FileOutcome::Quarantined { .. } => None,
    }
}

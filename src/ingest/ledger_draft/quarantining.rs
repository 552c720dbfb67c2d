//! Files that are left out, as part of what a batch changes.

use super::LedgerDraft;
use crate::content::FileFailure;
use crate::domain::{Counter, FileOutcome, FileStamp, LabelConflict, LedgerEvent};
use crate::privacy::is_dicom_under;

impl LedgerDraft<'_> {
    /// Leaves a file out because its image has another label too. Nothing happens when it is left out for the same reason
    /// already.
    pub(in crate::ingest) fn contest(
        &mut self,
        path: &str,
        stamp: FileStamp,
        failure: &FileFailure,
        image: &LabelConflict,
    ) -> bool {
        let n_freed = self.freed.len();
        let is_new = self.quarantine(path, stamp, failure, Some(image.clone()));
        // Whose label it was is still to be decided.
        self.freed.truncate(n_freed);
        if is_new {
            self.labelled.add_conflict(path, image);
        }
        is_new
    }

    /// Quarantines a file. Nothing happens when it is quarantined for the same reason already.
    pub(in crate::ingest) fn reject(&mut self, path: &str, stamp: FileStamp, rejection: &FileFailure) -> bool {
        self.quarantine(path, stamp, rejection, None)
    }

    fn quarantine(
        &mut self,
        path: &str,
        stamp: FileStamp,
        rejection: &FileFailure,
        conflict: Option<LabelConflict>,
    ) -> bool {
        let FileFailure { reason, fix, .. } = rejection.clone();
        let dicom = is_dicom_under(path);
        let outcome = FileOutcome::Quarantined { code: rejection.code.into(), reason, fix, conflict, dicom };
        let known = self.record(path).filter(|record| record.outcome == outcome).map(|record| record.stamp);
        if known == Some(stamp) {
            return false;
        }
        if known.is_some_and(|known| known.has_same_bytes(&stamp)) {
            self.put_file(path, stamp, outcome);
            return false;
        }
        self.put_file(path, stamp, outcome);
        self.put(LedgerEvent::Counted { counter: Counter::Quarantined, n: 1 });
        true
    }
}

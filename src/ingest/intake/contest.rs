//! Images that lie under several labels: all their files are left out, until a label is taken back.

use super::{Intake, UnfinishedFile, warn_of_quarantine};
use crate::content::FileFailure;
use crate::domain::{ClassName, DatasetName, FileStamp, LabelConflict};
use crate::ingest::Inspected;
use crate::ingest::label_conflicts::{Rival, label_conflict, show_the_same};
use crate::ingest::ledger_draft::LedgerDraft;

impl Intake {
    /// Whether the image has another label too. All files of it are left out then.
    pub(super) fn is_contested(
        &self,
        ledger_draft: &mut LedgerDraft,
        path: &str,
        dataset: &DatasetName,
        class: &ClassName,
        inspected: &Inspected,
    ) -> Result<bool, FileFailure> {
        let candidates = ledger_draft.rivals(path, dataset, class, inspected);
        let files = |other: &str| [path, other].map(|path| (self.inbox.join(path), None));
        let image = inspected.as_conflict();
        let mut rivals = Vec::new();
        for rival in candidates {
            if rival.image.is_known_to_be(&image) || show_the_same(&self.reader, files(&rival.path))? {
                rivals.push(rival);
            }
        }
        let Some(first) = rivals.first() else { return Ok(false) };
        let own = Rival { path: path.to_owned(), class: class.clone(), image: image.clone(), is_sample: false };
        self.contest(ledger_draft, path, inspected.stamp, &label_conflict(path, class, first), &image);
        for rival in rivals.iter().filter(|rival| rival.is_sample) {
            let (files, image) = ledger_draft.files_of(dataset, rival.image.hash);
            for (file, image) in files.into_iter().zip(std::iter::repeat(image).flatten()) {
                let failure = label_conflict(&file.path, &rival.class, &own);
                self.contest(ledger_draft, &file.path, file.stamp, &failure, &image);
            }
        }
        Ok(true)
    }

    fn contest(
        &self,
        ledger_draft: &mut LedgerDraft,
        path: &str,
        stamp: FileStamp,
        failure: &FileFailure,
        image: &LabelConflict,
    ) {
        self.note_reason(path, failure);
        if ledger_draft.contest(path, stamp, failure, image) {
            warn_of_quarantine(path, failure);
        }
    }

    /// A file that was quarantined because its image had another label is tried again when that label is removed, and one that
    /// repeated an image when nothing stands for it any more.
    pub(super) fn settle_conflicts(&self, ledger_draft: &mut LedgerDraft) -> Vec<UnfinishedFile> {
        let freed = ledger_draft.take_freed().into_iter();
        let failed = freed.filter_map(|path| Some((self.admit_again(ledger_draft, &path).err()?, path)));
        let (unread, others): (Vec<_>, Vec<_>) = failed.partition(|(failure, _)| failure.is_unread());
        for (failure, _) in others {
            tracing::debug!(reason = %failure, "File not tried again");
        }
        unread.into_iter().map(|(failure, path)| UnfinishedFile { path, failure }).collect()
    }
}

//! Images that lie under several labels: all their files are left out, until a label is taken back.

use std::collections::BTreeMap;

use super::{Intake, UnfinishedFile, quarantine, warn_of_quarantine};
use crate::content::FileFailure;
use crate::domain::{ClassName, DatasetName, FileStamp, LabelConflict};
use crate::ingest::Inspected;
use crate::ingest::label_conflicts::{Rival, label_conflict, show_the_same};
use crate::ingest::ledger_draft::LedgerDraft;

/// How often one batch reads a file that others free: enough for a file that is freed, repeats another, and is freed again.
const MOST_TRIES: u32 = 3;

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
    /// repeated an image when nothing stands for it any more. That may free others, which are tried too.
    pub(super) fn settle_conflicts(&self, ledger_draft: &mut LedgerDraft) -> Vec<UnfinishedFile> {
        let mut n_tries: BTreeMap<String, u32> = BTreeMap::new();
        let mut unfinished = Vec::new();
        loop {
            let mut freed = ledger_draft.take_freed();
            freed.retain(|path| n_tries.get(path).is_none_or(|n| *n < MOST_TRIES));
            if freed.is_empty() {
                return unfinished;
            }
            for path in freed {
                *n_tries.entry(path.clone()).or_default() += 1;
                unfinished.extend(self.try_again(ledger_draft, path));
            }
        }
    }

    /// What the file was recorded as does not hold any more: one that cannot be used is recorded as such.
    fn try_again(&self, ledger_draft: &mut LedgerDraft, path: String) -> Option<UnfinishedFile> {
        // It may be gone since, for good.
        ledger_draft.record(&path)?;
        let failure = self.admit_again(ledger_draft, &path).err()?;
        if failure.may_pass {
            return Some(UnfinishedFile { path, failure });
        }
        if failure.is_no_input() {
            self.forget(ledger_draft, &path);
        } else if let Some(stamp) = ledger_draft.record(&path).map(|record| record.stamp) {
            self.note_reason(&path, &failure);
            quarantine(ledger_draft, &path, stamp, &failure);
        }
        None
    }
}

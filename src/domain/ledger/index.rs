//! What is asked of the ledger at every turn, kept up with every event, so that no answer walks through all records.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use rpds::RedBlackTreeSetSync;

use super::records::{FileOutcome, FileRecord, ScanKey};
use crate::domain::{ClassName, ContentHash, DatasetName, Sample, Scan, ScanState, Split};

type ClassCounts = BTreeMap<ClassName, BTreeMap<Option<Split>, u64>>;

/// Content, side and path of a file: of one content those of the strongest side come first.
pub(super) type Holder = (ContentHash, Reverse<Option<Split>>, String);

/// Follows from the records of a ledger.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Index {
    /// Samples; a count that falls to 0 is left out.
    pub(super) class_counts: BTreeMap<DatasetName, ClassCounts>,
    /// Scans that no model has explained yet.
    pub(super) waiting: RedBlackTreeSetSync<ScanKey>,
    /// Of these, how many name each dataset; a count that falls to 0 is left out.
    pub(super) n_waiting: BTreeMap<Option<DatasetName>, usize>,
    /// Every file that is a sample or a scan.
    pub(super) holders: RedBlackTreeSetSync<Holder>,
    /// Every file that repeats an image, after the content that stands for it.
    pub(super) repeats: RedBlackTreeSetSync<(ContentHash, String)>,
    /// Samples by the number that DICOM gave them.
    pub(super) numbered_samples: RedBlackTreeSetSync<(DatasetName, String, ContentHash)>,
    /// Forgotten images by the number that DICOM gave them.
    pub(super) forgotten_numbers: RedBlackTreeSetSync<(String, ContentHash)>,
    /// Scans by the number that DICOM gave them.
    pub(super) numbered_scans: RedBlackTreeSetSync<(Option<DatasetName>, String, ContentHash)>,
}

impl Index {
    pub(super) fn file_changes(&mut self, old: Option<&FileRecord>, new: Option<&FileRecord>) {
        let held =
            |file: &FileRecord| Some((content(&file.outcome)?, Reverse(Split::of_path(&file.path)), file.path.clone()));
        replace(&mut self.holders, old.and_then(held), new.and_then(held));
        let repeated = |file: &FileRecord| match file.outcome {
            FileOutcome::Repeated { of, .. } => Some((of, file.path.clone())),
            _ => None,
        };
        replace(&mut self.repeats, old.and_then(repeated), new.and_then(repeated));
    }

    pub(super) fn sample_changes(&mut self, old: Option<&Sample>, new: Option<&Sample>) {
        let numbered = |sample: &Sample| Some((sample.dataset.clone(), sample.instance()?.clone(), sample.hash));
        replace(&mut self.numbered_samples, old.and_then(numbered), new.and_then(numbered));
        if let Some(new) = new {
            let classes = self.class_counts.entry(new.dataset.clone()).or_default();
            *classes.entry(new.class.clone()).or_default().entry(new.split).or_default() += 1;
        }
        if let Some(old) = old {
            self.uncount(old);
        }
    }

    fn uncount(&mut self, sample: &Sample) {
        let Some(classes) = self.class_counts.get_mut(&sample.dataset) else { return };
        let Some(counts) = classes.get_mut(&sample.class) else { return };
        if let Some(n) = counts.get_mut(&sample.split) {
            *n -= 1;
        }
        counts.retain(|_, n| *n > 0);
        classes.retain(|_, counts| !counts.is_empty());
        if classes.is_empty() {
            self.class_counts.remove(&sample.dataset);
        }
    }

    /// Of a forgotten image, its number before and now.
    pub(super) fn forgotten_changes(
        &mut self,
        hash: ContentHash,
        old: Option<&Option<String>>,
        new: Option<&Option<String>>,
    ) {
        let numbered = |instance: Option<&Option<String>>| Some((instance?.clone()?, hash));
        replace(&mut self.forgotten_numbers, numbered(old), numbered(new));
    }

    pub(super) fn scan_changes(&mut self, old: Option<&Scan>, new: Option<&Scan>) {
        let numbered = |scan: &Scan| Some((scan.dataset.clone(), scan.instance()?.clone(), scan.hash));
        replace(&mut self.numbered_scans, old.and_then(numbered), new.and_then(numbered));
        let waits = |scan: &&Scan| scan.state == ScanState::Waiting;
        let (old, new) = (old.filter(waits), new.filter(waits));
        if let (None, Some(scan)) = (old, new) {
            self.waiting.insert_mut((scan.dataset.clone(), scan.hash));
            *self.n_waiting.entry(scan.dataset.clone()).or_default() += 1;
        }
        if let (Some(scan), None) = (old, new) {
            self.waiting.remove_mut(&(scan.dataset.clone(), scan.hash));
            if let Some(n) = self.n_waiting.get_mut(&scan.dataset) {
                *n -= 1;
            }
            self.n_waiting.retain(|_, n| *n > 0);
        }
    }
}

/// Brings a set up to an entry that changed.
fn replace<T: Ord>(set: &mut RedBlackTreeSetSync<T>, old: Option<T>, new: Option<T>) {
    if old == new {
        return;
    }
    if let Some(old) = old {
        set.remove_mut(&old);
    }
    if let Some(new) = new {
        set.insert_mut(new);
    }
}

fn content(outcome: &FileOutcome) -> Option<ContentHash> {
    match outcome {
        FileOutcome::Sample { hash, .. } | FileOutcome::Scan { hash, .. } => Some(*hash),
        FileOutcome::Repeated { .. } | FileOutcome::Groups { .. } | FileOutcome::Quarantined { .. } => None,
    }
}

#[cfg(test)]
mod tests;

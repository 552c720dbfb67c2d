//! Several files of one image, by the number that DICOM gave it: one of them stands for it, the others repeat it.
//!
//! They hold different bytes (another transfer syntax, an edited header), so each has a content of its own.

use super::{DraftContent, LedgerDraft};
use crate::domain::{ContentHash, FileOutcome, FileRecord, FileStamp, PerceptualHash, Role, Split};
use crate::ingest::{Inspected, role_of};

impl LedgerDraft<'_> {
    /// The file of another content that stands for this image, if one is there. Where `path` lies on a stronger side, it
    /// takes over, and there is none any more.
    pub(super) fn repeated(
        &mut self,
        path: &str,
        role: &Role,
        inspected: &Inspected,
    ) -> Option<(DraftContent, String)> {
        for content in self.numbered(role, inspected) {
            let Some(holder) = self.present(&content, path) else { continue };
            if side(role) > Split::of_path(&holder) {
                self.take_over(&content, inspected.hash);
            } else {
                return Some((content, holder));
            }
        }
        None
    }

    /// Records that a file repeats the image that `of` stands for.
    pub(super) fn repeat(&mut self, path: &str, stamp: FileStamp, hash: ContentHash, of: &DraftContent) {
        self.put_file(path, stamp, FileOutcome::Repeated { hash, of: of.hash() });
    }

    /// What the image of the file at `path` looks like, as far as it was kept.
    pub(in crate::ingest) fn perceptual_hash(&self, path: &str) -> Option<PerceptualHash> {
        match self.record(path)?.outcome.clone() {
            FileOutcome::Sample { dataset, hash } => self.ledger.samples.get(&(dataset, hash))?.perceptual_hash,
            FileOutcome::Scan { dataset, hash } => self.ledger.scans.get(&(dataset, hash))?.perceptual_hash,
            _ => None,
        }
    }

    /// Nothing stands for this image any more: the files that repeat it are read again, as new ones.
    pub(super) fn free_repeats(&mut self, content: &DraftContent) {
        let freed: Vec<String> = self.repeats(content).map(|file| file.path.clone()).collect();
        self.freed_repeats.extend(freed);
    }

    fn repeats<'s>(&'s self, content: &'s DraftContent) -> impl Iterator<Item = &'s FileRecord> {
        let is_in_role = move |file: &&FileRecord| role_of(&file.path).is_ok_and(|role| content.is_in(&role));
        self.ledger.repeats_of(content.hash()).filter(is_in_role)
    }

    /// Other contents with the same number in the same role; of samples, in the same class.
    fn numbered(&self, role: &Role, inspected: &Inspected) -> Vec<DraftContent> {
        let Some(instance) = inspected.instance() else { return Vec::new() };
        match role {
            Role::Sample { dataset, class, .. } => {
                let found = self.ledger.samples_numbered(dataset, instance);
                let found = found.filter(|sample| sample.hash != inspected.hash && sample.class == *class);
                found.map(|sample| DraftContent::Sample(dataset.clone(), sample.hash)).collect()
            }
            Role::Scan { dataset } => {
                let found = self.ledger.scans_numbered(dataset.as_ref(), instance);
                let found = found.filter(|scan| scan.hash != inspected.hash);
                found.map(|scan| DraftContent::Scan(dataset.clone(), scan.hash)).collect()
            }
        }
    }

    /// A file of this content that is there; those that are not any more are forgotten.
    fn present(&mut self, content: &DraftContent, path: &str) -> Option<String> {
        let others: Vec<String> = self.others(content, path).map(str::to_owned).collect();
        let (there, away): (Vec<_>, Vec<_>) = others.into_iter().partition(|other| self.holds_on(other));
        if there.is_empty() {
            for other in &away {
                self.gone(other);
            }
        }
        there.into_iter().next()
    }

    /// The files of `content`, and those that repeat it, repeat the image `of` from now on.
    fn take_over(&mut self, content: &DraftContent, of: ContentHash) {
        let repeats: Vec<FileRecord> = self.repeats(content).cloned().collect();
        let held = self.others(content, "").filter_map(|path| self.record(path).cloned());
        for file in repeats.into_iter().chain(held.collect::<Vec<_>>()) {
            let hash = file.outcome.content().unwrap_or_else(|| content.hash());
            self.put_file(&file.path, file.stamp, FileOutcome::Repeated { hash, of });
        }
    }
}

impl DraftContent {
    fn is_in(&self, role: &Role) -> bool {
        match (self, role) {
            (Self::Sample(own, _), Role::Sample { dataset, .. }) => own == dataset,
            (Self::Scan(own, _), Role::Scan { dataset }) => own == dataset,
            _ => false,
        }
    }
}

fn side(role: &Role) -> Option<Split> {
    match role {
        Role::Sample { side, .. } => *side,
        Role::Scan { .. } => None,
    }
}

//! What an erasure is about: the contents, the files and groups that stand for them, and what is recorded of them.

use std::collections::BTreeSet;

use crate::domain::{ContentHash, FileOutcome, FileRecord, Ledger, LedgerEvent};

use crate::privacy::shown;

use super::erased_names::ErasedNames;
use super::find::ForgetTargets;

/// The images, with every name that is known of them.
#[derive(Debug)]
pub(super) struct ErasureSubject<'a> {
    pub(super) images: &'a BTreeSet<ContentHash>,
    pub(super) names: ErasedNames,
    /// Relative to the inbox.
    files: BTreeSet<String>,
    /// Of these, those of unknown content.
    unread: &'a BTreeSet<String>,
}

impl<'a> ErasureSubject<'a> {
    pub(super) fn new(ledger: &Ledger, targets: &'a ForgetTargets) -> Self {
        let images = &targets.images;
        let is_theirs = |hash: ContentHash| images.contains(&hash);
        let held = ledger.files.values().filter(|file| file.outcome.content().is_some_and(is_theirs));
        let samples: Vec<_> = ledger.samples_ever().filter(|sample| is_theirs(sample.hash)).collect();
        let scans: Vec<_> = ledger.scans.values().filter(|scan| is_theirs(scan.hash)).collect();
        let paths = held.map(|file| &file.path).chain(samples.iter().map(|sample| &sample.path));
        let paths = paths.chain(scans.iter().map(|scan| &scan.path)).chain(&targets.unread);
        let files: BTreeSet<String> = paths.cloned().collect();
        let names = ErasedNames::new(&with_shown(&files), &groups(ledger, images));
        Self { images, names, files, unread: &targets.unread }
    }

    /// That nothing is recorded of them any more.
    pub(super) fn events(&self, ledger: &Ledger) -> Vec<LedgerEvent> {
        let is_theirs = |hash: &ContentHash| self.images.contains(hash);
        let files = self.files.iter().chain(self.naming(ledger).map(|file| &file.path));
        let files: BTreeSet<&String> = files.filter(|path| ledger.files.contains_key(*path)).collect();
        let files = files.into_iter().map(|path| LedgerEvent::FileGone { path: path.clone() });
        let samples = ledger.samples_ever().filter(|sample| is_theirs(&sample.hash));
        let samples =
            samples.map(|sample| LedgerEvent::SampleGone { dataset: sample.dataset.clone(), hash: sample.hash });
        let scans = ledger.scans.keys().filter(|(_, hash)| is_theirs(hash)).cloned();
        let scans = scans.map(|(dataset, hash)| LedgerEvent::ScanGone { dataset, hash });
        let unread = self.unread.iter().map(|path| LedgerEvent::FileErased { path: path.clone() });
        let erased = self.images.iter().map(|hash| LedgerEvent::ImageErased { hash: *hash });
        files.chain(samples).chain(scans).chain(unread).chain(erased).collect()
    }

    /// Files about which a reason may have been written that names them.
    pub(super) fn reasons(&self, ledger: &Ledger) -> BTreeSet<String> {
        self.files.iter().chain(self.naming(ledger).map(|file| &file.path)).cloned().collect()
    }

    /// Other files that could not be used because of one of them: they are looked at again.
    fn naming(&self, ledger: &'a Ledger) -> impl Iterator<Item = &'a FileRecord> {
        ledger.files.values().filter(|file| match &file.outcome {
            FileOutcome::Quarantined { reason, fix, .. } => self.names.are_in(reason) || self.names.are_in(fix),
            _ => false,
        })
    }
}

/// With the names that texts have in their place.
fn with_shown(files: &BTreeSet<String>) -> BTreeSet<String> {
    files.iter().cloned().chain(files.iter().map(shown)).collect()
}

/// Groups of which no other image is left.
fn groups(ledger: &Ledger, images: &BTreeSet<ContentHash>) -> BTreeSet<String> {
    let group_of = |is_theirs: bool| {
        let samples = ledger.samples_ever().filter(move |sample| images.contains(&sample.hash) == is_theirs);
        samples.filter_map(|sample| sample.group.as_ref()).collect::<BTreeSet<_>>()
    };
    let kept = group_of(false);
    group_of(true).into_iter().filter(|group| !kept.contains(group)).cloned().collect()
}

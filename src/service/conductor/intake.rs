//! Files that were read: what is recorded, which are looked at again later, and what the retrain trigger counts.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::domain::{Arrival, DatasetName, Ledger, LedgerEvent, Sample, ScanKey, ScanState};
use crate::ingest::{IntakeOutcome, UnfinishedFile};
use crate::service::attempts::AttemptSlot;
use crate::service::error::ServiceError;

use super::attempts::file;
use super::{Conductor, IntakeJob};

impl Conductor {
    /// Gives the intake worker its next files. No file comes in while the split is decided.
    pub(super) fn take_in(&mut self) -> Result<(), ServiceError> {
        if self.training.is_splitting() {
            return Ok(());
        }
        let arrivals = self.intake.next_batch();
        if arrivals.is_empty() {
            return Ok(());
        }
        let files: Vec<_> = arrivals.iter().filter_map(file).collect();
        let is_set_aside = matches!(&files[..], [only] if self.attempts.attempts().is_set_aside(only));
        if self.begin(AttemptSlot::Intake, files)? {
            self.intake.start_batch(arrivals.clone());
            let ledger = self.registry.ledger().clone();
            self.workers.intake.give(IntakeJob { arrivals, is_set_aside, ledger });
        }
        Ok(())
    }

    /// Keeps which folders are mounted, before what lies there is taken in.
    pub(super) fn note_mounts(&mut self) {
        if let Some(watcher) = &self.watcher {
            self.mounts.store(watcher.health().mounts.as_ref());
        }
    }

    /// Records what a batch of files changes.
    pub(super) fn admit(&mut self, mut read: IntakeOutcome) -> Result<(), ServiceError> {
        self.attempts.end(AttemptSlot::Intake);
        if let Some(watcher) = &self.watcher {
            read.unfinished.iter().for_each(|file| watcher.reconsider(&file.path, &file.failure));
        }
        self.note_unread(&read.unfinished);
        keep_explained(self.registry.ledger(), &mut read.events);
        let ledger = self.registry.ledger();
        let mut changes = changes(ledger, &read.events);
        // What waited for a list that could not be used goes on, whatever the list says.
        for dataset in read.listed.into_iter().filter(|dataset| ledger.has_samples(dataset)) {
            changes.entry(dataset).or_insert(1);
        }
        for (dataset, n) in changes {
            self.trigger.note(&dataset, n, Instant::now());
        }
        self.commit(read.events)
    }

    /// Files were tried. In a service, those that are being written are not missed before they are complete.
    fn note_unread(&mut self, unfinished: &[UnfinishedFile]) {
        let tried = self.intake.finish_batch();
        let is_once = self.is_once();
        let unread = unfinished.iter().filter(|file| is_once || file.failure.is_refused());
        self.unread.tried(tried.iter().map(Arrival::path), unread.cloned(), Instant::now());
    }
}

/// A scan may have been explained while files were decided on: it stays so, and is not forgotten with its file.
fn keep_explained(now: &Ledger, events: &mut Vec<LedgerEvent>) {
    let state_now = |key: &ScanKey| now.scans.get(key).map(|scan| scan.state.clone());
    events.retain_mut(|event| match event {
        LedgerEvent::Scan(scan) => {
            if let Some(state) = state_now(&(scan.dataset.clone(), scan.hash)) {
                scan.state = state;
            }
            true
        }
        LedgerEvent::ScanGone { dataset, hash } => {
            state_now(&(dataset.clone(), *hash)).is_none_or(|state| state == ScanState::Waiting)
        }
        _ => true,
    });
}

/// Samples that came, went, or got another label, side or group than in `before`, by dataset.
fn changes(before: &Ledger, events: &[LedgerEvent]) -> BTreeMap<DatasetName, u64> {
    let mut changes = BTreeMap::new();
    for event in events {
        let dataset = match event {
            LedgerEvent::Sample(sample) if is_learned_otherwise(before, sample) => &sample.dataset,
            LedgerEvent::FormerSample(sample) => &sample.dataset,
            _ => continue,
        };
        *changes.entry(dataset.clone()).or_default() += 1;
    }
    changes
}

/// Whether a training would take it for another image than before; where it lies is all the same.
fn is_learned_otherwise(before: &Ledger, sample: &Sample) -> bool {
    let known = before.samples.get(&(sample.dataset.clone(), sample.hash));
    let learned = |sample: &Sample| (sample.class.clone(), sample.side, sample.group.clone());
    sample.split.is_none() || known.is_none_or(|known| learned(known) != learned(sample))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ContentHash, ImageFacts, RunId, Scan};

    #[test]
    fn a_scan_that_was_explained_while_its_file_was_moved_stays_so() {
        let image = ImageFacts::example();
        let explained = ScanState::Explained { model: RunId::new("0001-a").unwrap(), report: "r".to_owned() };
        let scan = |path: &str, state| Scan {
            dataset: None,
            hash: ContentHash::of(b"1"),
            path: path.into(),
            state,
            image: image.clone(),
            perceptual_hash: None,
            dicom: None,
        };
        let mut ledger = Ledger::default();
        ledger.apply(&LedgerEvent::Scan(scan("scans/old.png", explained.clone())));
        let gone = LedgerEvent::ScanGone { dataset: None, hash: ContentHash::of(b"1") };
        let other_gone = LedgerEvent::ScanGone { dataset: None, hash: ContentHash::of(b"2") };
        let mut events = vec![LedgerEvent::Scan(scan("scans/new.png", ScanState::Waiting)), gone, other_gone.clone()];
        keep_explained(&ledger, &mut events);
        assert_eq!(events, [LedgerEvent::Scan(scan("scans/new.png", explained)), other_gone]);
    }
}

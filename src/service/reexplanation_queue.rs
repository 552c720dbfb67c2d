//! Which explained scans are explained again, while there is nothing else to do. It follows from the ledger, so that nothing else
//! has to be kept over a restart, and is made anew when a decision changes it.

use std::collections::VecDeque;

use crate::domain::{Ledger, LedgerEvent, Reexplanation, ScanKey};

/// The scans, in their order.
#[derive(Debug)]
pub(super) struct ReexplanationQueue {
    policy: Reexplanation,
    due: VecDeque<ScanKey>,
    /// What it was made from has changed.
    is_stale: bool,
}

impl ReexplanationQueue {
    /// Not made yet.
    pub(super) fn new(policy: Reexplanation) -> Self {
        Self { policy, due: VecDeque::new(), is_stale: true }
    }

    /// These events were recorded.
    pub(super) fn note(&mut self, events: &[LedgerEvent]) {
        self.is_stale |= events.iter().any(|event| match event {
            LedgerEvent::Decision(decision) => decision.promoted,
            // One that is gone or forgotten is not explained any more.
            LedgerEvent::FileGone { .. } | LedgerEvent::ScanGone { .. } | LedgerEvent::Forgotten { .. } => {
                !self.due.is_empty()
            }
            _ => false,
        });
    }

    /// A scan was explained by a model that is the best one no more.
    pub(super) fn note_outdated(&mut self) {
        self.is_stale = true;
    }

    /// Brings it up to what is recorded.
    pub(super) fn renew(&mut self, ledger: &Ledger) {
        if !std::mem::take(&mut self.is_stale) {
            return;
        }
        let n_before = self.due.len();
        self.due = ledger.scans_to_explain_again(self.policy).into();
        if self.due.len() > n_before {
            tracing::info!(n_scans = self.due.len(), "Scans are to be explained again by the best model");
        }
    }

    /// The scans, the next one first. A scan may have changed since, or failed.
    pub(super) fn keys(&self) -> impl Iterator<Item = &ScanKey> {
        self.due.iter()
    }

    /// It is being explained.
    pub(super) fn remove(&mut self, key: &ScanKey) {
        if let Some(at) = self.due.iter().position(|due| due == key) {
            self.due.remove(at);
        }
    }

    /// How many are to be explained again.
    pub(super) fn len(&self) -> usize {
        self.due.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        ContentHash, DatasetName, FileOutcome, FileRecord, FileStamp, ImageFacts, RunId, Scan, ScanState,
    };

    /// A scan of dataset `d`, and its file; the lower the number, the newer.
    fn events(number: u8) -> [LedgerEvent; 2] {
        let (dataset, hash) = (DatasetName::new("d").ok(), ContentHash::of(&[number]));
        let state = ScanState::Explained { model: RunId::new("0001-a").unwrap(), report: format!("d/{number}") };
        let path = format!("scans/d/{number}.png");
        let stamp = FileStamp { mtime_ns: -i64::from(number), ..FileStamp::NONE };
        let outcome = FileOutcome::Scan { dataset: dataset.clone(), hash };
        let file = FileRecord { path: path.clone(), stamp, outcome };
        let image = ImageFacts::example();
        let scan = Scan { dataset, hash, path, state, image, perceptual_hash: None, dicom: None };
        [LedgerEvent::File(file), LedgerEvent::Scan(scan)]
    }

    fn ledger() -> Ledger {
        let mut ledger = Ledger::default();
        (0..3).flat_map(events).for_each(|event| ledger.apply(&event));
        ledger.best.insert(DatasetName::new("d").unwrap(), RunId::new("0002-a").unwrap());
        ledger
    }

    fn key(number: u8) -> ScanKey {
        (DatasetName::new("d").ok(), ContentHash::of(&[number]))
    }

    #[test]
    fn it_follows_from_the_ledger_after_every_start_and_the_newest_go_first() {
        let mut queue = ReexplanationQueue::new(Reexplanation::Latest(2));
        assert_eq!(queue.len(), 0);
        queue.renew(&ledger());
        assert_eq!(queue.keys().cloned().collect::<Vec<_>>(), [key(0), key(1)]);
        queue.remove(&key(0));
        queue.renew(&ledger());
        assert_eq!(queue.keys().cloned().collect::<Vec<_>>(), [key(1)], "one that is being explained is in it no more");
        queue.remove(&key(2));
        assert_eq!(queue.len(), 1, "one that was not in it");
    }

    #[test]
    fn only_what_can_change_it_has_it_made_anew() {
        let mut queue = ReexplanationQueue::new(Reexplanation::All);
        queue.renew(&ledger());
        queue.remove(&key(0));
        queue.note(&events(0));
        queue.renew(&ledger());
        assert_eq!(queue.len(), 2, "a scan that was explained does not");
        queue.note(&[LedgerEvent::FileGone { path: "scans/0.png".to_owned() }]);
        queue.renew(&ledger());
        assert_eq!(queue.len(), 3, "a file that is gone does");
        queue.remove(&key(0));
        queue.note_outdated();
        queue.renew(&ledger());
        assert_eq!(queue.len(), 3);
    }
}

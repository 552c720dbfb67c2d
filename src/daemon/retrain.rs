//! When a training starts: enough new images, or some and then quiet. One at a time; arrivals meanwhile make one more.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::config::RetrainSettings;
use crate::domain::DatasetName;

/// Changes that wait for a training, by dataset.
#[derive(Debug)]
pub(super) struct RetrainTrigger {
    after_images: u64,
    after_quiet: Duration,
    pending: BTreeMap<DatasetName, Pending>,
}

#[derive(Debug, Clone, Copy)]
struct Pending {
    n_changes: u64,
    last_change: Instant,
}

impl RetrainTrigger {
    pub(super) fn new(settings: RetrainSettings) -> Self {
        Self { after_images: settings.after_images, after_quiet: settings.after_quiet, pending: BTreeMap::new() }
    }

    /// A trigger that never waits, for `run --once`.
    pub(super) fn immediate() -> Self {
        Self { after_images: 0, after_quiet: Duration::ZERO, pending: BTreeMap::new() }
    }

    /// `n_changes` images of a dataset came, changed or went.
    pub(super) fn note(&mut self, dataset: &DatasetName, n_changes: u64, now: Instant) {
        let pending = self.pending.entry(dataset.clone()).or_insert(Pending { n_changes: 0, last_change: now });
        pending.n_changes += n_changes;
        pending.last_change = now;
    }

    /// The dataset whose training shall start now, the longest quiet first. Its changes are taken as seen.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<DatasetName> {
        let due = self.pending.iter().filter(|(_, pending)| self.deadline(**pending).is_none_or(|at| at <= now));
        let dataset = due.min_by_key(|(_, pending)| pending.last_change).map(|(dataset, _)| dataset.clone())?;
        self.pending.remove(&dataset);
        Some(dataset)
    }

    /// When [`Self::take_due`] shall be asked next, if nothing else happens.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.pending.values().map(|pending| self.deadline(*pending).unwrap_or(pending.last_change)).min()
    }

    /// Images that wait for a training.
    pub(super) fn n_pending(&self) -> u64 {
        self.pending.values().map(|pending| pending.n_changes).sum()
    }

    /// `None`: at once.
    fn deadline(&self, pending: Pending) -> Option<Instant> {
        (pending.n_changes < self.after_images).then(|| pending.last_change + self.after_quiet)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trigger() -> RetrainTrigger {
        RetrainTrigger::new(RetrainSettings { after_images: 10, after_quiet: Duration::from_secs(30) })
    }

    fn name(text: &str) -> DatasetName {
        DatasetName::new(text).unwrap()
    }

    #[test]
    fn few_images_wait_for_quiet_and_each_arrival_restarts_it() {
        let (mut trigger, start) = (trigger(), Instant::now());
        let after = |seconds| start + Duration::from_secs(seconds);
        trigger.note(&name("a"), 3, start);
        trigger.note(&name("a"), 3, after(20));
        assert_eq!(trigger.take_due(after(49)), None);
        assert_eq!(trigger.next_deadline(), Some(after(50)));
        assert_eq!(trigger.n_pending(), 6);
        assert_eq!(trigger.take_due(after(50)), Some(name("a")));
        assert_eq!(trigger.take_due(after(500)), None, "taken once");
        assert_eq!(trigger.next_deadline(), None);
    }

    #[test]
    fn enough_images_start_at_once_and_datasets_are_counted_apart() {
        let (mut trigger, start) = (trigger(), Instant::now());
        trigger.note(&name("a"), 9, start);
        trigger.note(&name("b"), 10, start);
        assert_eq!(trigger.take_due(start), Some(name("b")));
        assert_eq!(trigger.take_due(start), None);
    }

    #[test]
    fn immediate_never_waits() {
        let (mut trigger, start) = (RetrainTrigger::immediate(), Instant::now());
        trigger.note(&name("a"), 1, start);
        assert_eq!(trigger.take_due(start), Some(name("a")));
    }
}

//! When a training starts: enough new images, or some and then quiet. One at a time; arrivals meanwhile make one more.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::config::{RetrainSettings, Settings};
use crate::domain::DatasetName;

/// Changes that wait for a training, by dataset.
#[derive(Debug)]
pub(super) struct RetrainTrigger {
    all: RetrainSettings,
    /// Of the datasets that have their own.
    own: BTreeMap<DatasetName, RetrainSettings>,
    pending: BTreeMap<DatasetName, Pending>,
}

#[derive(Debug, Clone, Copy)]
struct Pending {
    n_changes: u64,
    last_change: Instant,
}

impl RetrainTrigger {
    pub(super) fn new(settings: &Settings) -> Self {
        let own = settings.configured().map(|(dataset, _)| (dataset.clone(), settings.of(dataset).retrain));
        Self { all: settings.retrain, own: own.collect(), pending: BTreeMap::new() }
    }

    /// A trigger that never waits, for `run --once`.
    pub(super) fn immediate() -> Self {
        let all = RetrainSettings { after_images: 0, after_quiet: Duration::ZERO };
        Self { all, own: BTreeMap::new(), pending: BTreeMap::new() }
    }

    /// `n_changes` images of a dataset came, changed or went.
    pub(super) fn note(&mut self, dataset: &DatasetName, n_changes: u64, now: Instant) {
        let pending = self.pending.entry(dataset.clone()).or_insert(Pending { n_changes: 0, last_change: now });
        pending.n_changes += n_changes;
        pending.last_change = now;
    }

    /// The dataset whose training shall start now, the longest quiet first. Its changes are taken as seen.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<DatasetName> {
        let due = self.pending.iter().filter(|(of, pending)| self.deadline(of, **pending).is_none_or(|at| at <= now));
        let dataset = due.min_by_key(|(_, pending)| pending.last_change).map(|(dataset, _)| dataset.clone())?;
        self.pending.remove(&dataset);
        Some(dataset)
    }

    /// When [`Self::take_due`] shall be asked next, if nothing else happens.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.pending.iter().map(|(of, pending)| self.deadline(of, *pending).unwrap_or(pending.last_change)).min()
    }

    /// Images that wait for a training.
    pub(super) fn n_pending(&self) -> u64 {
        self.pending.values().map(|pending| pending.n_changes).sum()
    }

    /// `None`: at once.
    fn deadline(&self, dataset: &DatasetName, pending: Pending) -> Option<Instant> {
        let RetrainSettings { after_images, after_quiet } = *self.own.get(dataset).unwrap_or(&self.all);
        (pending.n_changes < after_images).then(|| pending.last_change + after_quiet)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    fn trigger() -> RetrainTrigger {
        let all = RetrainSettings { after_images: 10, after_quiet: Duration::from_secs(30) };
        RetrainTrigger { all, own: BTreeMap::new(), pending: BTreeMap::new() }
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
    fn a_dataset_may_have_a_patience_of_its_own() {
        let set = ["retrain.after_images=10", "retrain.after_quiet=30s", "dataset.b.retrain.after_images=2"];
        let set = set.map(str::to_owned).to_vec();
        let settings = config::load(&config::Overrides { set, ..Default::default() }).unwrap();
        let (mut trigger, start) = (RetrainTrigger::new(&settings), Instant::now());
        trigger.note(&name("a"), 2, start);
        trigger.note(&name("b"), 2, start);
        assert_eq!(trigger.take_due(start), Some(name("b")));
        assert_eq!(trigger.take_due(start), None);
        assert_eq!(trigger.next_deadline(), Some(start + Duration::from_secs(30)));
    }

    #[test]
    fn immediate_never_waits() {
        let (mut trigger, start) = (RetrainTrigger::immediate(), Instant::now());
        trigger.note(&name("a"), 1, start);
        assert_eq!(trigger.take_due(start), Some(name("a")));
    }
}

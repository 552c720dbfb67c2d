//! When a training starts: enough new images, or some and then quiet. One at a time; arrivals meanwhile make one more.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

use crate::config::{RetrainSettings, Settings, TrainingHours};
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
        let own = settings.configured().map(|(dataset, _)| (dataset.clone(), settings.of(dataset).retrain.clone()));
        Self { all: settings.retrain.clone(), own: own.collect(), pending: BTreeMap::new() }
    }

    /// A trigger that never waits, for `run --once`.
    pub(super) fn immediate() -> Self {
        let all = RetrainSettings { after_images: 0, after_quiet: Duration::ZERO, hours: TrainingHours::default() };
        Self { all, own: BTreeMap::new(), pending: BTreeMap::new() }
    }

    /// `n_changes` images of a dataset came, changed or went.
    pub(super) fn note(&mut self, dataset: &DatasetName, n_changes: u64, now: Instant) {
        let pending = self.pending.entry(dataset.clone()).or_insert(Pending { n_changes: 0, last_change: now });
        pending.n_changes += n_changes;
        pending.last_change = now;
    }

    /// The dataset whose training shall start now, the longest quiet first. Its changes are taken as seen.
    pub(super) fn take_due(&mut self, now: Instant, time: SystemTime) -> Option<DatasetName> {
        let due = self.pending.iter().filter(|(of, pending)| self.deadline(of, **pending).is_none_or(|at| at <= now));
        let due = due.filter(|(of, _)| self.hours_wait(of, time).is_none());
        let dataset = due.min_by_key(|(_, pending)| pending.last_change).map(|(dataset, _)| dataset.clone())?;
        self.pending.remove(&dataset);
        Some(dataset)
    }

    /// How long a training of the dataset waits for its hours, and until which time of the day.
    pub(super) fn hours_wait(&self, dataset: &DatasetName, time: SystemTime) -> Option<(Duration, String)> {
        self.of(dataset).hours.wait(time)
    }

    /// What trainings wait for that would begin at another hour; `None` while one waits for images or quiet.
    pub(super) fn waits_for_hours(&self, now: Instant, time: SystemTime) -> Option<String> {
        let is_due = |(of, pending): (&DatasetName, &Pending)| self.deadline(of, *pending).is_none_or(|at| at <= now);
        let waits = self.pending.iter().map(|entry| if is_due(entry) { self.hours_wait(entry.0, time) } else { None });
        let (_, until) = waits.collect::<Option<Vec<_>>>()?.into_iter().min()?;
        Some(format!("{until}, when trainings begin (retrain.hours)"))
    }

    /// When [`Self::take_due`] shall be asked next, if nothing else happens.
    pub(super) fn next_deadline(&self, now: Instant, time: SystemTime) -> Option<Instant> {
        let deadline = |(of, pending): (&DatasetName, &Pending)| {
            let due = self.deadline(of, *pending).unwrap_or(pending.last_change);
            self.hours_wait(of, time).map_or(due, |(wait, _)| due.max(now + wait))
        };
        self.pending.iter().map(deadline).min()
    }

    /// Whether no change waits for a training.
    pub(super) fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// The datasets whose training is due.
    pub(super) fn datasets(&self) -> impl Iterator<Item = &DatasetName> {
        self.pending.keys()
    }

    /// Images that wait for a training.
    pub(super) fn n_pending(&self) -> u64 {
        self.pending.values().map(|pending| pending.n_changes).sum()
    }

    /// `None`: at once.
    fn deadline(&self, dataset: &DatasetName, pending: Pending) -> Option<Instant> {
        let RetrainSettings { after_images, after_quiet, .. } = self.of(dataset);
        (pending.n_changes < *after_images).then(|| pending.last_change + *after_quiet)
    }

    fn of(&self, dataset: &DatasetName) -> &RetrainSettings {
        self.own.get(dataset).unwrap_or(&self.all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    fn trigger() -> RetrainTrigger {
        let all =
            RetrainSettings { after_images: 10, after_quiet: Duration::from_secs(30), hours: TrainingHours::default() };
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
        assert_eq!(trigger.take_due(after(49), SystemTime::now()), None);
        assert_eq!(trigger.next_deadline(start, SystemTime::now()), Some(after(50)));
        assert_eq!(trigger.n_pending(), 6);
        assert_eq!(trigger.take_due(after(50), SystemTime::now()), Some(name("a")));
        assert_eq!(trigger.take_due(after(500), SystemTime::now()), None, "taken once");
        assert_eq!(trigger.next_deadline(start, SystemTime::now()), None);
    }

    #[test]
    fn enough_images_start_at_once_and_datasets_are_counted_apart() {
        let (mut trigger, start) = (trigger(), Instant::now());
        trigger.note(&name("a"), 9, start);
        trigger.note(&name("b"), 10, start);
        assert_eq!(trigger.take_due(start, SystemTime::now()), Some(name("b")));
        assert_eq!(trigger.take_due(start, SystemTime::now()), None);
    }

    #[test]
    fn a_dataset_may_have_a_patience_of_its_own() {
        let set = ["retrain.after_images=10", "retrain.after_quiet=30s", "dataset.b.retrain.after_images=2"];
        let set = set.map(str::to_owned).to_vec();
        let settings = config::load(&config::Overrides { set, ..Default::default() }).unwrap();
        let (mut trigger, start) = (RetrainTrigger::new(&settings), Instant::now());
        trigger.note(&name("a"), 2, start);
        trigger.note(&name("b"), 2, start);
        assert_eq!(trigger.take_due(start, SystemTime::now()), Some(name("b")));
        assert_eq!(trigger.take_due(start, SystemTime::now()), None);
        assert_eq!(trigger.next_deadline(start, SystemTime::now()), Some(start + Duration::from_secs(30)));
    }

    #[test]
    fn immediate_never_waits() {
        let (mut trigger, start) = (RetrainTrigger::immediate(), Instant::now());
        trigger.note(&name("a"), 1, start);
        assert_eq!(trigger.take_due(start, SystemTime::now()), Some(name("a")));
    }

    #[test]
    fn a_training_that_is_due_waits_for_its_hours_and_is_woken_then() {
        let hours: TrainingHours = serde_json::from_value("20:00-20:01".into()).unwrap();
        let (mut trigger, start) = (trigger(), Instant::now());
        trigger.all.hours = hours.clone();
        // Some moment outside: at most one of the two is inside.
        let times = [SystemTime::UNIX_EPOCH, SystemTime::UNIX_EPOCH + Duration::from_secs(3600)];
        let time = times.into_iter().find(|time| hours.wait(*time).is_some()).unwrap();
        let (wait, _) = hours.wait(time).unwrap();
        trigger.note(&name("a"), 10, start);
        assert_eq!(trigger.take_due(start, time), None);
        assert_eq!(trigger.next_deadline(start, time), Some(start + wait));
        assert!(trigger.waits_for_hours(start, time).unwrap().starts_with("20:00, when"));
        assert_eq!(trigger.take_due(start + wait, time + wait), Some(name("a")));
        trigger.note(&name("b"), 1, start);
        assert_eq!(trigger.waits_for_hours(start, time), None, "it waits for quiet");
    }
}

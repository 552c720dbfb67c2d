//! Trainings of datasets of which not all can be seen or read now: they wait, so that no model is made without it.

use std::collections::BTreeSet;
use std::time::Instant;

use crate::domain::DatasetName;
use crate::ingest::Intake;
use crate::privacy::shown_in_inbox;

use super::Conductor;

impl Conductor {
    /// Whether the training waits for a mount, or for inputs that cannot be read; it is due again when nothing holds it.
    pub(super) fn is_held(&mut self, dataset: &DatasetName) -> bool {
        self.look_at_unseen();
        let Some(reason) = self.hold(dataset) else { return false };
        if self.held.insert(dataset.clone()) {
            tracing::info!(%dataset, %reason, "Training waits");
        }
        true
    }

    /// Trainings that nothing holds any more are due, and datasets all of which can be read again are looked at.
    pub(super) fn release_held(&mut self) {
        self.look_at_unseen();
        let datasets: Vec<DatasetName> = self.ledger().datasets().cloned().collect();
        let unread = datasets.into_iter().filter(|dataset| self.unread.sentence(dataset).is_some()).collect();
        let back = std::mem::replace(&mut self.incomplete, unread);
        let back = back.into_iter().filter(|dataset| !self.incomplete.contains(dataset));
        let held = std::mem::take(&mut self.held);
        let (held, free): (BTreeSet<_>, BTreeSet<_>) =
            held.into_iter().partition(|dataset| self.hold(dataset).is_some());
        self.held = held;
        for dataset in back.chain(free).collect::<BTreeSet<_>>() {
            self.trigger.note(&dataset, 1, Instant::now());
        }
    }

    /// Why each training that is due waits, one clause each.
    pub(super) fn holds(&self) -> impl Iterator<Item = String> {
        self.held.iter().filter_map(|dataset| self.hold(dataset))
    }

    /// What the model of a dataset would be made without.
    pub(super) fn missed_by(&self, dataset: &DatasetName) -> Option<String> {
        self.unread.sentence(dataset).map(|which| format!("left out: {which}"))
    }

    /// Has `run --once` look at the inbox: at first, and a few times more while not everything can be read.
    pub(super) fn survey(&mut self) {
        let (now, is_read) = (Instant::now(), self.intake.is_at_rest() && !self.registry.is_away());
        let Some(surveyor) = &mut self.surveyor else { return };
        if is_read && !self.unread.is_empty() && surveyor.schedule().plan_another(now) {
            self.intake.await_survey();
        }
        if surveyor.schedule().take_due(now) {
            let (known, mounts) = (Intake::known(self.registry.ledger(), &self.key), self.mounts.seen().cloned());
            surveyor.give(known, mounts);
        }
    }

    fn hold(&self, dataset: &DatasetName) -> Option<String> {
        let why = match &self.unseen {
            None => Some("a survey of the inbox".to_owned()),
            Some(unseen) => unseen.away_of(&format!("datasets/{dataset}")).map(|away| self.awaited(away)),
        };
        let why = why.or_else(|| self.unread.hold(dataset, Instant::now()))?;
        Some(format!("the training of dataset `{dataset}` waits for {why}"))
    }

    fn awaited(&self, mount: &str) -> String {
        format!("the mounted folder `{}`; mount it again", shown_in_inbox(&self.settings.watch.inbox, mount).display())
    }

    /// What the watcher says of the inbox; `run --once` hears it from its survey.
    fn look_at_unseen(&mut self) {
        if let Some(watcher) = &self.watcher {
            let health = watcher.health();
            let is_seen = health.n_surveys > 0 && health.blocked.is_none();
            self.unread.look(health.unseen.hidden.clone(), Instant::now());
            self.unseen = is_seen.then_some(health.unseen);
        }
    }
}

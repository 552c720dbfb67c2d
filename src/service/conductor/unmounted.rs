//! Trainings of datasets some of whose images are on a mount that is away: they wait, so that no model is made without them.

use std::collections::BTreeSet;
use std::time::Instant;

use crate::domain::DatasetName;

use super::Conductor;

impl Conductor {
    /// Whether the training waits for a mount; it is due again when that is back.
    pub(super) fn awaits_mount(&mut self, dataset: &DatasetName) -> bool {
        let is_away = self.is_unmounted(dataset);
        if is_away && self.unmounted.insert(dataset.clone()) {
            tracing::info!(%dataset, "Training waits for a mounted folder");
        }
        is_away
    }

    /// Trainings that waited for a mount that is back are due.
    pub(super) fn release_mounted(&mut self) {
        let unmounted = std::mem::take(&mut self.unmounted);
        let (away, back): (BTreeSet<_>, BTreeSet<_>) =
            unmounted.into_iter().partition(|dataset| self.is_unmounted(dataset));
        self.unmounted = away;
        for dataset in back {
            self.trigger.note(&dataset, 1, Instant::now());
        }
    }

    fn is_unmounted(&self, dataset: &DatasetName) -> bool {
        let folder = format!("datasets/{dataset}");
        self.watcher.as_ref().is_some_and(|watcher| watcher.health().misses(&folder))
    }
}

//! Scans that have a report of an earlier model: when they are explained again.

use std::sync::Arc;
use std::time::Instant;

use crate::domain::{ModelRecord, Scan, ScanKey};
use crate::service::retry::Task;

use super::Conductor;

impl Conductor {
    /// The next scan to explain again, with its model; `None` while there is anything else to do. Scans that never failed go first.
    pub(super) fn next_outdated_scan(&self, now: Instant) -> Option<(Scan, Arc<ModelRecord>)> {
        if !self.has_time_to_explain_again() {
            return None;
        }
        let is_new = |key: &&ScanKey| !self.failed.has_failed(&Task::Scan((*key).clone()));
        let keys = self.again.keys().filter(is_new).chain(self.failed.due_scans(now));
        let ledger = self.registry.ledger();
        let mut scans = keys.filter_map(|key| ledger.scans.get(key)).filter(|scan| ledger.is_outdated(scan));
        let (scan, model) = scans.find_map(|scan| Some((scan, self.explaining_model(scan.dataset.as_ref(), now)?)))?;
        Some((scan.clone(), Arc::new(model.clone())))
    }

    /// Whether nothing else is to be done, as far as the inbox was seen: a training would make a better model first.
    fn has_time_to_explain_again(&self) -> bool {
        let is_seen = self.watcher.as_ref().is_none_or(|watcher| watcher.health().n_surveys > 0);
        let trains = !self.training.is_idle() || (self.is_once() && !self.trigger.is_empty());
        is_seen && self.intake.is_at_rest() && !trains
    }
}

//! The status: what is being done, what is waited for, and the summary at the end.

use std::collections::BTreeSet;
use std::time::Instant;

use crate::domain::{Counters, DatasetName, Phase};
use crate::service::service_manager;
use crate::service::status::{PhaseStatus, ServiceState};
use crate::service::summary::Summary;
use crate::watch::SkippedInputs;
use crate::workflow::{FailedWork, Fault, Work};

use super::Conductor;

impl Conductor {
    /// Writes the status when it is due; call it every second.
    pub(super) fn publish(&mut self) {
        self.note_mounts();
        self.release_held();
        self.forget_gone_scans();
        self.take_up_with_other_weights();
        let (state, waits_for) = self.state();
        self.publish_as(state, waits_for);
    }

    /// Writes the last status.
    pub(in crate::service) fn publish_end(&mut self) {
        self.publish_as(ServiceState::Stopped, None);
    }

    fn publish_as(&mut self, state: ServiceState, waits_for: Option<String>) {
        let network = self.engines.latest();
        let phase = self.progress.phase().map(|progress| PhaseStatus {
            eta_seconds: progress.eta_seconds(),
            name: progress.phase.name().to_owned(),
            unit: progress.phase.unit().to_owned(),
            done: progress.done,
            total: progress.total,
            remark: progress.remark,
        });
        let ledger = self.registry.ledger();
        let (failures, n_failed) = self.listed_failures();
        let arrivals = self.intake.n_waiting() + self.watcher.as_ref().map_or(0, |watcher| watcher.health().n_waiting);
        let untrained = self.trigger.n_pending();
        let due: BTreeSet<DatasetName> = self.trigger.datasets().cloned().collect();
        let waiting = self.unsettled();
        let (skipped, mut warnings) = (self.skipped(), self.all_data_warnings());
        let n_obsolete = self.gallery.n_obsolete();
        let explain_again = self.again.len();
        let erasure = self.erasure_status();
        let was = (self.status.status().state, self.status.status().waits_for.clone());
        self.status.update(|status| {
            status.state = state;
            status.waits_for = waits_for;
            status.look_at(ledger);
            for (dataset, status) in &mut status.datasets {
                status.warnings = warnings.remove(dataset).unwrap_or_default();
                status.training_due = due.contains(dataset);
            }
            status.skipped = skipped.into_iter().map(|skipped| skipped.sentence).collect();
            status.waiting_files = waiting;
            status.erasure = erasure;
            status.queues.arrivals = arrivals as u64;
            status.queues.explain_again = explain_again as u64;
            status.queues.obsolete_reports = n_obsolete as u64;
            status.queues.untrained = untrained;
            status.phase = phase;
            status.queues.failed = n_failed;
            status.last_error = failures.first().map(|failed| failed.work.to_string());
            status.failures = failures;
            if let Some((device, backbone)) = network {
                (status.device, status.backbone) = (device, backbone);
            }
        });
        let status = self.status.status();
        if was != (state, status.waits_for.clone()) {
            let reason = status.waits_for.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
            service_manager::status(&format!("{state}{reason}"));
        }
    }

    /// What is being done, and what is waited for.
    fn state(&self) -> (ServiceState, Option<String>) {
        if let Some(blocked) = self.watcher.as_ref().and_then(|watcher| watcher.health().blocked) {
            return (ServiceState::Blocked, Some(blocked));
        }
        if self.watcher.as_ref().is_some_and(|watcher| watcher.health().n_surveys == 0) {
            return (ServiceState::Starting, Some("the first survey of the inbox".to_owned()));
        }
        if let Some(stuck) = self.waits_for_another_try().filter(|_| self.is_refused() || self.cannot_begin()) {
            return (ServiceState::Waiting, Some(stuck));
        }
        if self.training.is_splitting() || self.training.is_training() {
            let augmenting = self.progress.phase().is_some_and(|progress| progress.phase == Phase::Augment);
            let state = if augmenting { ServiceState::Augmenting } else { ServiceState::Training };
            return (state, self.stands_in_the_way());
        }
        if !self.scans.is_idle() {
            return (ServiceState::Explaining, self.stands_in_the_way());
        }
        if let Some(away) = self.away() {
            return (ServiceState::Blocked, Some(away));
        }
        let n_unsettled = self.watcher.as_ref().map_or(0, |watcher| watcher.health().n_waiting);
        if !self.intake.is_at_rest() || n_unsettled > 0 || self.registry.is_away() {
            return (ServiceState::Settling, self.stands_in_the_way());
        }
        if let Some(failed) = self.waits_for_another_try() {
            return (ServiceState::Waiting, Some(failed));
        }
        if let Some(hours) = self.trigger.waits_for_hours(Instant::now(), super::time_of_day()) {
            return (ServiceState::Waiting, Some(hours));
        }
        if self.trigger.n_pending() > 0 {
            return (
                ServiceState::Waiting,
                Some("more images or a pause in arrivals (retrain.after_images, retrain.after_quiet)".to_owned()),
            );
        }
        if self.training.erasing().is_some() {
            return (ServiceState::Waiting, Some("the removal of forgotten images".to_owned()));
        }
        if self.training.is_retaining() {
            return (ServiceState::Waiting, Some("the removal of what exceeds the limits in [retention]".to_owned()));
        }
        if !self.training.is_idle() {
            return (ServiceState::Starting, Some("the check for trainings that are due".to_owned()));
        }
        let refused = self.skipped().into_iter().filter(|skipped| skipped.is_refused).map(|skipped| skipped.sentence);
        let reasons: Vec<String> = self.waiting().into_iter().chain(refused).collect();
        if !reasons.is_empty() {
            return (ServiceState::Waiting, Some(reasons.join("; ")));
        }
        (ServiceState::Idle, None)
    }

    /// Files that wait for longer than their turn.
    fn unsettled(&self) -> Vec<String> {
        self.watcher.as_ref().map_or_else(Vec::new, |watcher| watcher.health().waiting)
    }

    /// Which mounted folders are away; the work on other files goes on.
    fn away(&self) -> Option<String> {
        let away = self.watcher.as_ref()?.health().away;
        (!away.is_empty()).then(|| away.join("; "))
    }

    /// What is waited for beside the work in hand: a disk or device, what a training lacks, or files that cannot be read yet.
    fn stands_in_the_way(&self) -> Option<String> {
        self.waits_for_disk_or_device().or_else(|| self.holds().next()).or_else(|| self.unsettled().into_iter().next())
    }

    /// Why datasets cannot be trained on yet, and scans not explained, though nothing failed.
    fn waiting(&self) -> Vec<String> {
        let n_scans = self.n_without_model();
        let scans = (n_scans > 0).then(|| format!("{n_scans} scan(s) for a first model"));
        self.obstacles.values().cloned().chain(self.holds()).chain(self.stranded_scans()).chain(scans).collect()
    }

    /// What lies in the inbox where inputs do, and is none.
    fn skipped(&self) -> Vec<SkippedInputs> {
        self.watcher.as_ref().map_or_else(|| self.skipped.clone(), |watcher| watcher.health().skipped)
    }

    /// What failed and is not done, and then what could not be looked at: nothing else keeps a record of that.
    fn failed_work(&self) -> Vec<FailedWork> {
        let failed = self.failed.latest_first().into_iter().rev().map(|failed| failed.work.clone());
        let refused = self.skipped().into_iter().filter(|skipped| skipped.is_refused);
        let inbox = self.settings.watch.inbox.display();
        failed
            .chain(refused.map(|refused| FailedWork::new(Work::Intake, &inbox, Fault::Io, refused.sentence)))
            .chain(self.unread_work())
            .collect()
    }

    /// How things stand; `before` are the counters at the start.
    pub(in crate::service) fn summary(&self, before: &Counters) -> Summary {
        let ledger = self.registry.ledger();
        let gallery = self.workspace.reports().join("index.html");
        Summary {
            stopped: self.stop.is_raised(),
            done: ledger.counters.since(before),
            best: ledger.best.keys().filter_map(|dataset| ledger.best_model(dataset)).cloned().collect(),
            waiting: self.waiting(),
            warnings: self.all_data_warnings(),
            skipped: self.skipped().into_iter().map(|skipped| skipped.sentence).collect(),
            failures: self.failed_work(),
            gallery: gallery.is_file().then_some(gallery),
        }
    }
}

//! What the conductor tells: the status, the service manager, other commands, and the summary at the end.

use crate::domain::{Counters, DatasetName, LedgerEvent};

use super::conductor::Conductor;
use super::control::{self, Answer, Question, Request};
use super::serving::Serving;
use super::standing::Standing;
use super::start::Summary;
use super::status::{PhaseStatus, ServiceState};
use super::{DaemonError, due, service_manager};

impl Conductor {
    /// Writes the status when it is due; call it every second.
    pub(super) fn publish(&mut self) {
        let (state, waits_for) = self.state();
        self.publish_as(state, waits_for);
    }

    /// The last word.
    pub(super) fn publish_end(&mut self) {
        self.publish_as(ServiceState::Stopped, None);
    }

    fn publish_as(&mut self, state: ServiceState, waits_for: Option<String>) {
        let engine = self.engine.started();
        let phase = self.progress.phase().map(|phase| PhaseStatus {
            eta_seconds: phase.eta_seconds(),
            name: phase.name,
            unit: phase.unit,
            done: phase.done,
            total: phase.total,
            remark: phase.remark,
        });
        let (ledger, last_error) = (self.registry.ledger(), &self.last_error);
        let arrivals = self.unread.len() + self.watcher.as_ref().map_or(0, |watcher| watcher.health().n_waiting);
        let untrained = self.trigger.n_pending();
        let was = self.board.status().state;
        self.board.update(|status| {
            status.state = state;
            status.waits_for = waits_for;
            status.look_at(ledger);
            status.queues.arrivals = arrivals as u64;
            status.queues.untrained = untrained;
            status.phase = phase;
            status.last_error.clone_from(last_error);
            if let Some(engine) = engine {
                engine.device().clone_into(&mut status.device);
                status.backbone.clone_from(&engine.backbone().name);
            }
        });
        if was != state {
            service_manager::status(state.word());
        }
    }

    /// What is being done, and what is waited for.
    fn state(&self) -> (ServiceState, Option<String>) {
        if let Some(blocked) = self.watcher.as_ref().and_then(|watcher| watcher.health().blocked) {
            return (ServiceState::Blocked, Some(blocked));
        }
        if self.learning.is_some() {
            let augmenting = self.progress.phase().is_some_and(|phase| phase.name == "augment");
            return (if augmenting { ServiceState::Augmenting } else { ServiceState::Training }, None);
        }
        if matches!(self.serving, Some(Serving::Scan(_))) {
            return (ServiceState::Explaining, None);
        }
        let n_unsettled = self.watcher.as_ref().map_or(0, |watcher| watcher.health().n_waiting);
        if self.reading || !self.unread.is_empty() || n_unsettled > 0 {
            return (ServiceState::Settling, None);
        }
        if self.trigger.n_pending() > 0 {
            return (
                ServiceState::Waiting,
                Some("more images, or quiet (retrain.after_images, retrain.after_quiet)".to_owned()),
            );
        }
        let obstacles = self.obstacles();
        if !obstacles.is_empty() {
            return (ServiceState::Waiting, Some(obstacles.join("; ")));
        }
        (ServiceState::Idle, None)
    }

    /// Why datasets cannot be trained on yet, and scans not explained.
    fn obstacles(&self) -> Vec<String> {
        let ledger = self.registry.ledger();
        let untrainable = |dataset: &DatasetName| {
            let samples: Vec<_> = ledger.samples_of(dataset).cloned().collect();
            due::obstacle(dataset, &samples)
        };
        ledger.datasets().iter().filter_map(untrainable).chain(self.stranded_scans()).collect()
    }

    /// How things stand; `before` are the counters at the start.
    pub(super) fn summary(&self, before: &Counters) -> Summary {
        let ledger = self.registry.ledger();
        let gallery = self.workspace.reports().join("index.html");
        Summary {
            stopped: self.stop.is_raised(),
            done: ledger.counters.since(before),
            best: ledger.best.keys().filter_map(|dataset| ledger.best_model(dataset)).cloned().collect(),
            obstacles: self.obstacles(),
            n_waiting_scans: ledger.waiting_scans().count(),
            gallery: gallery.is_file().then_some(gallery),
        }
    }

    /// Answers another command.
    pub(super) fn answer(&mut self, request: Request) -> Result<(), DaemonError> {
        let answer = match &request.question {
            Question::Models { dataset } => {
                Answer::Models { models: control::models(self.registry.ledger(), dataset.as_ref()) }
            }
            Question::Choose { dataset, run_id, choice } => {
                match choice.decide(self.registry.ledger(), dataset, run_id, self.settings.clock) {
                    Ok(decision) => {
                        self.commit(vec![LedgerEvent::Decision(decision.clone())])?;
                        Answer::Chosen { decision: Box::new(decision) }
                    }
                    Err(reason) => Answer::Refused { reason },
                }
            }
            Question::Adopt { learned, .. } if !learned.holds(self.registry.ledger()) => {
                let standing = Standing::of(self.registry.ledger(), &learned.model.dataset);
                Answer::Outdated { standing: Box::new(standing) }
            }
            Question::Adopt { learned, work } => {
                self.commit(
                    work.iter().map(|(counter, n)| LedgerEvent::Counted { counter: *counter, n: *n }).collect(),
                )?;
                self.record_learned((**learned).clone())?;
                Answer::Adopted
            }
        };
        request.answer(answer);
        Ok(())
    }

    /// Waits until the watches are in place, so that nothing that comes after READY is missed.
    pub(super) fn wait_until_watching(&self) {
        if let Some(watcher) = &self.watcher {
            // A watching thread that dies first shows in the loop, as a disconnected channel.
            let _ = watcher.ready().recv();
        }
    }
}

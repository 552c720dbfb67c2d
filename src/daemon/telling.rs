//! What the conductor tells: the status, the service manager, other commands, and the summary at the end.

use crate::domain::{Counters, LedgerEvent};

use super::conductor::Conductor;
use super::control::{self, Answer, Question, Request};
use super::learning::Learning;
use super::standing::Standing;
use super::start::Summary;
use super::status::{PhaseStatus, ServiceState};
use super::{DaemonError, service_manager};

impl Conductor {
    /// Writes the status when it is due; call it every second.
    pub(super) fn publish(&mut self) {
        self.forget_gone_scans();
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
        let ledger = self.registry.ledger();
        let (failures, n_failed) = self.failures_told();
        let arrivals = self.unread.len() + self.watcher.as_ref().map_or(0, |watcher| watcher.health().n_waiting);
        let untrained = self.trigger.n_pending();
        let was = (self.board.status().state, self.board.status().waits_for.clone());
        self.board.update(|status| {
            status.state = state;
            status.waits_for = waits_for;
            status.look_at(ledger);
            status.queues.arrivals = arrivals as u64;
            status.queues.untrained = untrained;
            status.phase = phase;
            status.queues.failed = n_failed;
            status.last_error = failures.first().map(|failed| failed.work.to_string());
            status.failures = failures;
            if let Some(engine) = engine {
                engine.device().clone_into(&mut status.device);
                status.backbone.clone_from(&engine.backbone().name);
            }
        });
        let status = self.board.status();
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
            return (ServiceState::Starting, Some("the first look through the inbox".to_owned()));
        }
        if let Some(stuck) = self.waits_for_another_try().filter(|_| self.is_full()) {
            return (ServiceState::Waiting, Some(stuck));
        }
        if matches!(self.learning, Some(Learning::Preparing(_) | Learning::Training(_))) {
            let augmenting = self.progress.phase().is_some_and(|phase| phase.name == "augment");
            return (if augmenting { ServiceState::Augmenting } else { ServiceState::Training }, None);
        }
        if self.serving.is_some() {
            return (ServiceState::Explaining, None);
        }
        let n_unsettled = self.watcher.as_ref().map_or(0, |watcher| watcher.health().n_waiting);
        if self.reading || !self.unread.is_empty() || n_unsettled > 0 || self.registry.is_away() {
            return (ServiceState::Settling, None);
        }
        if let Some(failed) = self.waits_for_another_try() {
            return (ServiceState::Waiting, Some(failed));
        }
        if self.trigger.n_pending() > 0 {
            return (
                ServiceState::Waiting,
                Some("more images, or quiet (retrain.after_images, retrain.after_quiet)".to_owned()),
            );
        }
        if self.learning.is_some() {
            return (ServiceState::Starting, Some("whether a training is due from before".to_owned()));
        }
        let reasons = self.waiting();
        if !reasons.is_empty() {
            return (ServiceState::Waiting, Some(reasons.join("; ")));
        }
        (ServiceState::Idle, None)
    }

    /// Why datasets cannot be trained on yet, and scans not explained, though nothing failed.
    fn waiting(&self) -> Vec<String> {
        let n_scans = self.n_without_model();
        let scans = (n_scans > 0).then(|| format!("{n_scans} scan(s) for a first model"));
        self.obstacles.values().cloned().chain(self.stranded_scans()).chain(scans).collect()
    }

    /// How things stand; `before` are the counters at the start.
    pub(super) fn summary(&self, before: &Counters) -> Summary {
        let ledger = self.registry.ledger();
        let gallery = self.workspace.reports().join("index.html");
        Summary {
            stopped: self.stop.is_raised(),
            done: ledger.counters.since(before),
            best: ledger.best.keys().filter_map(|dataset| ledger.best_model(dataset)).cloned().collect(),
            waiting: self.waiting(),
            failures: self.failed.latest_first().into_iter().rev().map(|failed| failed.work.clone()).collect(),
            gallery: gallery.is_file().then_some(gallery),
        }
    }

    /// Answers another command.
    pub(super) fn answer(&mut self, request: Request) -> Result<(), DaemonError> {
        let answer = match &request.question {
            Question::Choose { .. } | Question::Adopt { .. } if self.is_stuck() => {
                Answer::Refused { reason: format!("{}; then try again", self.what_failed()) }
            }
            Question::Models { dataset } => {
                Answer::Models { models: control::models(self.registry.ledger(), dataset.as_ref()) }
            }
            Question::Choose { dataset, run_id, choice } => {
                match choice.decide(self.registry.ledger(), dataset, run_id, self.settings.clock) {
                    Ok(decision) => {
                        self.commit(vec![LedgerEvent::Decision(decision.clone())])?;
                        self.failed.release_scans();
                        self.once_recorded(Answer::Chosen { decision: Box::new(decision) })
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
                self.once_recorded(Answer::Adopted)
            }
        };
        request.answer(answer);
        Ok(())
    }

    /// `answer`, if what it says is recorded.
    fn once_recorded(&self, answer: Answer) -> Answer {
        if !self.is_stuck() {
            return answer;
        }
        Answer::Refused { reason: format!("{}; it is done as soon as that has passed", self.what_failed()) }
    }

    fn what_failed(&self) -> String {
        self.waits_for_another_try().unwrap_or_default()
    }
}

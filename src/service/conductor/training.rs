//! Trainings: when one starts, and what is recorded when it ends.

use std::time::Instant;

use crate::domain::{DatasetName, LedgerEvent, Progress};
use crate::service::attempts::{AttemptSlot, Attempted};
use crate::service::error::ServiceError;
use crate::service::retry::Task;
use crate::service::training_worker::{PrepareJob, TrainingTask};
use crate::workflow::{
    FinishedTraining, Incumbent, Prepared, Readiness, TrainedModel, TrainingPlan, Work, WorkflowError,
};

use super::Conductor;

impl Conductor {
    /// Looks for trainings that an earlier run left undone, or that changed settings ask for.
    pub(super) fn find_due(&mut self) -> Result<(), ServiceError> {
        self.training.start_finding_due()?;
        self.workers.training.give(TrainingTask::FindDue(Box::new(self.ledger().clone())));
        Ok(())
    }

    /// They were found.
    pub(super) fn found_due(&mut self, due: &[DatasetName]) -> Result<(), ServiceError> {
        self.training.finish_finding_due()?;
        for dataset in due {
            self.trigger.note(dataset, 1, Instant::now());
        }
        Ok(())
    }

    /// Starts the training that is prepared, or prepares the one that is due, if none is under way and no file waits to be read.
    pub(super) fn prepare_training(&mut self) -> Result<(), ServiceError> {
        self.train_prepared()?;
        if !self.can_train() {
            return Ok(());
        }
        let due = self.next_dataset(Instant::now());
        if let Some(dataset) = due.filter(|dataset| !self.is_held(dataset)) {
            self.obstacles.remove(&dataset);
            self.training.start_preparing(dataset.clone())?;
            let job = PrepareJob { ledger: self.ledger().clone(), missed: self.missed_by(&dataset) };
            self.workers.training.give(TrainingTask::Prepare(dataset, Box::new(job)));
        }
        Ok(())
    }

    /// Whether a training that is due can be prepared now.
    pub(super) fn can_train(&self) -> bool {
        self.training.is_idle() && self.intake.is_at_rest() && !self.is_stuck() && !self.stop.is_raised()
    }

    /// A training was prepared: the split is recorded before it starts.
    pub(super) fn prepared(&mut self, dataset: DatasetName, prepared: Prepared) -> Result<(), ServiceError> {
        let Prepared { warnings, readiness, unread } = prepared;
        self.note_data_warnings(&dataset, warnings);
        match readiness {
            Readiness::HeldUp(obstacle) => {
                self.training.finish_preparing()?;
                self.held_up(&dataset, obstacle);
                self.renew_parts(&dataset, unread);
                self.failed.drop_task(&Task::Training(dataset));
                Ok(())
            }
            Readiness::Refused(work) => {
                self.training.finish_preparing()?;
                self.fail(Task::Training(dataset), work, true);
                Ok(())
            }
            Readiness::Split { changed, plan: None } => {
                self.training.finish_preparing()?;
                self.renew_parts(&dataset, unread);
                self.commit(changed.into_iter().map(LedgerEvent::Sample).collect())?;
                self.failed.drop_task(&Task::Training(dataset));
                Ok(())
            }
            Readiness::Split { changed, plan: Some(plan) } => {
                self.training.record_split(plan)?;
                self.commit(changed.into_iter().map(LedgerEvent::Sample).collect())?;
                self.train_prepared()
            }
        }
    }

    /// Starts the training whose split was being recorded, once it is.
    pub(super) fn train_prepared(&mut self) -> Result<(), ServiceError> {
        if !self.training.awaits_record() || self.registry.is_away() {
            return Ok(());
        }
        if self.is_stuck() || self.stop.is_raised() || self.has_to_erase() {
            // The next preparation finds it due.
            let dataset = self.training.give_up_split()?;
            self.trigger.note(&dataset, 1, Instant::now());
            return Ok(());
        }
        let Some(attempted) = self.training.awaiting().map(attempted) else { return Ok(()) };
        // Who runs once asks for it; a person or a power cut may have ended the program as well.
        if !self.is_once() && self.attempts.attempts().is_set_aside(&attempted) {
            let dataset = self.training.give_up_split()?;
            self.set_aside(Task::Training(dataset.clone()), Work::Training, dataset.as_str());
            return Ok(());
        }
        if !self.begin(AttemptSlot::Training, vec![attempted])? {
            return Ok(());
        }
        let stop = self.stop.part();
        let mut plan = self.training.start_training(stop.clone())?;
        plan.may_leave_out = !self.is_once() && self.failed.is_last_try(&Task::Training(plan.dataset.clone()));
        self.failed.renew_parts(&plan.dataset);
        tracing::info!(dataset = %plan.dataset, run = %plan.run_id, images = plan.samples.len(), "Training started");
        self.workers.training.give(TrainingTask::Train(plan, stop));
        Ok(())
    }

    /// The dataset whose training is due, or is to be tried again.
    fn next_dataset(&mut self, now: Instant) -> Option<DatasetName> {
        let time = super::time_of_day();
        let in_its_hours = |of: &DatasetName| self.trigger.hours_wait(of, time).is_none();
        let again = self.failed.due_training(now).filter(in_its_hours);
        self.trigger.take_due(now, time).or(again)
    }

    /// A dataset cannot be trained on yet; one that is gone is waited for by nobody.
    fn held_up(&mut self, dataset: &DatasetName, obstacle: String) {
        tracing::warn!(%dataset, reason = %obstacle, "Not training yet");
        if self.registry.ledger().has_samples(dataset) {
            self.obstacles.insert(dataset.clone(), obstacle);
        }
    }

    /// A training ended: its run and the decision on it are recorded in one commit, if the best model still is the one
    /// that it was decided against.
    pub(super) fn trained(
        &mut self,
        dataset: &DatasetName,
        outcome: Result<FinishedTraining, WorkflowError>,
    ) -> Result<(), ServiceError> {
        self.count_forwards()?;
        match outcome {
            Ok(finished)
                if !finished.is_recorded()
                    && !finished.model().decision_holds(self.ledger())
                    && !self.stop.is_raised() =>
            {
                let incumbent = Incumbent::of(self.ledger(), dataset);
                self.training.decide_again()?;
                // An erasure may have stopped the training just before its end: that is no reason to lose it.
                let stop = self.stop.part();
                self.workers.training.give(TrainingTask::DecideAgain(Box::new(finished), Box::new(incumbent), stop));
                Ok(())
            }
            outcome => {
                self.training.finish_training()?;
                self.attempts.end(AttemptSlot::Training);
                // It links to the model pages that there are.
                self.gallery.look_again();
                if outcome.is_ok() {
                    self.failed.clear_former_parts(dataset, |_| true);
                }
                self.record_training(dataset, outcome)
            }
        }
    }

    fn record_training(
        &mut self,
        dataset: &DatasetName,
        outcome: Result<FinishedTraining, WorkflowError>,
    ) -> Result<(), ServiceError> {
        match outcome {
            Ok(finished) if finished.is_recorded() => {
                tracing::info!(%dataset, run = %finished.model().model.run_id, "Files of a model made again");
                self.failed.clear(&Task::Training(dataset.clone()), Instant::now());
            }
            Ok(finished) if finished.model().decision_holds(self.ledger()) => {
                self.failed.clear(&Task::Training(dataset.clone()), Instant::now());
                return self.record_model(finished.model().clone());
            }
            Ok(_) => {
                tracing::warn!(
                    %dataset,
                    "Best model changed during the training and the service stops; the next start trains again from cached features"
                );
                self.trigger.note(dataset, 0, Instant::now());
            }
            // The status of a stopped service says that it is still due.
            Err(WorkflowError::Stopped(_)) if self.stop.is_raised() => self.trigger.note(dataset, 0, Instant::now()),
            Err(WorkflowError::Stopped(_)) => {
                tracing::info!(%dataset, "Training stopped; it is due again after the erasure");
                self.progress.end();
                self.trigger.note(dataset, 1, Instant::now());
            }
            Err(WorkflowError::OtherModel(error)) => {
                tracing::warn!(%dataset, %error, "Files of a model not made again");
                self.failed.drop_task(&Task::Training(dataset.clone()));
            }
            Err(_) if !self.ledger().has_samples(dataset) => {
                tracing::info!(%dataset, "Training ended without a model, because the dataset's images were removed");
                self.failed.drop_task(&Task::Training(dataset.clone()));
            }
            Err(error) => self.training_failed(dataset, &error),
        }
        Ok(())
    }

    /// Records a run and the decision on it, in one commit.
    pub(super) fn record_model(&mut self, trained: TrainedModel) -> Result<(), ServiceError> {
        log_decision(&trained);
        // What one model could not explain, the next one may.
        self.release_scans();
        self.commit(trained.into_events())
    }
}

/// A training, for the attempt log.
fn attempted(plan: &TrainingPlan) -> Attempted {
    Attempted::Training { dataset: plan.dataset.clone(), job_hash: plan.job_hash }
}

fn log_decision(TrainedModel { model, decision, .. }: &TrainedModel) {
    let (run, dataset) = (&model.run_id, &model.dataset);
    let val_accuracy =
        model.measured_accuracy().map_or_else(|| "not measured".to_owned(), |accuracy| format!("{accuracy:.3}"));
    let (promoted, reason) = (decision.promoted, &decision.reason);
    tracing::info!(%dataset, %run, %val_accuracy, promoted, %reason, "Model recorded");
}

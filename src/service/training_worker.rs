//! The training worker: it finds out what is due, prepares trainings, and trains; in between it removes what is kept no longer,
//! or was forgotten.

use std::sync::Arc;
use std::time::SystemTime;

use crossbeam_channel::Sender;

use crate::config::Settings;
use crate::disk::Workspace;
use crate::domain::{DatasetName, Ledger, StopFlag};
use crate::workflow::{
    self, Engines, Exceeding, FailedWork, FinishedTraining, ForgetTargets, Incumbent, Known, TrainingContext,
    TrainingPlan, Work, WorkflowError,
};

use super::event::Event;
use super::shared_progress::SharedProgress;

/// What the training worker does.
pub(super) enum TrainingTask {
    /// Looks which datasets' trainings are due.
    FindDue(Box<Ledger>),
    /// Prepares a dataset's training.
    Prepare(DatasetName, Box<PrepareJob>),
    /// A training, until the flag is raised.
    Train(Box<TrainingPlan>, StopFlag),
    /// The decision on a finished one, once more, because the best model has changed; until the flag is raised.
    DecideAgain(Box<FinishedTraining>, Box<Incumbent>, StopFlag),
    /// Looks what exceeds the limits of the retention.
    FindExceeding(Box<Ledger>),
    /// Removes it.
    RemoveExceeding(Box<Exceeding>),
    /// Removes all that was made of forgotten images.
    Erase(Box<Ledger>, Box<ForgetTargets>),
}

/// What is known when a training is prepared.
pub(super) struct PrepareJob {
    pub(super) ledger: Ledger,
    /// What of the dataset cannot be read, and is not waited for any more; one sentence.
    pub(super) missed: Option<String>,
}

/// What it works with.
pub(super) struct TrainingWorker {
    pub(super) settings: Arc<Settings>,
    pub(super) workspace: Workspace,
    pub(super) engines: Engines,
    pub(super) stop: StopFlag,
    pub(super) progress: SharedProgress,
    /// Receives what comes of a training on the way.
    pub(super) events: Sender<Event>,
}

impl TrainingWorker {
    pub(super) fn work(&self, task: TrainingTask) -> Event {
        match task {
            TrainingTask::FindDue(ledger) => {
                Event::Due(workflow::find_due(&self.known(*ledger), &self.settings, &self.workspace))
            }
            TrainingTask::Prepare(dataset, job) => {
                let PrepareJob { ledger, missed } = *job;
                let known = Known { missed, ..self.known(ledger) };
                let prepared = workflow::prepare(&dataset, known, &self.settings, &self.workspace);
                Event::Prepared(dataset, prepared)
            }
            TrainingTask::Train(plan, stop) => {
                let dataset = plan.dataset.clone();
                let expanded = |n_copies| drop(self.events.send(Event::Expanded(n_copies)));
                self.with_context(dataset, &stop, |context| workflow::train_exclusively(*plan, context, &expanded))
            }
            TrainingTask::DecideAgain(mut trained, incumbent, stop) => {
                self.with_context(trained.dataset().clone(), &stop, |context| {
                    trained.decide_again(&incumbent, context)?;
                    Ok(*trained)
                })
            }
            TrainingTask::FindExceeding(ledger) => {
                let found = workflow::find_exceeding(&ledger, &self.settings, SystemTime::now());
                let place = self.workspace.root().display();
                Event::Exceeding(found.map_err(|error| FailedWork::of(Work::Retention, place, &error)))
            }
            TrainingTask::RemoveExceeding(exceeding) => {
                Event::Retained(workflow::remove_exceeding(&exceeding, &self.workspace, &self.stop))
            }
            TrainingTask::Erase(ledger, targets) => {
                let erased = workflow::erase(&ledger, &targets, &self.settings);
                let place = self.workspace.root().display();
                Event::Erased(erased.map_err(|error| FailedWork::of(Work::Erasure, place, &error)))
            }
        }
    }

    fn known(&self, ledger: Ledger) -> Known {
        Known { ledger, configured: self.engines.configured_weights(), missed: None }
    }

    fn with_context(
        &self,
        of: DatasetName,
        stop: &StopFlag,
        work: impl FnOnce(&TrainingContext<'_>) -> Result<FinishedTraining, WorkflowError>,
    ) -> Event {
        let failed = |work| drop(self.events.send(Event::PartFailed(of.clone(), work)));
        let context = TrainingContext {
            settings: self.settings.of(&of),
            engines: &self.engines,
            stop,
            progress: &self.progress,
            failed: &failed,
        };
        let outcome = work(&context);
        Event::Trained(of, Box::new(outcome))
    }
}

//! The learning worker: it finds out what is due, prepares trainings, and trains.

use std::sync::Arc;

use crossbeam_channel::Sender;

use crate::config::Settings;
use crate::disk::Workspace;
use crate::domain::{DatasetName, StopFlag};

use super::alone;
use super::engine::EngineCell;
use super::event::Event;
use super::learn::{LearnError, LearnJob, Tools};
use super::phase::Watched;
use super::prepare::{self, Known};
use super::standing::Standing;
use super::trained::Trained;

/// What the learning worker does.
pub(super) enum LearnTask {
    /// Looks which datasets' trainings are due.
    FindDue(Box<Known>),
    /// Prepares a dataset's training.
    Prepare(DatasetName, Box<Known>),
    /// A training.
    Train(Box<LearnJob>),
    /// The decision on a finished one, once more, because the best model has changed.
    DecideAgain(Box<Trained>, Box<Standing>),
}

/// What it works with.
pub(super) struct Learner {
    pub(super) settings: Arc<Settings>,
    pub(super) workspace: Workspace,
    pub(super) engine: EngineCell,
    pub(super) stop: StopFlag,
    pub(super) progress: Watched,
    /// Hears of what comes of a training on the way.
    pub(super) events: Sender<Event>,
}

impl Learner {
    pub(super) fn work(&self, task: LearnTask) -> Event {
        match task {
            LearnTask::FindDue(known) => Event::Due(prepare::find_due(&known, &self.settings)),
            LearnTask::Prepare(dataset, known) => {
                let prepared = prepare::prepare(&dataset, *known, &self.settings, &self.workspace);
                Event::Prepared(dataset, prepared)
            }
            LearnTask::Train(job) => {
                let dataset = job.dataset.clone();
                let expanded = |n_copies| drop(self.events.send(Event::Expanded(n_copies)));
                self.with_tools(dataset, |tools| alone::learn_alone(*job, tools, &expanded))
            }
            LearnTask::DecideAgain(mut trained, standing) => self.with_tools(trained.dataset().clone(), |tools| {
                trained.decide_again(&standing, tools)?;
                Ok(*trained)
            }),
        }
    }

    fn with_tools(&self, of: DatasetName, work: impl FnOnce(&Tools<'_>) -> Result<Trained, LearnError>) -> Event {
        let failed = |work| drop(self.events.send(Event::PartFailed(of.clone(), work)));
        let tools = Tools {
            settings: self.settings.of(&of),
            engine: &self.engine,
            stop: &self.stop,
            progress: &self.progress,
            failed: &failed,
        };
        let outcome = work(&tools);
        Event::Learned(of, Box::new(outcome))
    }
}

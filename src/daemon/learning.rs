//! What the conductor does about trainings: when one starts, and what is recorded when it ends.

use std::time::Instant;

use crate::domain::{DatasetName, LedgerEvent};

use super::DaemonError;
use super::conductor::Conductor;
use super::event::Event;
use super::learn::LearnError;
use super::learner::LearnTask;
use super::prepare::{Known, Prepared};
use super::retry::Task;
use super::standing::Standing;
use super::trained::{Learned, Trained};

/// What the learning worker has in hand.
pub(super) enum Learning {
    /// It looks which datasets' trainings are due.
    FindingDue,
    /// It decides the sides of a dataset's images. None is taken in meanwhile.
    Preparing(DatasetName),
    /// It trains.
    Training(DatasetName),
}

impl Conductor {
    /// Looks for trainings that an earlier run left undone, or that changed settings ask for.
    pub(super) fn find_due(&mut self) {
        self.learning = Some(Learning::FindingDue);
        self.workers.learn.give(LearnTask::FindDue(self.known()));
    }

    /// They were found.
    pub(super) fn found_due(&mut self, due: &[DatasetName]) {
        self.learning = None;
        for dataset in due {
            self.trigger.note(dataset, 1, Instant::now());
        }
    }

    /// Prepares the training that is due, if none is under way and no file waits to be read.
    pub(super) fn start_training(&mut self) {
        if !self.can_train() {
            return;
        }
        if let Some(dataset) = self.next_dataset(Instant::now()) {
            self.obstacles.remove(&dataset);
            self.learning = Some(Learning::Preparing(dataset.clone()));
            self.workers.learn.give(LearnTask::Prepare(dataset, self.known()));
        }
    }

    /// Whether a training that is due can be prepared now.
    pub(super) fn can_train(&self) -> bool {
        let still_arriving = self.reading || !self.unread.is_empty() || (self.watcher.is_none() && !self.surveyed);
        self.learning.is_none() && !still_arriving && !self.is_stuck() && !self.stop.is_raised()
    }

    /// A training was prepared: the sides are recorded before it starts.
    pub(super) fn prepared(&mut self, dataset: DatasetName, prepared: Prepared) -> Result<(), DaemonError> {
        self.learning = None;
        let (changed, job) = match prepared {
            Prepared::HeldUp(obstacle) => {
                self.held_up(&dataset, obstacle);
                (Vec::new(), None)
            }
            Prepared::Split { changed, job } => (changed, job),
        };
        self.commit(changed.into_iter().map(LedgerEvent::Sample).collect())?;
        match job {
            None => self.failed.drop_task(&Task::Training(dataset)),
            Some(_) if self.registry.is_away() => {
                self.learning = Some(Learning::Preparing(dataset.clone()));
                self.unheard.push_front(Event::Prepared(dataset, Prepared::Split { changed: Vec::new(), job }));
            }
            // The next one finds it due.
            Some(_) if self.is_stuck() => self.trigger.note(&dataset, 1, Instant::now()),
            Some(_) if self.stop.is_raised() => {}
            Some(job) => {
                self.failed.clear_parts(&dataset);
                tracing::info!(dataset = %dataset, run = %job.run_id, images = job.samples.len(), "Training starts.");
                self.learning = Some(Learning::Training(dataset));
                self.workers.learn.give(LearnTask::Train(job));
            }
        }
        Ok(())
    }

    /// The dataset whose training is due, or is to be tried again.
    fn next_dataset(&mut self, now: Instant) -> Option<DatasetName> {
        self.trigger.take_due(now).or_else(|| self.failed.due_training(now))
    }

    /// A dataset cannot be trained on yet; one that is gone is waited for by nobody.
    fn held_up(&mut self, dataset: &DatasetName, obstacle: String) {
        tracing::warn!("Not training yet: {obstacle}.");
        if self.registry.ledger().has_samples(dataset) {
            self.obstacles.insert(dataset.clone(), obstacle);
        }
    }

    fn known(&self) -> Box<Known> {
        let running = self.engine.started().map(|engine| engine.backbone().record.sha256);
        Box::new(Known { ledger: self.registry.ledger().clone(), running })
    }

    /// A training ended: its run and the decision on it are recorded in one commit, if the best model still is the one
    /// that it was decided against.
    pub(super) fn learned(
        &mut self,
        dataset: &DatasetName,
        outcome: Result<Trained, LearnError>,
    ) -> Result<(), DaemonError> {
        self.learning = None;
        self.count_forwards()?;
        match outcome {
            Ok(trained) if trained.learned().holds(self.registry.ledger()) => {
                self.failed.clear(&Task::Training(dataset.clone()), Instant::now());
                self.record_learned(trained.learned().clone())
            }
            Ok(_) if self.stop.is_raised() => {
                tracing::warn!(
                    dataset = %dataset,
                    "The best model has changed during the training, and the stop leaves no time to decide anew: the \
                     next start trains once more, from cached features."
                );
                Ok(())
            }
            Ok(trained) => {
                let standing = Standing::of(self.registry.ledger(), dataset);
                self.learning = Some(Learning::Training(dataset.clone()));
                self.workers.learn.give(LearnTask::DecideAgain(Box::new(trained), Box::new(standing)));
                Ok(())
            }
            Err(LearnError::Stopped(_)) => Ok(()),
            Err(_) if !self.registry.ledger().has_samples(dataset) => {
                tracing::info!(dataset = %dataset, "The training has ended without a model: the dataset's images are gone.");
                self.failed.drop_task(&Task::Training(dataset.clone()));
                Ok(())
            }
            Err(error) => {
                self.training_failed(dataset, &error);
                Ok(())
            }
        }
    }

    /// Records a run and the decision on it, in one commit.
    pub(super) fn record_learned(&mut self, learned: Learned) -> Result<(), DaemonError> {
        tell(&learned);
        // What one model could not explain, the next one may.
        self.failed.release_scans();
        self.commit(learned.into_events())
    }
}

fn tell(Learned { model, decision, .. }: &Learned) {
    let (run, dataset, accuracy) = (&model.run_id, &model.dataset, model.val_accuracy);
    let verdict = if decision.promoted { "is the best model now" } else { "does not replace the best model" };
    tracing::info!(dataset = %dataset, "Model {run}, validation accuracy {accuracy:.3}, {verdict}: {}.", decision.reason);
}

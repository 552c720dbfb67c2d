//! What the conductor does about trainings: when one starts, and what is recorded when it ends.

use std::collections::BTreeSet;
use std::time::Instant;

use crate::domain::{ContentHash, DatasetName, LedgerEvent, Sample, Split};
use crate::ingest::{self, Groups, GroupsError};

use super::DaemonError;
use super::alone;
use super::conductor::Conductor;
use super::due::{self, Due};
use super::learn::{LearnError, LearnJob, Tools};
use super::retry::Task;
use super::standing::Standing;
use super::trained::{Learned, Trained};

/// What the learning worker does.
pub(super) enum LearnTask {
    /// A training.
    Train(LearnJob),
    /// The decision on a finished one, once more, because the best model has changed.
    DecideAgain(Box<Trained>, Standing),
}

impl LearnTask {
    pub(super) fn dataset(&self) -> &DatasetName {
        match self {
            Self::Train(job) => &job.dataset,
            Self::DecideAgain(trained, _) => trained.dataset(),
        }
    }

    pub(super) fn work(self, tools: &Tools<'_>, expanded: &dyn Fn(u64)) -> Result<Trained, LearnError> {
        match self {
            Self::Train(job) => alone::learn_alone(job, tools, expanded),
            Self::DecideAgain(mut trained, standing) => {
                trained.decide_again(&standing, tools)?;
                Ok(*trained)
            }
        }
    }
}

impl Conductor {
    /// Starts the training that is due, if none is under way and no file waits to be read.
    pub(super) fn start_training(&mut self) -> Result<(), DaemonError> {
        let still_arriving = self.reading || !self.unread.is_empty() || (self.watcher.is_none() && !self.surveyed);
        if self.learning.is_some() || still_arriving {
            return Ok(());
        }
        while let Some(dataset) = self.next_dataset(Instant::now()) {
            if let Some(job) = self.prepare(&dataset)? {
                self.failed.clear_parts(&dataset);
                tracing::info!(dataset = %dataset, run = %job.run_id, images = job.samples.len(), "Training starts.");
                self.learning = Some(dataset);
                self.workers.learn.give(LearnTask::Train(job));
                break;
            }
            self.failed.drop_task(&Task::Training(dataset));
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
        if self.registry.ledger().samples_of(dataset).next().is_some() {
            self.obstacles.insert(dataset.clone(), obstacle);
        }
    }

    /// Decides the side of every new sample and describes the training; `None` when it cannot be or would change nothing.
    fn prepare(&mut self, dataset: &DatasetName) -> Result<Option<LearnJob>, DaemonError> {
        self.obstacles.remove(dataset);
        let samples = match self.grouped(dataset) {
            Ok(samples) => samples,
            Err(error) => {
                self.held_up(dataset, error.to_string());
                return Ok(None);
            }
        };
        if let Some(obstacle) = due::obstacle(dataset, &samples) {
            self.held_up(dataset, obstacle);
            return Ok(None);
        }
        let decided = ingest::assign_split(&samples, self.settings.of(dataset).split.validation);
        tell_of_moves(&samples, &decided);
        if let Some(sentence) = ingest::tell_aside(&decided) {
            tracing::warn!(dataset = %dataset, "{sentence}.");
        }
        self.commit(decided.into_iter().map(LedgerEvent::Sample).collect())?;
        if self.is_stuck() {
            self.trigger.note(dataset, 1, Instant::now());
            return Ok(None);
        }
        let ledger = self.registry.ledger();
        match due::due(ledger, dataset, &self.settings, self.running_weights()) {
            None => return Ok(None),
            Some(Due::New) => {}
            Some(Due::Upgraded(sentence)) => tracing::info!(dataset = %dataset, "{sentence}."),
        }
        let samples: Vec<Sample> = ledger.samples_of(dataset).cloned().collect();
        let runs = ledger.runs.keys().filter(|(of, _)| of == dataset).map(|(_, run)| run);
        Ok(Some(LearnJob::new(
            dataset.clone(),
            samples,
            self.settings.watch.inbox.clone(),
            self.workspace.expansion(dataset),
            runs,
            Standing::of(ledger, dataset),
            &self.settings,
        )))
    }

    /// The dataset's samples as `groups.csv` groups them now. One that changes its group is split anew.
    fn grouped(&self, dataset: &DatasetName) -> Result<Vec<Sample>, GroupsError> {
        let prefix = format!("datasets/{dataset}/");
        let folder = self.settings.watch.inbox.join(&prefix);
        let groups = Groups::read(&folder, self.settings.of(dataset).split.group_pattern.as_ref())?;
        let regroup = |sample: &Sample| {
            let group = groups.of(sample.path.strip_prefix(&prefix).unwrap_or(&sample.path));
            let split = if group == sample.group { sample.split } else { None };
            Sample { group, split, ..sample.clone() }
        };
        Ok(self.registry.ledger().samples_of(dataset).map(regroup).collect())
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
                self.learning = Some(dataset.clone());
                self.workers.learn.give(LearnTask::DecideAgain(Box::new(trained), standing));
                Ok(())
            }
            Err(LearnError::Stopped(_)) => Ok(()),
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

    /// Whether the settings group its images otherwise than when they were split.
    fn is_regrouped(&self, dataset: &DatasetName) -> bool {
        self.grouped(dataset).is_ok_and(|samples| samples.iter().any(|sample| sample.split.is_none()))
    }

    fn running_weights(&self) -> Option<ContentHash> {
        self.engine.started().map(|engine| engine.backbone().record.sha256)
    }

    /// Trainings that an earlier run left undone, or that changed settings ask for.
    pub(super) fn note_what_is_due(&mut self) {
        let ledger = self.registry.ledger();
        let due: Vec<_> = ledger
            .datasets()
            .into_iter()
            .filter(|dataset| {
                let due = due::due(ledger, dataset, &self.settings, self.running_weights());
                due.is_some() || self.is_regrouped(dataset)
            })
            .collect();
        for dataset in due {
            self.trigger.note(&dataset, 1, Instant::now());
        }
    }
}

/// Samples that were measured on and are learned from from now on.
fn tell_of_moves(before: &[Sample], decided: &[Sample]) {
    let measured: BTreeSet<_> =
        before.iter().filter(|sample| sample.split == Some(Split::Validation)).map(|sample| sample.hash).collect();
    let moved = decided.iter().filter(|s| s.split == Some(Split::Train) && measured.contains(&s.hash));
    let names_validation = before.iter().any(|sample| sample.side == Some(Split::Validation));
    let (given_back, leaked): (Vec<_>, Vec<_>) =
        moved.partition(|sample| names_validation && sample.side == Some(Split::Train));
    if !given_back.is_empty() {
        let n = given_back.len();
        tracing::info!("{n} images of the training folder are learned from again: there is a validation folder now.");
    }
    for sample in leaked {
        tracing::warn!(
            file = sample.path,
            "Goes over to training: it looks like, or belongs with, a picture that is learned from."
        );
    }
}

fn tell(Learned { model, decision, .. }: &Learned) {
    let (run, dataset, accuracy) = (&model.run_id, &model.dataset, model.val_accuracy);
    let verdict = if decision.promoted { "is the best model now" } else { "does not replace the best model" };
    tracing::info!(dataset = %dataset, "Model {run}, validation accuracy {accuracy:.3}, {verdict}: {}.", decision.reason);
}

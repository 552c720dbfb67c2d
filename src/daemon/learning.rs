//! What the conductor does about trainings: when one starts, and what is recorded when it ends.

use std::collections::BTreeSet;
use std::time::Instant;

use crate::domain::{ContentHash, DatasetName, LedgerEvent, Sample, Split};
use crate::ingest::{self, Groups, GroupsError};

use super::conductor::Conductor;
use super::learn::{LearnError, LearnJob, Learned};
use super::{DaemonError, due};

impl Conductor {
    /// Starts the training that is due, if none is under way and no file waits to be read.
    pub(super) fn start_training(&mut self) -> Result<(), DaemonError> {
        let still_arriving = self.reading || !self.unread.is_empty() || (self.watcher.is_none() && !self.surveyed);
        if self.learning.is_some() || still_arriving {
            return Ok(());
        }
        while let Some(dataset) = self.trigger.take_due(Instant::now()) {
            if let Some(job) = self.prepare(&dataset)? {
                tracing::info!(dataset = %dataset, run = %job.run_id, images = job.samples.len(), "Training starts.");
                self.learning = Some(dataset);
                self.workers.learn.give(job);
                break;
            }
        }
        Ok(())
    }

    /// Decides the side of every new sample and describes the training; `None` when it cannot be or would change nothing.
    fn prepare(&mut self, dataset: &DatasetName) -> Result<Option<LearnJob>, DaemonError> {
        let samples = match self.grouped(dataset) {
            Ok(samples) => samples,
            Err(error) => {
                tracing::warn!("Not training yet: {error}.");
                return Ok(None);
            }
        };
        if let Some(obstacle) = due::obstacle(dataset, &samples) {
            tracing::warn!("Not training yet: {obstacle}.");
            return Ok(None);
        }
        let decided = ingest::assign_split(&samples, self.settings.of(dataset).split.validation);
        tell_of_moves(&samples, &decided);
        if let Some(sentence) = ingest::tell_aside(&decided) {
            tracing::warn!(dataset = %dataset, "{sentence}.");
        }
        self.commit(decided.into_iter().map(LedgerEvent::Sample).collect())?;
        let ledger = self.registry.ledger();
        if !due::is_due(ledger, dataset, &self.settings, self.running_weights()) {
            return Ok(None);
        }
        let samples: Vec<Sample> = ledger.samples_of(dataset).cloned().collect();
        let runs = ledger.runs.keys().filter(|(of, _)| of == dataset).map(|(_, run)| run);
        Ok(Some(LearnJob::new(
            dataset.clone(),
            samples,
            self.settings.watch.inbox.clone(),
            self.workspace.expansion(dataset),
            runs,
            ledger.best_model(dataset).cloned(),
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

    /// A training ended: its run and the decision on it are recorded in one commit.
    pub(super) fn learned(
        &mut self,
        dataset: &DatasetName,
        outcome: Result<Learned, LearnError>,
    ) -> Result<(), DaemonError> {
        self.learning = None;
        self.count_forwards()?;
        match outcome {
            Ok(learned) => {
                self.last_error = None;
                self.record_learned(learned)
            }
            Err(LearnError::Stopped(_)) => Ok(()),
            Err(error) => {
                tracing::error!(dataset = %dataset, "The training failed: {error}.");
                self.last_error = Some(error.to_string());
                Ok(())
            }
        }
    }

    /// Records a run and the decision on it, in one commit.
    pub(super) fn record_learned(&mut self, learned: Learned) -> Result<(), DaemonError> {
        tell(&learned);
        // What one model could not explain, the next one may.
        self.unservable.clear();
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
                due::is_due(ledger, dataset, &self.settings, self.running_weights()) || self.is_regrouped(dataset)
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

fn tell(Learned { model, decision }: &Learned) {
    let (run, dataset, accuracy) = (&model.run_id, &model.dataset, model.val_accuracy);
    let verdict = if decision.promoted { "is the best model now" } else { "does not replace the best model" };
    tracing::info!(dataset = %dataset, "Model {run}, validation accuracy {accuracy:.3}, {verdict}: {}.", decision.reason);
}

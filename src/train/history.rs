//! What happened epoch by epoch, and what the callbacks made of it.

use super::callbacks::{EarlyStopping, EpochScores, ModelCheckpoint};
use crate::config::TrainSettings;
use crate::domain::EpochRecord;

/// One epoch as it went; all that the callbacks know follows from these.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct EpochMetrics {
    pub(super) scores: EpochScores,
    pub(super) val_binary_accuracy: f64,
}

/// The epochs so far, with the callbacks as they stand after them.
#[derive(Debug)]
pub(super) struct History {
    stopping: EarlyStopping,
    saving: ModelCheckpoint,
    restores_best: bool,
    epochs: Vec<EpochMetrics>,
    saved: Vec<bool>,
}

/// What follows from an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EpochDecision {
    /// Its layer is the one to keep, until a later one is.
    pub(super) keeps: bool,
    /// It is the last.
    pub(super) stops: bool,
}

impl History {
    pub(super) fn new(settings: &TrainSettings) -> Self {
        let TrainSettings { early_stopping, checkpoint, keras_f32, .. } = *settings;
        Self {
            stopping: EarlyStopping::new(early_stopping, keras_f32),
            saving: ModelCheckpoint::new(checkpoint, keras_f32),
            restores_best: early_stopping.restore_best_weights,
            epochs: Vec::new(),
            saved: Vec::new(),
        }
    }

    /// Takes in the next epoch.
    pub(super) fn note(&mut self, epoch_metrics: EpochMetrics) -> EpochDecision {
        let saved = self.saving.saves(epoch_metrics.scores);
        let verdict = self.stopping.after(epoch_metrics.scores);
        self.epochs.push(epoch_metrics);
        self.saved.push(saved);
        EpochDecision { keeps: if self.restores_best { verdict.is_best } else { saved }, stops: verdict.stops }
    }

    pub(super) fn epochs(&self) -> &[EpochMetrics] {
        &self.epochs
    }

    /// As `history.csv` has it.
    pub(super) fn records(&self) -> Vec<EpochRecord> {
        (1..)
            .zip(self.epochs.iter().zip(&self.saved))
            .map(|(epoch, (epoch_metrics, saved))| epoch_metrics.record(epoch, *saved))
            .collect()
    }
}

impl EpochMetrics {
    fn record(&self, epoch: u32, saved: bool) -> EpochRecord {
        let EpochScores { training, validation } = self.scores;
        EpochRecord {
            epoch,
            loss: training.loss,
            accuracy: training.accuracy(),
            val_loss: validation.loss,
            val_accuracy: validation.accuracy(),
            val_binary_accuracy: self.val_binary_accuracy,
            saved,
        }
    }
}

//! What happened epoch by epoch, and what the callbacks made of it.

use super::callbacks::{EarlyStopping, ModelCheckpoint, Reading};
use crate::config::TrainSettings;
use crate::domain::EpochRecord;

/// One epoch as it went; all that the callbacks know follows from these.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Past {
    pub(super) reading: Reading,
    pub(super) val_binary_accuracy: f64,
}

/// The epochs so far, with the callbacks as they stand after them.
#[derive(Debug)]
pub(super) struct Diary {
    stopping: EarlyStopping,
    saving: ModelCheckpoint,
    restores_best: bool,
    pasts: Vec<Past>,
    saved: Vec<bool>,
}

/// What follows from an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Consequence {
    /// Its layer is the one to keep, until a later one is.
    pub(super) keeps: bool,
    /// It is the last.
    pub(super) stops: bool,
}

impl Diary {
    pub(super) fn new(settings: &TrainSettings) -> Self {
        let TrainSettings { early_stopping, checkpoint, keras_f32, .. } = *settings;
        Self {
            stopping: EarlyStopping::new(early_stopping, keras_f32),
            saving: ModelCheckpoint::new(checkpoint, keras_f32),
            restores_best: early_stopping.restore_best_weights,
            pasts: Vec::new(),
            saved: Vec::new(),
        }
    }

    /// Takes in the next epoch.
    pub(super) fn note(&mut self, past: Past) -> Consequence {
        let saved = self.saving.saves(past.reading);
        let verdict = self.stopping.after(past.reading);
        self.pasts.push(past);
        self.saved.push(saved);
        Consequence { keeps: if self.restores_best { verdict.is_best } else { saved }, stops: verdict.stops }
    }

    pub(super) fn pasts(&self) -> &[Past] {
        &self.pasts
    }

    /// As `history.csv` has it.
    pub(super) fn records(&self) -> Vec<EpochRecord> {
        (1..).zip(self.pasts.iter().zip(&self.saved)).map(|(epoch, (past, saved))| past.record(epoch, *saved)).collect()
    }
}

impl Past {
    fn record(&self, epoch: u32, saved: bool) -> EpochRecord {
        let Reading { training, validation } = self.reading;
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

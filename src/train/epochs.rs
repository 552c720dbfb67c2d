//! Epochs until early stopping or the last one; the best epoch's layer is kept.

use rayon::prelude::*;

use super::TrainError;
use super::batches::TrainingRows;
use super::callbacks::{EarlyStopping, ModelCheckpoint, Reading, Score};
use super::evaluation::{Evaluation, Row, evaluate};
use super::features::Features;
use super::overlap::overlapped;
use crate::config::{ClassWeights, TrainSettings};
use crate::domain::{ClassName, EpochRecord, Progress, StopFlag, StopReason};
use crate::nn::{ChannelScale, ChannelStatistics, FitSettings, Head, HeadFit, N_FEATURES, NnError};

/// What a training has to go by.
pub(super) struct Material<'a> {
    /// In the order of the layer's outputs.
    pub(super) classes: Vec<ClassName>,
    pub(super) training: TrainingRows<'a>,
    /// Images from which each channel's mean and deviation are taken; training images only.
    pub(super) scaled_by: Vec<Row>,
    pub(super) validation: Vec<Row>,
}

/// The layer of the saved epoch, and how it came about.
pub(super) struct Fitted {
    pub(super) head: Head,
    pub(super) evaluation: Evaluation,
    /// The saved epoch, from 1.
    pub(super) epoch: u32,
    pub(super) history: Vec<EpochRecord>,
    pub(super) stopped: StopReason,
}

/// Fits a layer to `material`.
pub(super) fn fit(
    material: &Material<'_>,
    settings: &TrainSettings,
    features: &Features<'_>,
    stop: &StopFlag,
    progress: &dyn Progress,
) -> Result<Fitted, TrainError> {
    let scale = scale(&material.scaled_by, features)?;
    let fit = FitSettings {
        activation: settings.activation,
        class_weights: class_weights(settings.class_weights, &material.training.n_of_class(material.classes.len())),
        learning_rate: settings.learning_rate,
        seed: settings.seed,
    };
    let layer = HeadFit::new(material.classes.clone(), scale, fit);
    progress.begin("epochs", u64::from(settings.max_epochs), "epochs");
    let fitted = Course { material, settings, features, stop, layer }.run(progress);
    progress.end();
    fitted
}

/// Balanced weights are those of scikit-learn: images / (classes * images of the class).
fn class_weights(choice: ClassWeights, n_of_class: &[usize]) -> Vec<f64> {
    let (n, n_classes) = (n_of_class.iter().sum::<usize>() as f64, n_of_class.len() as f64);
    let weight = |of_class: &usize| match choice {
        ClassWeights::None => 1.0,
        ClassWeights::Balanced => n / (n_classes * (*of_class).max(1) as f64),
    };
    n_of_class.iter().map(weight).collect()
}

/// Rows that are read at a time when nothing else bounds them: 6 MB.
const ROWS_AT_A_TIME: usize = 64;

fn scale(rows: &[Row], features: &Features<'_>) -> Result<ChannelScale, TrainError> {
    let mut statistics = ChannelStatistics::default();
    let mut values = vec![0.0; ROWS_AT_A_TIME * N_FEATURES];
    for rows in rows.chunks(ROWS_AT_A_TIME) {
        let values = &mut values[..rows.len() * N_FEATURES];
        values
            .par_chunks_exact_mut(N_FEATURES)
            .zip(rows)
            .try_for_each(|(into, row)| features.cache.read(&row.hash, into))?;
        values.chunks_exact(N_FEATURES).for_each(|row| statistics.add(row));
    }
    Ok(statistics.scale())
}

struct Course<'a> {
    material: &'a Material<'a>,
    settings: &'a TrainSettings,
    features: &'a Features<'a>,
    stop: &'a StopFlag,
    layer: HeadFit,
}

impl Course<'_> {
    fn run(mut self, progress: &dyn Progress) -> Result<Fitted, TrainError> {
        let TrainSettings { early_stopping, checkpoint, keras_f32, .. } = *self.settings;
        let mut stopping = EarlyStopping::new(early_stopping, keras_f32);
        let mut saving = ModelCheckpoint::new(checkpoint, keras_f32);
        let mut history: Vec<EpochRecord> = Vec::new();
        let mut kept = None;
        let mut stopped = StopReason::MaxEpochs;
        for epoch in 1..=self.settings.max_epochs {
            let trained = self.train_epoch(epoch)?;
            let (head, evaluation) = self.validate()?;
            let reading = Reading { training: trained, validation: evaluation.score() };
            let saved = saving.saves(reading);
            let verdict = stopping.after(reading);
            let record = record(epoch, trained, &evaluation, saved);
            progress.remark(&remark(&record));
            progress.advance(1);
            history.push(record);
            let keeps = if early_stopping.restore_best_weights { verdict.is_best } else { saved };
            if let Some(head) = head.filter(|_| keeps) {
                kept = Some((head, evaluation, epoch));
            }
            if verdict.stops {
                stopped = StopReason::EarlyStopping;
                break;
            }
        }
        let (head, evaluation, epoch) = kept.ok_or_else(|| nothing_kept(self.settings, &history))?;
        Ok(Fitted { head, evaluation, epoch, history, stopped })
    }

    /// One pass over the training images: how its batches went before their steps.
    fn train_epoch(&mut self, number: u32) -> Result<Score, TrainError> {
        let epoch = self.material.training.epoch(number, self.settings.seed, self.settings.batch_size);
        let (features, stop, layer) = (self.features, self.stop, &mut self.layer);
        let mut score = Score { n_correct: 0, n: 0, loss: 0.0 };
        overlapped(
            epoch.n_batches(),
            |number| {
                stop.check()?;
                epoch.prepare(number, features)
            },
            |prepared| {
                stop.check()?;
                let (mut rows, labels) = prepared.finish(features, stop)?;
                let batch = layer.step(&mut rows, &labels);
                score.n += labels.len() as u64;
                score.n_correct += batch.correct as u64;
                score.loss += batch.loss * labels.len() as f64;
                Ok::<_, TrainError>(())
            },
        )?;
        Ok(Score { loss: score.loss / score.n.max(1) as f64, ..score })
    }

    /// The layer as it would be saved, and its measures; no layer once it has diverged.
    fn validate(&self) -> Result<(Option<Head>, Evaluation), TrainError> {
        match self.layer.head() {
            Ok(head) => {
                let evaluation = evaluate(&head, &self.material.validation, &self.features.cache)?;
                Ok((Some(head), evaluation))
            }
            Err(NnError::BadHead { .. }) => Ok((None, Evaluation::diverged(self.material.classes.len()))),
            Err(error) => Err(error.into()),
        }
    }
}

fn record(epoch: u32, trained: Score, evaluation: &Evaluation, saved: bool) -> EpochRecord {
    EpochRecord {
        epoch,
        loss: trained.loss,
        accuracy: trained.accuracy(),
        val_loss: evaluation.loss,
        val_accuracy: evaluation.confusion.accuracy(),
        val_binary_accuracy: evaluation.binary_accuracy,
        saved,
    }
}

fn remark(record: &EpochRecord) -> String {
    let EpochRecord { epoch, loss, accuracy, val_loss, val_accuracy, .. } = record;
    format!(
        "epoch {epoch}: loss {loss:.3}, accuracy {accuracy:.3}, val_loss {val_loss:.3}, val_accuracy {val_accuracy:.3}"
    )
}

/// No epoch's layer was kept: it diverged from the start, or nothing was good enough.
fn nothing_kept(settings: &TrainSettings, history: &[EpochRecord]) -> TrainError {
    match settings.checkpoint.initial_value_threshold {
        Some(threshold) if history.iter().any(|epoch| epoch.val_loss.is_finite()) => {
            TrainError::NothingSaved { monitor: settings.checkpoint.monitor.name(), threshold }
        }
        _ => TrainError::Diverged { monitor: settings.early_stopping.monitor.name() },
    }
}

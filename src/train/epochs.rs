//! Epochs until early stopping or the last one; the layer of one of them is kept.

use super::TrainError;
use super::callbacks::{EpochScores, Score};
use super::evaluation::{Evaluation, evaluate};
use super::features::Features;
use super::history::{EpochMetrics, History};
use super::prefetch::prefetched;
use super::resume::{ResumeFile, TrainingState};
use super::training_set::TrainingSet;
use crate::config::TrainSettings;
use crate::domain::{EpochRecord, Phase, Progress, StopFlag, StopReason};
use crate::head::{Head, HeadError, HeadFit};

/// The layer of the kept epoch, and how it came about.
pub(super) struct Fitted {
    pub(super) head: Head,
    /// After the last epoch.
    pub(super) fit: HeadFit,
    pub(super) evaluation: Evaluation,
    /// The kept epoch, from 1.
    pub(super) epoch: u32,
    pub(super) history: Vec<EpochRecord>,
    pub(super) stopped: StopReason,
}

/// What a fit works with.
#[derive(Clone, Copy)]
pub(super) struct FitContext<'a> {
    pub(super) settings: &'a TrainSettings,
    pub(super) features: &'a Features<'a>,
    pub(super) stop: &'a StopFlag,
    pub(super) progress: &'a dyn Progress,
    /// Where it is saved after every epoch, and goes on from.
    pub(super) resume_file: Option<&'a ResumeFile>,
}

/// Fits a layer to `training_set`.
pub(super) fn fit(training_set: &TrainingSet<'_>, context: FitContext<'_>) -> Result<Fitted, TrainError> {
    let fit = training_set.initial_fit(context.settings, context.features)?;
    context.progress.begin(Phase::Epochs, u64::from(context.settings.max_epochs));
    let fitted = Trainer::new(training_set, context, fit).and_then(Trainer::run);
    context.progress.end();
    fitted
}

struct BestEpoch {
    epoch: u32,
    head: Head,
    evaluation: Evaluation,
}

struct Trainer<'a> {
    training_set: &'a TrainingSet<'a>,
    context: FitContext<'a>,
    fit: HeadFit,
    history: History,
    kept: Option<BestEpoch>,
    /// Early stopping has said so.
    stops: bool,
}

impl<'a> Trainer<'a> {
    /// Goes on from where it was saved, else begins.
    fn new(training_set: &'a TrainingSet<'a>, context: FitContext<'a>, fit: HeadFit) -> Result<Self, TrainError> {
        let trainer =
            Self { training_set, context, fit, history: History::new(context.settings), kept: None, stops: false };
        match context.resume_file.and_then(ResumeFile::load) {
            Some(training_state) => trainer.resumed(training_state),
            None => Ok(trainer),
        }
    }

    fn resumed(mut self, training_state: TrainingState) -> Result<Self, TrainError> {
        let Some(fit) = self.fit.clone().resumed(training_state.state) else { return Ok(self) };
        self.fit = fit;
        for epoch_metrics in training_state.epochs {
            self.stops = self.history.note(epoch_metrics).stops;
            self.context.progress.advance(1);
        }
        if let Some((epoch, head)) = training_state.kept {
            let evaluation = evaluate(&head, &self.training_set.validation, &self.context.features.cache)?;
            self.kept = Some(BestEpoch { epoch, head, evaluation });
        }
        tracing::info!(after_epoch = self.history.epochs().len(), "Training resumed");
        Ok(self)
    }

    fn run(mut self) -> Result<Fitted, TrainError> {
        let first = self.history.epochs().len() as u32 + 1;
        for epoch in first..=self.context.settings.max_epochs {
            if self.stops {
                break;
            }
            self.run_epoch(epoch)?;
        }
        let history = self.history.records();
        let BestEpoch { epoch, head, evaluation } =
            self.kept.ok_or_else(|| nothing_kept(self.context.settings, &history))?;
        let stopped = if self.stops { StopReason::EarlyStopping } else { StopReason::MaxEpochs };
        Ok(Fitted { head, fit: self.fit, evaluation, epoch, history, stopped })
    }

    /// One epoch: learned, measured, judged, saved.
    fn run_epoch(&mut self, epoch: u32) -> Result<(), TrainError> {
        let training = self.train_epoch(epoch)?;
        let (head, evaluation) = self.validate()?;
        let scores = EpochScores { training, validation: evaluation.score() };
        let decision = self.history.note(EpochMetrics { scores, val_binary_accuracy: evaluation.binary_accuracy });
        self.stops = decision.stops;
        if let Some(head) = head.filter(|_| decision.keeps) {
            self.kept = Some(BestEpoch { epoch, head, evaluation });
        }
        if let Some(resume_file) = self.context.resume_file {
            // Only a killed training misses it.
            if let Err(error) = resume_file.store(&self.training_state()) {
                tracing::warn!(%error, "Training not saved after the epoch; it cannot be resumed");
                self.context.resume_file = None;
            }
        }
        self.context.progress.remark(&remark(epoch, scores));
        self.context.progress.advance(1);
        Ok(())
    }

    fn training_state(&self) -> TrainingState {
        TrainingState {
            state: self.fit.state().clone(),
            epochs: self.history.epochs().to_vec(),
            kept: self.kept.as_ref().map(|kept| (kept.epoch, kept.head.clone())),
        }
    }

    /// One pass over the training images: how its batches went before their steps.
    fn train_epoch(&mut self, number: u32) -> Result<Score, TrainError> {
        let epoch =
            self.training_set.training.epoch(number, self.context.settings.seed, self.context.settings.batch_size);
        let (features, stop, fit) = (self.context.features, self.context.stop, &mut self.fit);
        let mut score = Score { n_correct: 0, n: 0, loss: 0.0 };
        prefetched(
            epoch.n_batches(),
            |number| {
                stop.check()?;
                epoch.prepare(number, features)
            },
            |prepared| {
                stop.check()?;
                let (mut rows, labels) = prepared.finish(features, stop)?;
                let batch = fit.step(&mut rows, &labels);
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
        match self.fit.head() {
            Ok(head) => {
                let evaluation = evaluate(&head, &self.training_set.validation, &self.context.features.cache)?;
                Ok((Some(head), evaluation))
            }
            Err(HeadError::Unusable { .. }) => Ok((None, Evaluation::diverged(self.training_set.classes.len()))),
            Err(error) => Err(error.into()),
        }
    }
}

fn remark(epoch: u32, EpochScores { training, validation }: EpochScores) -> String {
    format!(
        "epoch {epoch}: loss {:.3}, accuracy {:.3}, val_loss {:.3}, val_accuracy {:.3}",
        training.loss,
        training.accuracy(),
        validation.loss,
        validation.accuracy()
    )
}

/// No epoch's layer was kept: it diverged from the start, or nothing was good enough.
fn nothing_kept(settings: &TrainSettings, history: &[EpochRecord]) -> TrainError {
    let checkpoint = settings.checkpoint;
    match checkpoint.initial_value_threshold {
        Some(threshold) if history.iter().any(|epoch| epoch.val_loss.is_finite()) => {
            let greater_is_better = checkpoint.mode.prefers_greater(checkpoint.monitor);
            let advice = if greater_is_better { "lower" } else { "raise" };
            TrainError::NothingSaved { monitor: checkpoint.monitor.name(), threshold, advice }
        }
        _ => TrainError::Diverged { monitor: settings.early_stopping.monitor.name() },
    }
}

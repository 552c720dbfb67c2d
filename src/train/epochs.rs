//! Epochs until early stopping or the last one; the layer of one of them is kept.

use super::TrainError;
use super::callbacks::{Reading, Score};
use super::diary::{Diary, Past};
use super::evaluation::{Evaluation, evaluate};
use super::features::Features;
use super::material::Material;
use super::overlap::overlapped;
use super::resume::{Bookmark, TrainingState};
use crate::config::TrainSettings;
use crate::domain::{EpochRecord, Phase, Progress, StopFlag, StopReason};
use crate::nn::{Head, HeadFit, NnError};

/// The layer of the kept epoch, and how it came about.
pub(super) struct Fitted {
    pub(super) head: Head,
    pub(super) evaluation: Evaluation,
    /// The kept epoch, from 1.
    pub(super) epoch: u32,
    pub(super) history: Vec<EpochRecord>,
    pub(super) stopped: StopReason,
}

/// What a fit works with.
#[derive(Clone, Copy)]
pub(super) struct Bench<'a> {
    pub(super) settings: &'a TrainSettings,
    pub(super) features: &'a Features<'a>,
    pub(super) stop: &'a StopFlag,
    pub(super) progress: &'a dyn Progress,
    /// Where it is saved after every epoch, and goes on from.
    pub(super) bookmark: Option<&'a Bookmark>,
}

/// Fits a layer to `material`.
pub(super) fn fit(material: &Material<'_>, bench: Bench<'_>) -> Result<Fitted, TrainError> {
    let layer = material.layer(bench.settings, bench.features)?;
    bench.progress.begin(Phase::Epochs, u64::from(bench.settings.max_epochs));
    let fitted = Course::new(material, bench, layer).and_then(Course::run);
    bench.progress.end();
    fitted
}

struct Kept {
    epoch: u32,
    head: Head,
    evaluation: Evaluation,
}

struct Course<'a> {
    material: &'a Material<'a>,
    bench: Bench<'a>,
    layer: HeadFit,
    diary: Diary,
    kept: Option<Kept>,
    /// Early stopping has said so.
    stops: bool,
}

impl<'a> Course<'a> {
    /// Goes on from where it was saved, else begins.
    fn new(material: &'a Material<'a>, bench: Bench<'a>, layer: HeadFit) -> Result<Self, TrainError> {
        let course = Self { material, bench, layer, diary: Diary::new(bench.settings), kept: None, stops: false };
        match bench.bookmark.and_then(Bookmark::load) {
            Some(standing) => course.resumed(standing),
            None => Ok(course),
        }
    }

    fn resumed(mut self, standing: TrainingState) -> Result<Self, TrainError> {
        let Some(layer) = self.layer.clone().resumed(standing.state) else { return Ok(self) };
        self.layer = layer;
        for past in standing.pasts {
            self.stops = self.diary.note(past).stops;
            self.bench.progress.advance(1);
        }
        if let Some((epoch, head)) = standing.kept {
            let evaluation = evaluate(&head, &self.material.validation, &self.bench.features.cache)?;
            self.kept = Some(Kept { epoch, head, evaluation });
        }
        tracing::info!("Going on with the training after epoch {}.", self.diary.pasts().len());
        Ok(self)
    }

    fn run(mut self) -> Result<Fitted, TrainError> {
        let first = self.diary.pasts().len() as u32 + 1;
        for epoch in first..=self.bench.settings.max_epochs {
            if self.stops {
                break;
            }
            self.pass(epoch)?;
        }
        let history = self.diary.records();
        let Kept { epoch, head, evaluation } = self.kept.ok_or_else(|| nothing_kept(self.bench.settings, &history))?;
        let stopped = if self.stops { StopReason::EarlyStopping } else { StopReason::MaxEpochs };
        Ok(Fitted { head, evaluation, epoch, history, stopped })
    }

    /// One epoch: learned, measured, judged, saved.
    fn pass(&mut self, epoch: u32) -> Result<(), TrainError> {
        let training = self.train_epoch(epoch)?;
        let (head, evaluation) = self.validate()?;
        let reading = Reading { training, validation: evaluation.score() };
        let consequence = self.diary.note(Past { reading, val_binary_accuracy: evaluation.binary_accuracy });
        self.stops = consequence.stops;
        if let Some(head) = head.filter(|_| consequence.keeps) {
            self.kept = Some(Kept { epoch, head, evaluation });
        }
        if let Some(bookmark) = self.bench.bookmark {
            // Only a killed training misses it.
            if let Err(error) = bookmark.store(&self.standing()) {
                tracing::warn!("The training cannot be saved after its epochs: {error}.");
                self.bench.bookmark = None;
            }
        }
        self.bench.progress.remark(&remark(epoch, reading));
        self.bench.progress.advance(1);
        Ok(())
    }

    fn standing(&self) -> TrainingState {
        TrainingState {
            state: self.layer.state().clone(),
            pasts: self.diary.pasts().to_vec(),
            kept: self.kept.as_ref().map(|kept| (kept.epoch, kept.head.clone())),
        }
    }

    /// One pass over the training images: how its batches went before their steps.
    fn train_epoch(&mut self, number: u32) -> Result<Score, TrainError> {
        let epoch = self.material.training.epoch(number, self.bench.settings.seed, self.bench.settings.batch_size);
        let (features, stop, layer) = (self.bench.features, self.bench.stop, &mut self.layer);
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
                let evaluation = evaluate(&head, &self.material.validation, &self.bench.features.cache)?;
                Ok((Some(head), evaluation))
            }
            Err(NnError::BadHead { .. }) => Ok((None, Evaluation::diverged(self.material.classes.len()))),
            Err(error) => Err(error.into()),
        }
    }
}

fn remark(epoch: u32, Reading { training, validation }: Reading) -> String {
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
    match settings.checkpoint.initial_value_threshold {
        Some(threshold) if history.iter().any(|epoch| epoch.val_loss.is_finite()) => {
            TrainError::NothingSaved { monitor: settings.checkpoint.monitor.name(), threshold }
        }
        _ => TrainError::Diverged { monitor: settings.early_stopping.monitor.name() },
    }
}

//! A training whose model is measured on images that it never saw in any way, and is then forgotten.

use super::epochs::{self, FitContext};
use super::evaluation::{self, Row};
use super::features::Features;
use super::gather;
use super::job::{self, TrainJob};
use super::predictions::ImagePredictions;
use super::{TrainError, shortcuts};
use crate::content::{FileFailure, warn_of};
use crate::domain::{LabelledImage, Progress, ShortcutAnswers, Silent, StopFlag};
use crate::nn::Engine;
use crate::stats::fit_temperature;

/// How a model does on images that had no part in early stopping, checkpoint, scaling or temperature.
#[derive(Debug)]
pub struct HeldOut {
    /// What the model says of them.
    pub predictions: ImagePredictions,
    /// Fitted on the job's validation images.
    pub temperature: f64,
    /// The epoch whose layer it is, from 1.
    pub epoch: u32,
    /// The baselines of the shortcut audit on the same images; they learned from the same training images.
    pub shortcuts: ShortcutAnswers,
    /// Images that were left out.
    pub failed: Vec<FileFailure>,
}

/// Trains as [`super::train`], writes nothing but cached features, and measures the model on `held_out`, whose classes
/// are among the job's.
///
/// # Errors
/// As [`super::train`].
pub fn train_held_out(
    job: &TrainJob<'_>,
    held_out: &[LabelledImage],
    engine: &Engine,
    stop: &StopFlag,
    progress: &dyn Progress,
) -> Result<HeldOut, TrainError> {
    job::check(&job.dataset, &job::count(job.samples))?;
    Features::with(engine, &job.features, &job.reader, |features| measured(features, job, held_out, stop, progress))
}

fn measured(
    features: &Features<'_>,
    job: &TrainJob<'_>,
    held_out: &[LabelledImage],
    stop: &StopFlag,
    progress: &dyn Progress,
) -> Result<HeldOut, TrainError> {
    let gathered = gather::gather(job, features, stop, progress)?;
    job::check(&job.dataset, &gathered.counts)?;
    let context = FitContext { settings: &job.settings, features, stop, progress, resume_file: None };
    let fitted = epochs::fit(&gathered.training_set, context)?;
    let labels: Vec<usize> = gathered.training_set.validation.iter().map(|row| row.class).collect();
    let temperature = fit_temperature(fitted.head.activation(), &fitted.evaluation.logits, &labels);

    let images: Vec<&LabelledImage> = held_out.iter().collect();
    let ensured = features.ensure(&gather::requests(&images), stop, &Silent)?;
    warn_of(gather::LEFT_OUT, &ensured.failed);
    let classes = &gathered.training_set.classes;
    let usable = images.iter().zip(ensured.hashes);
    let usable = usable.filter_map(|(image, hash)| Some((gather::row(classes, &image.class, hash)?, *image)));
    let (rows, images): (Vec<Row>, Vec<&LabelledImage>) = usable.unzip();
    let logits = evaluation::logits(&fitted.head, &rows, &features.cache)?;
    let predictions = ImagePredictions::new(fitted.head.activation(), &rows, logits);
    let measured = images.into_iter().zip(predictions.outputs.right());
    Ok(HeldOut {
        shortcuts: shortcuts::answers(classes, job.non_content, &gathered.originals, measured),
        predictions,
        temperature,
        epoch: fitted.epoch,
        failed: gathered.failed.into_iter().chain(ensured.failed).collect(),
    })
}

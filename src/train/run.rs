//! One training from job to run folder, and the comparison of a stored layer on the same images.

use std::collections::BTreeMap;
use std::time::Instant;

use super::TrainError;
use super::epochs::{self, FitContext, Fitted};
use super::evaluation::{self, Row};
use super::features::Features;
use super::gather::{self, Gathered};
use super::job::{self, TrainJob};
use super::misclassified;
use super::predictions::ImagePredictions;
use super::resume::ResumeFile;
use super::tested::tested;
use super::{map_check, training_features, training_manifest};
use crate::content::FileFailure;
use crate::disk;
use crate::domain::{
    Assessment, ClassName, ContentHash, EpochRecord, HeadRecord, LabelledImage, Misclassified, ModelRecord, Progress,
    ShortcutAudit, Silent, Split, StopFlag, Versions,
};
use crate::head::Head;
use crate::imaging::{PIXELS, Picture};
use crate::nn::{Engine, FEATURES};
use crate::stats::{Generator, Predictions};

/// What a training made.
#[derive(Debug)]
pub struct FinishedRun {
    /// The record that was written as `model.json`.
    pub model: ModelRecord,
    /// Images and copies that went through the network for it; cached ones did not.
    pub images_forwarded: u64,
    /// Images that were left out.
    pub failed: Vec<FileFailure>,
    /// What the model says of each validation image.
    pub predictions: ImagePredictions,
    /// Epoch by epoch, as `history.csv`.
    pub history: Vec<EpochRecord>,
    /// The most confident of the wrong predictions.
    pub misclassified: Vec<Misclassified<Picture>>,
}

/// Trains, and writes `learned.txt`, `history.csv`, `head.safetensors`, `training_features.safetensors` and then `model.json` into the run's folder. Everything but
/// `created` and `train_seconds` follows from the job and the network alone. What is only looked at (misclassified images) may fail,
/// with a warning.
///
/// # Errors
/// [`TrainError::Stopped`] once `stop` is raised: features computed so far stay cached, no `model.json` is written. The
/// same job then goes on after its last whole epoch.
pub fn train(
    job: &TrainJob<'_>,
    engine: &Engine,
    stop: &StopFlag,
    progress: &dyn Progress,
) -> Result<FinishedRun, TrainError> {
    job::check(&job.dataset, &job::count(job.samples))?;
    Features::with(engine, &job.features, &job.reader, |features| train_on(features, job, engine, stop, progress))
}

fn train_on(
    features: &Features<'_>,
    job: &TrainJob<'_>,
    engine: &Engine,
    stop: &StopFlag,
    progress: &dyn Progress,
) -> Result<FinishedRun, TrainError> {
    let begin = Instant::now();
    let gathered = gather::gather(job, features, stop, progress)?;
    job::check(&job.dataset, &gathered.counts)?;
    let identity = gathered.training_set.identity(job.job_hash, features.arithmetic);
    let resume_file = ResumeFile::new(&job.run_dir, identity);
    let context = FitContext { settings: &job.settings, features, stop, progress, resume_file: Some(&resume_file) };
    // Before what is saved of the training: an erasure asks which images that learned from.
    training_manifest::write(&job.run_dir, job.samples)?;
    let fitted = epochs::fit(&gathered.training_set, context)?;
    let head = fitted.head.to_bytes()?;
    let Gathered { training_set, .. } = &gathered;
    let logits = fitted.evaluation.logits.clone();
    let predictions = ImagePredictions::new(fitted.head.activation(), &training_set.validation, logits);
    let misclassified = misclassified::worst(job, features, &fitted.head, &predictions);
    let mut model = record(job, engine, &gathered, &fitted, &predictions.outputs, ContentHash::of(&head));
    model.test = tested(&gathered, &fitted, features, job.settings.seed)?;
    model.shortcuts = ShortcutAudit::of(&gathered.shortcuts(job, &predictions.outputs));
    model.map_check = map_check::of(training_set, &fitted, features, job.settings.seed)?;
    let known = training_features::of(&gathered, features)?;
    model.training_features = known.as_ref().map(|(record, _)| record.clone());
    model.train_seconds = job.clock.seconds_since(begin);
    if let Some(recorded) = job.recorded {
        if recorded.head.sha256 != model.head.sha256 || recorded.unread != model.unread {
            return Err(TrainError::OtherModel { run_id: recorded.run_id.clone() });
        }
        model = recorded.clone();
    }
    disk::write_atomic(&job.run_dir.join("history.csv"), history(&fitted.history).as_bytes())?;
    disk::write_atomic(&job.run_dir.join(&model.head.file), &head)?;
    if let Some((record, (_, bytes))) = model.training_features.as_ref().zip(known.as_ref()) {
        disk::write_atomic(&job.run_dir.join(&record.file), bytes)?;
    }
    let mut text = serde_json::to_string_pretty(&model)?;
    text.push('\n');
    disk::write_atomic(&job.run_dir.join("model.json"), text.as_bytes())?;
    // A training that fails here goes on from it, and comes to the same model.
    resume_file.remove()?;
    Ok(FinishedRun {
        model,
        images_forwarded: features.n_forwarded(),
        failed: gathered.failed,
        predictions,
        history: fitted.history,
        misclassified,
    })
}

/// Which of the job's validation images a stored layer, whatever classes it knows, gets right, by content. `None` when
/// layer and job share no class.
///
/// # Errors
/// As [`train`].
pub fn measure(
    head: &Head,
    job: &TrainJob<'_>,
    engine: &Engine,
    stop: &StopFlag,
) -> Result<Option<BTreeMap<ContentHash, bool>>, TrainError> {
    let images: Vec<&LabelledImage> =
        gather::sorted(job).into_iter().filter(|image| image.split == Some(Split::Validation)).collect();
    let classes = job.classes();
    Features::with(engine, &job.features, &job.reader, |features| {
        let ensured = features.ensure(&gather::requests(&images), stop, &Silent)?;
        let rows: Vec<Row> = images
            .iter()
            .zip(ensured.hashes)
            .filter_map(|(image, hash)| gather::row(&classes, &image.class, hash))
            .collect();
        let predicted = evaluation::predictions_over(head, &classes, &rows, &features.cache)?;
        let right = |predicted: Vec<usize>| {
            rows.iter().zip(predicted).map(|(row, predicted)| (row.hash, row.class == predicted)).collect()
        };
        Ok(predicted.map(right))
    })
}

/// Every measure of the predictions; the bootstrap draws from `seed`.
fn assess(predictions: &Predictions, classes: &[ClassName], seed: u64) -> Assessment {
    let mut generator = Generator::new(seed, "bootstrap");
    Assessment::of(predictions, classes, &mut |n| generator.below(n))
}

fn record(
    job: &TrainJob<'_>,
    engine: &Engine,
    gathered: &Gathered<'_>,
    fitted: &Fitted,
    predictions: &Predictions,
    sha256: ContentHash,
) -> ModelRecord {
    let backbone = engine.backbone();
    ModelRecord {
        schema: ModelRecord::SCHEMA.to_owned(),
        run_id: job.run_id.clone(),
        dataset: job.dataset.clone(),
        classes: gathered.training_set.classes.clone(),
        backbone: backbone.name.clone(),
        backbone_detail: backbone.record.clone(),
        like: job.like.clone(),
        training_features: None,
        removed: None,
        head: HeadRecord { file: "head.safetensors".to_owned(), sha256, activation: fitted.head.activation() },
        val_accuracy: fitted.evaluation.confusion.accuracy(),
        val_binary_accuracy: fitted.evaluation.binary_accuracy,
        val_loss: fitted.evaluation.loss,
        confusion: fitted.evaluation.confusion.clone(),
        assessment: Some(assess(predictions, &gathered.training_set.classes, job.settings.seed)),
        shortcuts: None,
        map_check: None,
        test: None,
        epoch: fitted.epoch,
        epochs_run: fitted.history.len() as u32,
        stopped: fitted.stopped,
        counts: gathered.counts.clone(),
        copies: gathered.n_copies,
        augmentation: job.augmentation.clone(),
        data_warnings: job.warnings.to_vec(),
        unread: gathered.unread.clone(),
        data_hash: job.data_hash,
        job_hash: job.job_hash,
        versions: Some(Versions { pixels: PIXELS, features: FEATURES }),
        scaled_jpeg: job.reader.is_scaled(),
        seed: job.settings.seed,
        program: format!("gradwatch {}", env!("CARGO_PKG_VERSION")),
        created: job.clock.stamp(),
        train_seconds: None,
    }
}

fn history(epochs: &[EpochRecord]) -> String {
    let head = "epoch,loss,accuracy,val_loss,val_accuracy,val_binary_accuracy,saved\n".to_owned();
    let line = |of: &EpochRecord| {
        let measures = [of.loss, of.accuracy, of.val_loss, of.val_accuracy, of.val_binary_accuracy];
        format!("{},{},{}\n", of.epoch, measures.map(|measure| measure.to_string()).join(","), of.saved)
    };
    std::iter::once(head).chain(epochs.iter().map(line)).collect()
}

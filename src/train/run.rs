//! One training from job to run folder, and the comparison of a stored layer on the same images.

use std::collections::BTreeMap;
use std::time::Instant;

use super::TrainError;
use super::batches::TrainingRows;
use super::epochs::{self, Bench, Fitted};
use super::evaluation::{self, Row};
use super::features::{Features, Wanted};
use super::job::{self, LabelledImage, TrainJob};
use super::learned;
use super::material::Material;
use super::mistakes::{self, Mistake};
use super::resume::Bookmark;
use super::shortcuts;
use super::tested::tested;
use crate::content::{FileFailure, warn_of};
use crate::disk;
use crate::domain::{
    Assessment, ClassCount, ClassName, ContentHash, EpochRecord, HeadRecord, ModelRecord, Progress, ShortcutAnswers,
    ShortcutAudit, Silent, Split, StopFlag, Versions,
};
use crate::head::Head;
use crate::imaging::PIXELS;
use crate::nn::{Engine, FEATURES};
use crate::stats::{Activation, Generator, Predictions};

/// What a training made.
#[derive(Debug)]
pub struct Outcome {
    /// The record that was written as `model.json`.
    pub model: ModelRecord,
    /// Images and copies that went through the network for it; cached ones did not.
    pub images_forwarded: u64,
    /// Images that were left out.
    pub failed: Vec<FileFailure>,
    /// What the model says of each validation image.
    pub predictions: Vec<Prediction>,
    /// Epoch by epoch, as `history.csv`.
    pub history: Vec<EpochRecord>,
    /// The worst of the predictions.
    pub mistakes: Vec<Mistake>,
}

/// What a model says of one image that it did not learn from.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// Which image.
    pub hash: ContentHash,
    /// Its class, as an index.
    pub label: usize,
    /// The outputs before the activation, by class.
    pub logits: Vec<f64>,
}

impl Prediction {
    /// Whether the greatest output is that of its class.
    pub fn is_right(&self) -> bool {
        Head::predicted(&self.logits) == self.label
    }
}

/// Trains, and writes `learned.txt`, `history.csv`, `head.safetensors` and then `model.json` into the run's folder. Everything but
/// `created` and `train_seconds` follows from the job and the network alone. What is only looked at (history, mistakes) may
/// fail, with a warning.
///
/// # Errors
/// [`TrainError::Stopped`] once `stop` is raised: features computed so far stay cached, no `model.json` is written. The
/// same job then goes on after its last whole epoch.
pub fn train(
    job: &TrainJob<'_>,
    engine: &Engine,
    stop: &StopFlag,
    progress: &dyn Progress,
) -> Result<Outcome, TrainError> {
    job::check(&job.dataset, &job::count(job.samples))?;
    Features::with(engine, &job.features_dir, &job.reader, |features| train_on(features, job, engine, stop, progress))
}

fn train_on(
    features: &Features<'_>,
    job: &TrainJob<'_>,
    engine: &Engine,
    stop: &StopFlag,
    progress: &dyn Progress,
) -> Result<Outcome, TrainError> {
    let begin = Instant::now();
    let gathered = gather(job, features, stop, progress)?;
    job::check(&job.dataset, &gathered.counts)?;
    let identity = gathered.material.identity(job.job_hash, features.arithmetic);
    let bookmark = Bookmark::new(&job.run_dir, identity);
    let bench = Bench { settings: &job.settings, features, stop, progress, bookmark: Some(&bookmark) };
    let fitted = epochs::fit(&gathered.material, bench)?;
    let mistakes = mistakes::worst(job, features, &gathered.material.validation, &fitted);
    let head = fitted.head.to_bytes()?;
    let predictions = predictions(&gathered.material.validation, &fitted.evaluation.logits);
    let mut model = record(job, engine, &gathered, &fitted, ContentHash::of(&head));
    model.test = tested(&gathered, &fitted, features, job.settings.seed)?;
    model.shortcuts = ShortcutAudit::of(&gathered.shortcuts(&predictions));
    model.train_seconds = job.clock.seconds_since(begin);
    learned::write(&job.run_dir, job.samples)?;
    if let Err(error) = disk::write_atomic(&job.run_dir.join("history.csv"), history(&fitted.history).as_bytes()) {
        tracing::warn!("No history of model {}: {error}.", model.run_id);
    }
    disk::write_atomic(&job.run_dir.join(&model.head.file), &head)?;
    let mut text = serde_json::to_string_pretty(&model)?;
    text.push('\n');
    disk::write_atomic(&job.run_dir.join("model.json"), text.as_bytes())?;
    // The model is there; what it could have gone on from is only in the way.
    if let Err(error) = bookmark.remove() {
        tracing::warn!("{error}.");
    }
    Ok(Outcome {
        model,
        images_forwarded: features.n_forwarded(),
        failed: gathered.failed,
        predictions,
        history: fitted.history,
        mistakes,
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
        sorted(job).into_iter().filter(|image| image.split == Split::Validation).collect();
    let classes = job.classes();
    Features::with(engine, &job.features_dir, &job.reader, |features| {
        let ensured = features.ensure(&wanted(&images), stop, &Silent)?;
        let rows: Vec<Row> =
            images.iter().zip(ensured.hashes).filter_map(|(image, hash)| row(&classes, &image.class, hash)).collect();
        let predicted = evaluation::predictions_over(head, &classes, &rows, &features.cache)?;
        let right = |predicted: Vec<usize>| {
            rows.iter().zip(predicted).map(|(row, predicted)| (row.hash, row.class == predicted)).collect()
        };
        Ok(predicted.map(right))
    })
}

pub(super) fn predictions(rows: &[Row], logits: &[Vec<f64>]) -> Vec<Prediction> {
    let prediction =
        |(row, logits): (&Row, &Vec<f64>)| Prediction { hash: row.hash, label: row.class, logits: logits.clone() };
    rows.iter().zip(logits).map(prediction).collect()
}

/// Every measure of `logits` on `rows`; the bootstrap draws from `seed`.
pub(super) fn assess(
    activation: Activation,
    classes: &[ClassName],
    rows: &[Row],
    logits: &[Vec<f64>],
    seed: u64,
) -> Assessment {
    let mut generator = Generator::new(seed, "bootstrap");
    Assessment::of(&judged(activation, rows, logits), classes, &mut |n| generator.below(n))
}

pub(super) fn judged(activation: Activation, rows: &[Row], logits: &[Vec<f64>]) -> Predictions {
    Predictions { activation, logits: logits.to_vec(), labels: rows.iter().map(|row| row.class).collect() }
}

/// What is said of an image that cannot be used.
pub(super) const LEFT_OUT: &str = "Left out of the training";

pub(super) struct Gathered<'a> {
    pub(super) material: Material<'a>,
    /// Images that nothing may depend on but the last measure.
    pub(super) test: Vec<Row>,
    /// Of the usable originals.
    pub(super) counts: BTreeMap<ClassName, ClassCount>,
    n_copies: u64,
    /// The usable originals.
    pub(super) originals: Vec<&'a LabelledImage>,
    pub(super) failed: Vec<FileFailure>,
}

impl Gathered<'_> {
    /// What those who know nothing of the content make of the validation images; `predictions` are the model's on them.
    fn shortcuts(&self, predictions: &[Prediction]) -> ShortcutAnswers {
        let validation = self.originals.iter().copied().filter(|image| image.split == Split::Validation);
        let measured = validation.zip(predictions.iter().map(Prediction::is_right));
        shortcuts::answers(&self.material.classes, &self.originals, measured)
    }
}

/// Originals in an order that does not depend on the caller's.
fn sorted<'a>(job: &TrainJob<'a>) -> Vec<&'a LabelledImage> {
    let mut images: Vec<&LabelledImage> = job.samples.iter().collect();
    images.sort_by(|a, b| (&a.class, a.hash).cmp(&(&b.class, b.hash)));
    images
}

pub(super) fn wanted(images: &[&LabelledImage]) -> Vec<Wanted> {
    images.iter().map(|image| Wanted { path: image.path.clone(), hash: Some(image.hash) }).collect()
}

pub(super) fn row(classes: &[ClassName], class: &ClassName, hash: Option<ContentHash>) -> Option<Row> {
    Some(Row { class: classes.binary_search(class).ok()?, hash: hash? })
}

/// Sees to the features of all images of the job, and sorts out what is learned from and measured on.
pub(super) fn gather<'a>(
    job: &TrainJob<'a>,
    features: &Features<'_>,
    stop: &StopFlag,
    progress: &dyn Progress,
) -> Result<Gathered<'a>, TrainError> {
    let classes = job.classes();
    let images = sorted(job);
    let copies = job.augmented.copies();
    let mut all = wanted(&images);
    all.extend(copies.iter().map(|copy| Wanted { path: copy.path.clone(), hash: Some(copy.hash) }));
    let ensured = features.ensure(&all, stop, progress)?;
    warn_of(LEFT_OUT, &ensured.failed);

    let (of_images, of_copies) = ensured.hashes.split_at(images.len());
    let usable: Vec<(Row, &LabelledImage)> = images
        .iter()
        .zip(of_images)
        .filter_map(|(image, hash)| Some((row(&classes, &image.class, *hash)?, *image)))
        .collect();
    let counts = job::count(usable.iter().map(|(_, image)| *image));
    let mut copies: Vec<Row> =
        copies.iter().zip(of_copies).filter_map(|(copy, hash)| row(&classes, &copy.class, *hash)).collect();
    copies.sort_unstable();
    let n_copies = copies.len() as u64;
    let test = usable.iter().filter(|(_, image)| image.split == Split::Test).map(|(row, _)| *row).collect();
    let originals = usable.iter().map(|(_, image)| *image).collect();
    let material = material(job, classes, &usable, &copies);
    Ok(Gathered { material, test, counts, n_copies, originals, failed: ensured.failed })
}

fn material<'a>(
    job: &TrainJob<'a>,
    classes: Vec<ClassName>,
    usable: &[(Row, &'a LabelledImage)],
    copies: &[Row],
) -> Material<'a> {
    let side = |split: Split| usable.iter().filter(move |(_, image)| image.split == split);
    let originals: Vec<Row> = side(Split::Train).map(|(row, _)| *row).collect();
    let fresh = job.augmented.fresh();
    let renewed = side(Split::Train).filter(|_| fresh.is_some()).map(|(row, image)| (row.class, *image)).collect();
    let scaled_by: Vec<Row> = originals.iter().chain(copies).copied().collect();
    let cached = if job.augmented.keeps_originals() { scaled_by.clone() } else { Vec::new() };
    Material {
        classes,
        training: TrainingRows { cached, renewed, fresh },
        scaled_by,
        validation: side(Split::Validation).map(|(row, _)| *row).collect(),
    }
}

fn record(
    job: &TrainJob<'_>,
    engine: &Engine,
    gathered: &Gathered<'_>,
    fitted: &Fitted,
    sha256: ContentHash,
) -> ModelRecord {
    let backbone = engine.backbone();
    ModelRecord {
        schema: ModelRecord::SCHEMA.to_owned(),
        run_id: job.run_id.clone(),
        dataset: job.dataset.clone(),
        classes: gathered.material.classes.clone(),
        backbone: backbone.name.clone(),
        backbone_detail: backbone.record.clone(),
        head: HeadRecord { file: "head.safetensors".to_owned(), sha256, activation: fitted.head.activation() },
        val_accuracy: fitted.evaluation.confusion.accuracy(),
        val_binary_accuracy: fitted.evaluation.binary_accuracy,
        val_loss: fitted.evaluation.loss,
        confusion: fitted.evaluation.confusion.clone(),
        assessment: Some(assess(
            fitted.head.activation(),
            &gathered.material.classes,
            &gathered.material.validation,
            &fitted.evaluation.logits,
            job.settings.seed,
        )),
        shortcuts: None,
        test: None,
        epoch: fitted.epoch,
        epochs_run: fitted.history.len() as u32,
        stopped: fitted.stopped,
        counts: gathered.counts.clone(),
        copies: gathered.n_copies,
        augmentation: job.augmentation.clone(),
        data_hash: job.data_hash,
        job_hash: job.job_hash,
        versions: Some(Versions { pixels: PIXELS, features: FEATURES }),
        seed: job.settings.seed,
        program: format!("gradwatch {}", env!("CARGO_PKG_VERSION")),
        created: job.clock.stamp(),
        train_seconds: None,
    }
}

fn history(epochs: &[EpochRecord]) -> String {
    let line = |epoch: &EpochRecord| {
        let EpochRecord { epoch, loss, accuracy, val_loss, val_accuracy, val_binary_accuracy, saved } = epoch;
        format!("{epoch},{loss},{accuracy},{val_loss},{val_accuracy},{val_binary_accuracy},{saved}\n")
    };
    let head = "epoch,loss,accuracy,val_loss,val_accuracy,val_binary_accuracy,saved\n".to_owned();
    std::iter::once(head).chain(epochs.iter().map(line)).collect()
}

//! One training, from split samples to a decision: copies, features, head, comparison with the best model.
//!
//! Used by the service's learning worker and by `gradwatch train`. It changes no record; it tells what to record.

use std::path::PathBuf;
use std::time::SystemTime;

use crate::augment::{self, AugmentError, ExpandOptions, FreshCopies, Source};
use crate::config::{AugmentMode, Settings};
use crate::content::{Reader, warn_of};
use crate::disk::{DiskError, Workspace};
use crate::domain::{
    COPY_SIDE, ContentHash, DatasetName, Progress, RunId, Sample, ShortcutAudit, Split, StopFlag, Stopped,
};
use crate::imaging::Picture;
use crate::nn::NnError;
use crate::train::{self, Augmented, CopyImage, FreshCopy, LabelledImage, TrainError, TrainJob};

use super::contact_sheet::draw_sheet;
use super::engine::EngineCell;
use super::failed_work::{FailedWork, Work};
use super::finished_training::FinishedTraining;
use super::incumbent::Incumbent;
use super::job_identity::{self, VERSIONS};
use super::retrain_check;

/// Bytes of samples that are kept for fresh copies: 3,500 pictures in colour.
pub(super) const SAMPLES_IN_MEMORY: usize = 512 << 20;

/// What to train on. Every sample's side of the split is decided.
#[derive(Debug, Clone)]
pub struct TrainingPlan {
    /// The dataset's name.
    pub dataset: DatasetName,
    /// Its samples; paths are relative to `root`.
    pub samples: Vec<Sample>,
    /// The folder that samples' paths start at.
    pub root: PathBuf,
    /// Where copies and their manifest go.
    pub expansion: PathBuf,
    /// The run to be made.
    pub run_id: RunId,
    /// Identity of data and settings.
    pub job_hash: ContentHash,
    /// The best model when it starts.
    pub incumbent: Incumbent,
}

impl TrainingPlan {
    /// A training of `samples`, numbered after the highest of `runs`.
    pub fn new<'a>(
        dataset: DatasetName,
        samples: Vec<Sample>,
        root: PathBuf,
        expansion: PathBuf,
        runs: impl Iterator<Item = &'a RunId>,
        incumbent: Incumbent,
        settings: &Settings,
    ) -> Self {
        let job_hash = job_identity::job_hash(&samples, settings.of(&dataset), VERSIONS);
        let highest = runs.filter_map(RunId::number).max().unwrap_or(0);
        let run_id = RunId::numbered(highest + 1, &job_hash);
        Self { dataset, samples, root, expansion, run_id, job_hash, incumbent }
    }
}

/// Why a training ended without a model.
#[derive(Debug, thiserror::Error)]
pub enum WorkflowError {
    /// On request.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// Copies could not be made.
    #[error(transparent)]
    Augment(AugmentError),
    /// The dataset cannot be locked.
    #[error(transparent)]
    Lock(#[from] DiskError),
    /// The network cannot be used.
    #[error(transparent)]
    Network(NnError),
    /// The head could not be trained.
    #[error(transparent)]
    Train(TrainError),
    /// An ablation of what is not there.
    #[error(
        "there is no augmentation to leave out: augment.mode = \"expand\" with augment.copies = 0 makes no copy; set augment.copies to 1 or more"
    )]
    NothingToLeaveOut,
    /// A cross-validation of data that cannot be shared out so.
    #[error("the images cannot be shared out among {n} parts: {reason}")]
    Unfoldable {
        /// Parts that were asked for.
        n: usize,
        /// Why, and what to do.
        reason: String,
    },
    /// Two trainings that answered no image both.
    #[error("no image could be measured with and without; see the warnings above for what could not be read")]
    NothingInCommon,
}

/// What a training works with.
pub struct TrainingContext<'a> {
    /// The settings of the dataset in hand: [`Settings::of`].
    pub settings: &'a Settings,
    /// Where the network comes from.
    pub engine: &'a EngineCell,
    /// Asked between files, batches and epochs.
    pub stop: &'a StopFlag,
    /// Told how far it is.
    pub progress: &'a dyn Progress,
    /// Told what failed beside the model: copies of an image, a sheet, a page.
    pub failed: &'a dyn Fn(FailedWork),
}

/// Trains, and decides on the new model as things stood when the training started: whoever records it first asks whether
/// they still stand so ([`TrainedModel::decision_holds`](super::finished_training::TrainedModel::decision_holds)). `expanded` is told how many copies were
/// written, as soon as they are.
///
/// # Errors
/// [`WorkflowError`]; finished copies and features are kept and not made again.
pub fn train_model(
    job: TrainingPlan,
    tools: &TrainingContext<'_>,
    expanded: &dyn Fn(u64),
) -> Result<FinishedTraining, WorkflowError> {
    let settings = tools.settings;
    let copies = copies(&job, tools, expanded)?;
    let engine = tools.engine.get()?;
    let copies_anew = FreshCopies::new(ExpandOptions::of(settings).below(&job.root), SAMPLES_IN_MEMORY);
    let fresh = fresh(&copies_anew);
    let augmented = augmented(settings.augment.mode, &copies, &fresh);
    let samples: Vec<LabelledImage> = job.samples.iter().filter_map(|sample| labelled(&job, sample)).collect();
    let train_job = train_job(&job, settings, &samples, augmented);
    let outcome = train::train(&train_job, &engine, tools.stop, tools.progress)?;
    let max_bytes = (settings.features_max_gib * f64::from(1 << 30)) as u64;
    train::trim_features(&train_job.features_dir, max_bytes, SystemTime::now());
    for failure in &outcome.failed {
        (tools.failed)(FailedWork::of_file(Work::Image, failure));
    }
    if let Some(warning) = outcome.model.shortcuts.as_ref().and_then(ShortcutAudit::warning) {
        tracing::warn!(dataset = %job.dataset, "A shortcut: {warning}.");
    }
    FinishedTraining::new(job, outcome, tools)
}

/// The training of `samples`, as `job` and `settings` describe it.
pub(super) fn train_job<'a>(
    job: &TrainingPlan,
    settings: &Settings,
    samples: &'a [LabelledImage],
    augmented: Augmented<'a>,
) -> TrainJob<'a> {
    let workspace = Workspace::new(&settings.state_dir);
    TrainJob {
        run_id: job.run_id.clone(),
        job_hash: job.job_hash,
        data_hash: job_identity::data_hash(&job.samples),
        dataset: job.dataset.clone(),
        run_dir: workspace.run(&job.dataset, &job.run_id),
        features_dir: workspace.features(),
        samples,
        augmented,
        augmentation: retrain_check::augmentation(settings),
        settings: settings.train,
        reader: reader(job, settings),
        clock: settings.clock,
    }
}

/// The limits are for images of others: the program's own copies are within them, whatever the settings say.
fn reader(job: &TrainingPlan, settings: &Settings) -> Reader {
    let mut reader = Reader::of(settings).below(&job.root);
    let limits = &mut reader.decoding;
    limits.max_side = limits.max_side.max(COPY_SIDE);
    limits.max_pixels = limits.max_pixels.max(u64::from(COPY_SIDE).pow(2));
    reader
}

/// Makes one copy of one image for one epoch.
pub(super) fn fresh(anew: &FreshCopies) -> impl Fn(&LabelledImage, u32) -> Result<Picture, String> + Sync {
    |image, epoch| anew.make(&image.path, &image.hash, epoch).map_err(|failure| failure.reason)
}

pub(super) fn augmented<'a>(mode: AugmentMode, copies: &'a [CopyImage], fresh: FreshCopy<'a>) -> Augmented<'a> {
    match mode {
        AugmentMode::Expand => Augmented::Expand(copies),
        AugmentMode::InPlace => Augmented::InPlace(fresh),
        AugmentMode::Combined => Augmented::Combined(copies, fresh),
    }
}

/// The copies on disk that the mode wants of the job's training samples, brought up to date.
pub(super) fn copies(
    job: &TrainingPlan,
    tools: &TrainingContext<'_>,
    expanded: &dyn Fn(u64),
) -> Result<Vec<CopyImage>, WorkflowError> {
    match tools.settings.augment.mode {
        AugmentMode::InPlace => Ok(Vec::new()),
        AugmentMode::Expand | AugmentMode::Combined => expand(job, tools, expanded),
    }
}

fn expand(
    job: &TrainingPlan,
    tools: &TrainingContext<'_>,
    expanded: &dyn Fn(u64),
) -> Result<Vec<CopyImage>, WorkflowError> {
    let training = job.samples.iter().filter(|sample| sample.split == Some(Split::Train));
    let sources: Vec<Source> = training.map(|sample| source(job, sample)).collect();
    let options = ExpandOptions::of(tools.settings).below(&job.root);
    let expansion = augment::expand(&options, &sources, &job.expansion, tools.stop, tools.progress)?;
    expanded(expansion.written as u64);
    if tools.settings.augment.contact_sheet {
        // A sheet that cannot be drawn is no reason not to train.
        if let Err(error) = draw_sheet(&options, &sources, &expansion, &job.expansion) {
            (tools.failed)(FailedWork::of(Work::ContactSheet, &job.dataset, &error));
        }
    }
    warn_of("Not augmented", &expansion.failed);
    for failure in &expansion.failed {
        (tools.failed)(FailedWork::of_file(Work::Augmentation, failure));
    }
    let copies = expansion.copies.into_iter();
    Ok(copies
        .map(|copy| CopyImage { source: copy.source, class: copy.class, hash: copy.hash, path: copy.path })
        .collect())
}

fn source(job: &TrainingPlan, sample: &Sample) -> Source {
    Source {
        hash: sample.hash,
        class: sample.class.clone(),
        split: sample.split,
        group: sample.group.clone(),
        stem: sample.stem().to_owned(),
        path: job.root.join(&sample.path),
        relative: sample.path.clone(),
    }
}

pub(super) fn labelled(job: &TrainingPlan, sample: &Sample) -> Option<LabelledImage> {
    Some(LabelledImage {
        hash: sample.hash,
        class: sample.class.clone(),
        split: sample.split.filter(|side| *side != Split::Aside)?,
        path: job.root.join(&sample.path),
        non_content: sample.non_content(),
    })
}

impl From<AugmentError> for WorkflowError {
    fn from(error: AugmentError) -> Self {
        match error {
            AugmentError::Stopped(stopped) => Self::Stopped(stopped),
            other => Self::Augment(other),
        }
    }
}

impl From<NnError> for WorkflowError {
    fn from(error: NnError) -> Self {
        match error {
            NnError::Stopped(stopped) => Self::Stopped(stopped),
            other => Self::Network(other),
        }
    }
}

impl From<TrainError> for WorkflowError {
    fn from(error: TrainError) -> Self {
        match error {
            TrainError::Stopped(stopped) => Self::Stopped(stopped),
            other => Self::Train(other),
        }
    }
}

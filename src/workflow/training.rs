//! One training, from split samples to a decision: copies, features, head, comparison with the best model.
//!
//! Used by the service's learning worker and by `gradwatch train`. It changes no record; it returns what to record.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::SystemTime;

use crate::augment::{self, AugmentError, ExpandOptions, OnTheFlyCopies};
use crate::config::{AugmentMode, Settings};
use crate::content::{Reader, warn_of};
use crate::disk::{DiskError, Workspace};
use crate::domain::{
    AugmentedImage, ContentHash, DatasetName, LabelledImage, NonContentFacts, Progress, RunId, Sample, ShortcutAudit,
    Split, StopFlag, Stopped,
};
use crate::imaging::Picture;
use crate::nn::NnError;
use crate::train::{self, Augmented, FreshCopy, TrainError, TrainJob};

use super::contact_sheet::draw_sheet;
use super::engine::EngineCell;
use super::failed_work::{FailedWork, Work};
use super::finished_training::FinishedTraining;
use super::incumbent::Incumbent;
use super::job_identity::{self, VERSIONS};
use super::retrain_check;

/// Bytes of samples that are kept for fresh copies: 3,500 images in colour.
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

    /// Its images.
    pub(super) fn images(&self) -> Vec<LabelledImage> {
        self.samples.iter().map(|sample| sample.labelled(&self.root)).collect()
    }

    /// What is known of its images apart from what they show, by content.
    pub(super) fn non_content(&self) -> BTreeMap<ContentHash, NonContentFacts> {
        self.samples.iter().map(|sample| (sample.hash, sample.non_content())).collect()
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
        "there is no augmentation to omit: augment.mode = \"expand\" with augment.copies = 0 makes no copies; set augment.copies to 1 or more"
    )]
    NothingToLeaveOut,
    /// A cross-validation of data that cannot be shared out so.
    #[error("the images cannot be divided into {n} parts: {reason}")]
    Unfoldable {
        /// Parts that were asked for.
        n: usize,
        /// Why, and what to do.
        reason: String,
    },
    /// Two trainings that answered no image both.
    #[error("no image could be measured in both trainings; see the warnings above")]
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
    /// Receives the progress.
    pub progress: &'a dyn Progress,
    /// Receives what failed besides the model: copies of an image, a sheet, a page.
    pub failed: &'a dyn Fn(FailedWork),
}

/// Trains, and decides on the new model as things stood when the training started: whoever records it first asks whether
/// they still stand so ([`TrainedModel::decision_holds`](super::finished_training::TrainedModel::decision_holds)). `expanded` receives how many copies were
/// written, as soon as they are.
///
/// # Errors
/// [`WorkflowError`]; finished copies and features are kept and not made again.
pub fn train_model(
    plan: TrainingPlan,
    context: &TrainingContext<'_>,
    expanded: &dyn Fn(u64),
) -> Result<FinishedTraining, WorkflowError> {
    let settings = context.settings;
    let copies = copies(&plan, context, expanded)?;
    let engine = context.engine.get()?;
    let copies_anew = OnTheFlyCopies::new(ExpandOptions::of(settings).below(&plan.root), SAMPLES_IN_MEMORY);
    let fresh = fresh(&copies_anew);
    let augmented = augmented(settings.augment.mode, &copies, &fresh);
    let (samples, non_content) = (plan.images(), plan.non_content());
    let train_job = train_job(&plan, settings, &samples, &non_content, augmented);
    let outcome = train::train(&train_job, &engine, context.stop, context.progress)?;
    let max_bytes = (settings.features_max_gib * f64::from(1 << 30)) as u64;
    train::trim_features(&train_job.features_dir, max_bytes, SystemTime::now());
    for failure in &outcome.failed {
        (context.failed)(FailedWork::of_file(Work::Image, failure));
    }
    if let Some(warning) = outcome.model.shortcuts.as_ref().and_then(ShortcutAudit::warning) {
        tracing::warn!(dataset = %plan.dataset, reason = %warning, "Possible shortcut");
    }
    FinishedTraining::new(plan, outcome, context)
}

/// The training of `samples`, as `plan` and `settings` describe it.
pub(super) fn train_job<'a>(
    plan: &TrainingPlan,
    settings: &Settings,
    samples: &'a [LabelledImage],
    non_content: &'a BTreeMap<ContentHash, NonContentFacts>,
    augmented: Augmented<'a>,
) -> TrainJob<'a> {
    let workspace = Workspace::new(&settings.state_dir);
    TrainJob {
        run_id: plan.run_id.clone(),
        job_hash: plan.job_hash,
        data_hash: job_identity::data_hash(&plan.samples),
        dataset: plan.dataset.clone(),
        run_dir: workspace.run(&plan.dataset, &plan.run_id),
        features_dir: workspace.features(),
        samples,
        non_content,
        augmented,
        augmentation: retrain_check::augmentation(settings),
        settings: settings.train,
        reader: reader(plan, settings),
        clock: settings.clock,
    }
}

/// The limits are for images of others: the program's own copies are within them, whatever the settings say.
fn reader(plan: &TrainingPlan, settings: &Settings) -> Reader {
    let mut reader = Reader::of(settings).below(&plan.root);
    let (limits, side) = (&mut reader.decoding, settings.augment.size);
    limits.max_side = limits.max_side.max(side);
    limits.max_pixels = limits.max_pixels.max(u64::from(side).pow(2));
    reader
}

/// Makes one copy of one image for one epoch.
pub(super) fn fresh(anew: &OnTheFlyCopies) -> impl Fn(&LabelledImage, u32) -> Result<Picture, String> + Sync {
    |image, epoch| anew.make(&image.path, &image.hash, epoch).map_err(|failure| failure.reason)
}

pub(super) fn augmented<'a>(mode: AugmentMode, copies: &'a [AugmentedImage], fresh: FreshCopy<'a>) -> Augmented<'a> {
    match mode {
        AugmentMode::Expand => Augmented::Expand(copies),
        AugmentMode::InPlace => Augmented::InPlace(fresh),
        AugmentMode::Combined => Augmented::Combined(copies, fresh),
    }
}

/// The copies on disk that the mode wants of the job's training samples, brought up to date.
pub(super) fn copies(
    plan: &TrainingPlan,
    context: &TrainingContext<'_>,
    expanded: &dyn Fn(u64),
) -> Result<Vec<AugmentedImage>, WorkflowError> {
    match context.settings.augment.mode {
        AugmentMode::InPlace => Ok(Vec::new()),
        AugmentMode::Expand | AugmentMode::Combined => expand(plan, context, expanded),
    }
}

fn expand(
    plan: &TrainingPlan,
    context: &TrainingContext<'_>,
    expanded: &dyn Fn(u64),
) -> Result<Vec<AugmentedImage>, WorkflowError> {
    let training = plan.samples.iter().filter(|sample| sample.split == Some(Split::Train));
    let sources: Vec<LabelledImage> = training.map(|sample| sample.labelled(&plan.root)).collect();
    let options = ExpandOptions::of(context.settings).below(&plan.root);
    let expansion = augment::expand(&options, &sources, &plan.expansion, context.stop, context.progress)?;
    expanded(expansion.written as u64);
    if context.settings.augment.contact_sheet {
        // A sheet that cannot be drawn is no reason not to train.
        if let Err(error) = draw_sheet(&options, &sources, &expansion, &plan.expansion) {
            (context.failed)(FailedWork::of(Work::ContactSheet, &plan.dataset, &error));
        }
    }
    warn_of("Not augmented", &expansion.failed);
    for failure in &expansion.failed {
        (context.failed)(FailedWork::of_file(Work::Augmentation, failure));
    }
    Ok(expansion.copies)
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

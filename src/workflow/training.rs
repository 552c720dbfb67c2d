//! One training, from split samples to a decision: copies, features, head, comparison with the best model.
//!
//! Used by the service's training worker and by `gradwatch train`. It changes no record; it returns what to record.

use std::time::SystemTime;

use crate::augment::{self, ExpandOptions, OnTheFlyCopies};
use crate::config::AugmentMode;
use crate::content::warn_of;
use crate::disk;
use crate::domain::{AugmentedImage, ContentHash, LabelledImage, ShortcutAudit, Split};
use crate::imaging::Picture;
use crate::train::{self, Augmented, FinishedRun, FreshCopy, TrainError, TrainJob};

use super::contact_sheet::draw_sheet;
use super::error::WorkflowError;
use super::failed_work::{FailedWork, Work};
use super::finished_training::FinishedTraining;
use super::training_plan::{TrainingContext, TrainingPlan};

/// Bytes of samples that are kept for fresh copies: 3,500 images in colour.
pub(super) const SAMPLES_IN_MEMORY: usize = 512 << 20;

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
    let run = match trained(&plan, context, expanded) {
        // They were removed, and are made anew.
        Err(WorkflowError::Train(error @ TrainError::LostCopies { .. })) => {
            tracing::warn!(dataset = %plan.dataset, %error, "Augmented images are made again");
            trained(&plan, context, expanded)?
        }
        outcome => outcome?,
    };
    match plan.recorded.clone() {
        Some(recorded) => Ok(FinishedTraining::again(plan, run, *recorded, context)),
        None => FinishedTraining::new(plan, run, context),
    }
}

/// Copies, features and head.
fn trained(
    plan: &TrainingPlan,
    context: &TrainingContext<'_>,
    expanded: &dyn Fn(u64),
) -> Result<FinishedRun, WorkflowError> {
    let settings = context.settings;
    // Before any work is done that would have to wait anyway.
    disk::require_room(&settings.state_dir, 0, settings.reserve).map_err(TrainError::Disk)?;
    let copies = copies(plan, context, expanded)?;
    let engine = plan.network.engine(context.engines)?;
    let copies_anew = OnTheFlyCopies::new(ExpandOptions::of(settings).below(&plan.root), SAMPLES_IN_MEMORY);
    let fresh = fresh(&copies_anew);
    let augmented = augmented(settings.augment.mode, &copies.images, &fresh);
    let (samples, non_content) = (plan.images(), plan.non_content());
    let train_job = TrainJob { unread: &copies.unread, ..plan.train_job(settings, &samples, &non_content, augmented) };
    let outcome = train::train(&train_job, &engine, context.stop, context.progress)?;
    let max_bytes = (settings.features_max_gib * f64::from(1 << 30)) as u64;
    train::trim_features(&train_job.features.path, max_bytes, SystemTime::now());
    for failure in &outcome.failed {
        (context.failed)(FailedWork::of_file(Work::Image, failure));
    }
    if let Some(warning) = outcome.model.shortcuts.as_ref().and_then(ShortcutAudit::warning) {
        tracing::warn!(dataset = %plan.dataset, reason = %warning, "Possible shortcut");
    }
    Ok(outcome)
}

/// What an expansion gives a training.
#[derive(Debug, Default)]
pub(super) struct Copies {
    pub(super) images: Vec<AugmentedImage>,
    /// Sources that could not be read, and have not all of their copies.
    unread: Vec<ContentHash>,
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
) -> Result<Copies, WorkflowError> {
    match context.settings.augment.mode {
        AugmentMode::InPlace => Ok(Copies::default()),
        AugmentMode::Expand | AugmentMode::Combined => expand(plan, context, expanded),
    }
}

fn expand(plan: &TrainingPlan, context: &TrainingContext<'_>, expanded: &dyn Fn(u64)) -> Result<Copies, WorkflowError> {
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
    if let Some(error) = TrainError::unread(&expansion.failed).filter(|_| !plan.may_leave_out) {
        return Err(error.into());
    }
    for failure in &expansion.failed {
        (context.failed)(FailedWork::of_file(Work::Augmentation, failure));
    }
    Ok(Copies { images: expansion.copies, unread: expansion.unread })
}

//! A training that is measured on held-out images and forgotten: no record, no model, no decision. Copies and features
//! are kept.

use std::collections::BTreeSet;

use crate::augment::{ExpandOptions, OnTheFlyCopies};
use crate::config::AugmentMode;
use crate::domain::{AugmentedImage, ContentHash, LabelledImage, Sample, Split};
use crate::train::{self, HeldOut};

use super::error::WorkflowError;
use super::training::{self, SAMPLES_IN_MEMORY};
use super::training_plan::{TrainingContext, TrainingPlan};

/// What augmentation adds to the originals, or puts in their place.
pub(super) struct Added {
    mode: AugmentMode,
    copies: Vec<AugmentedImage>,
}

impl Added {
    /// Nothing: the originals alone are learned from.
    pub(super) fn nothing() -> Self {
        Self { mode: AugmentMode::Expand, copies: Vec::new() }
    }

    /// What the settings say, the copies of the job's training samples brought up to date.
    pub(super) fn to(plan: &TrainingPlan, context: &TrainingContext<'_>) -> Result<Self, WorkflowError> {
        Ok(Self { mode: context.settings.augment.mode, copies: training::copies(plan, context, &|_| {})?.images })
    }

    /// Whether it is the same as [`Self::nothing`].
    pub(super) fn is_nothing(&self) -> bool {
        self.mode == AugmentMode::Expand && self.copies.is_empty()
    }
}

/// Trains on the samples of `plan`, by its own sides, and measures on `held_out`.
pub(super) fn train_unrecorded(
    plan: &TrainingPlan,
    held_out: &[Sample],
    added: &Added,
    context: &TrainingContext<'_>,
) -> Result<HeldOut, WorkflowError> {
    let settings = context.settings;
    let samples = plan.images();
    let mut non_content = plan.non_content();
    non_content.extend(held_out.iter().map(|sample| (sample.hash, sample.non_content())));
    let held_out: Vec<LabelledImage> = held_out.iter().map(|sample| sample.labelled(&plan.root)).collect();
    let of_training = samples.iter().filter(|image| image.split == Some(Split::Train));
    let sources: BTreeSet<ContentHash> = of_training.map(|image| image.hash).collect();
    let copies: Vec<AugmentedImage> =
        added.copies.iter().filter(|copy| sources.contains(&copy.source)).cloned().collect();
    let anew = OnTheFlyCopies::new(ExpandOptions::of(settings).below(&plan.root), SAMPLES_IN_MEMORY);
    let fresh = training::fresh(&anew);
    let augmented = training::augmented(added.mode, &copies, &fresh);
    let train_job = plan.train_job(settings, &samples, &non_content, augmented);
    let engine = plan.network.engine(context.engines)?;
    Ok(train::train_held_out(&train_job, &held_out, &engine, context.stop, context.progress)?)
}

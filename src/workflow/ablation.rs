//! What a part of the training is worth: trained once with it and once without, all else equal, on the same images.
//!
//! Equal are the samples and their sides, the features, the seed (so the first weights), the greatest number of epochs and
//! the rules that stop a training and choose its epoch. An epoch without copies has fewer steps; so how long each trains,
//! and what is kept, is what its own rules make of it: each is measured as good as it would have been put to use.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::domain::{ClassName, ContentHash, DatasetName, Split};
use crate::stats::{Activation, Differences, Generator, Measures, Paired, PairedComparison, Predictions};
use crate::train::HeldOut;

use super::cross_validation::{self, Folds};
use super::error::WorkflowError;
use super::training_plan::{TrainingContext, TrainingPlan};
use super::trial::{Added, train_unrecorded};

/// What a training can do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Component {
    /// All augmentation: without it the originals alone are learned from.
    Augment,
}

/// Two trainings, or twice as many as there are folds, side by side.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ablation {
    /// On what.
    pub dataset: DatasetName,
    /// What was left out.
    pub part: Component,
    /// Parts of the cross-validation; `None` when both trainings were measured on the validation images.
    pub folds: Option<usize>,
    /// Images that both were measured on.
    pub n: u64,
    /// As configured.
    pub with: Measures,
    /// Without the part.
    pub without: Measures,
    /// With less without.
    pub difference: Differences,
    /// Images that only one got right; the first is the training with the part.
    pub paired: Paired,
    /// The epoch that was kept, in each training with the part.
    pub epochs_with: Vec<u32>,
    /// The same without it.
    pub epochs_without: Vec<u32>,
}

/// Trains with `part` and without, and measures both on the validation images, or over `n_folds` folds on every image when
/// it is held out. Test images have no part in it. Nothing is recorded; copies and features are kept.
///
/// # Errors
/// [`WorkflowError`]; [`WorkflowError::NothingToLeaveOut`] when the settings do without the part already.
pub fn ablate(
    plan: &TrainingPlan,
    part: Component,
    n_folds: Option<usize>,
    context: &TrainingContext<'_>,
) -> Result<Ablation, WorkflowError> {
    let (plan, _) = &cross_validation::taking_part(plan);
    let folds = n_folds.map(|n| Folds::of(&plan.samples, n)).transpose()?;
    let whole = n_folds.map_or_else(|| plan.clone(), |_| cross_validation::everything_for_training(plan));
    let added = Added::to(&whole, context)?;
    if added.is_nothing() {
        return Err(WorkflowError::NothingToLeaveOut);
    }
    tracing::info!("Training with augmentation started");
    let with = held_out(plan, folds.as_ref(), &added, context)?;
    tracing::info!("Training without augmentation started");
    let without = held_out(plan, folds.as_ref(), &Added::nothing(), context)?;
    let classes: BTreeSet<&ClassName> = plan.samples.iter().map(|sample| &sample.class).collect();
    let (first, second) = aligned(&with, &without);
    let mut generator = Generator::new(context.settings.train.seed, "bootstrap");
    let contrast = PairedComparison::of(&first, &second, classes.len(), &mut |n| generator.below(n));
    let PairedComparison { n, first, second, difference, paired } = contrast.ok_or(WorkflowError::NothingInCommon)?;
    let epochs = |parts: &[HeldOut]| parts.iter().map(|part| part.epoch).collect();
    Ok(Ablation {
        dataset: plan.dataset.clone(),
        part,
        folds: n_folds,
        n,
        with: first,
        without: second,
        difference,
        paired,
        epochs_with: epochs(&with),
        epochs_without: epochs(&without),
    })
}

/// One training measured on the job's validation side, or one a fold.
fn held_out(
    plan: &TrainingPlan,
    folds: Option<&Folds>,
    added: &Added,
    context: &TrainingContext<'_>,
) -> Result<Vec<HeldOut>, WorkflowError> {
    if let Some(folds) = folds {
        return cross_validation::hold_out_each(plan, folds, added, context);
    }
    let validation = plan.samples.iter().filter(|sample| sample.split == Some(Split::Validation));
    let validation: Vec<_> = validation.cloned().collect();
    Ok(vec![train_unrecorded(plan, &validation, added, context)?])
}

/// The predictions of both on the images that both predicted, in the same order.
fn aligned(with: &[HeldOut], without: &[HeldOut]) -> (Predictions, Predictions) {
    let (mut first, mut second) = (by_image(with), by_image(without));
    first.retain(|hash, _| second.contains_key(hash));
    second.retain(|hash, _| first.contains_key(hash));
    let activation = with.first().map_or(Activation::Sigmoid, |part| part.predictions.outputs.activation);
    let together = |outputs: BTreeMap<ContentHash, (Vec<f64>, usize)>| {
        let (logits, labels) = outputs.into_values().unzip();
        Predictions { activation, logits, labels }
    };
    (together(first), together(second))
}

/// Logits and label of each image.
fn by_image(parts: &[HeldOut]) -> BTreeMap<ContentHash, (Vec<f64>, usize)> {
    let all = parts.iter().flat_map(|part| part.predictions.iter());
    all.map(|(hash, logits, label)| (hash, (logits.to_vec(), label))).collect()
}

//! Cross-validation: every image is held out once, from a training that never saw it in any way.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::domain::{Assessment, ClassName, ContentHash, DatasetName, Sample, ShortcutAnswers, ShortcutAudit, Split};
use crate::ingest;
use crate::stats::{Activation, Estimate, Generator, Predictions, mean, standard_deviation, tempered};
use crate::train::HeldOut;

use super::error::WorkflowError;
use super::training_plan::{TrainingContext, TrainingPlan};
use super::trial::{Added, train_unrecorded};

/// What cross-validation found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CrossValidated {
    /// On what.
    pub dataset: DatasetName,
    /// How many parts.
    pub folds: usize,
    /// Mean of `accuracy_folds`.
    pub accuracy_mean: f64,
    /// Their standard deviation (n - 1).
    pub accuracy_sd: f64,
    /// Argmax accuracy on each held-out part.
    pub accuracy_folds: Vec<f64>,
    /// Mean of `auc_folds`, without those that lack a class; `None` when all do.
    pub auc_mean: Option<f64>,
    /// Mean ROC area of the classes on each held-out part; `None` where a class is missing.
    pub auc_folds: Vec<Option<f64>>,
    /// The epoch that was kept in each training.
    pub epochs: Vec<u32>,
    /// The temperature of each training, fitted on its own validation images.
    pub temperatures: Vec<f64>,
    /// All held-out answers together. Its temperature is left out: it would be fitted on them.
    pub assessment: Assessment,
    /// Brier score of all held-out answers, each at its training's temperature.
    pub calibrated_brier: Option<Estimate>,
    /// Calibration error of the same.
    pub calibrated_error: Option<Estimate>,
    /// The trainings compared with baselines that do not see the image content, on the same held-out images.
    pub shortcuts: Option<ShortcutAudit>,
    /// Images that could not be used.
    pub failed: usize,
    /// Images that had no part in it: those of the test folder, and those that the split leaves out.
    pub n_left_out: usize,
}

/// Trains once for each of `n_folds` parts on the other parts (their own training and validation side, by the rules of the
/// split), and measures on the part. Training and validation images take part alike, whatever folder they lie in; test images
/// stay out, and so does what the split leaves out. Nothing is recorded; copies and features are kept.
///
/// # Errors
/// [`WorkflowError`].
pub fn cross_validate(
    plan: &TrainingPlan,
    n_folds: usize,
    context: &TrainingContext<'_>,
) -> Result<CrossValidated, WorkflowError> {
    let (plan, n_left_out) = &taking_part(plan);
    let folds = Folds::of(&plan.samples, n_folds)?;
    let added = Added::to(&everything_for_training(plan), context)?;
    let parts = hold_out_each(plan, &folds, &added, context)?;
    let classes: BTreeSet<ClassName> = plan.samples.iter().map(|sample| sample.class.clone()).collect();
    let found = summary(&plan.dataset, &classes.into_iter().collect::<Vec<_>>(), &parts, context.settings.train.seed);
    if let Some(warning) = found.shortcuts.as_ref().and_then(ShortcutAudit::warning) {
        tracing::warn!(dataset = %plan.dataset, reason = %warning, "Possible shortcut");
    }
    Ok(CrossValidated { n_left_out: *n_left_out, ..found })
}

/// The job of the training and validation images alone, free of the sides that their folders name; and how many others it had.
pub(super) fn taking_part(plan: &TrainingPlan) -> (TrainingPlan, usize) {
    let takes_part = |sample: &&Sample| matches!(sample.split, Some(Split::Train | Split::Validation));
    let samples = plan.samples.iter().filter(takes_part).map(|sample| Sample { side: None, ..sample.clone() });
    let samples: Vec<Sample> = samples.collect();
    let n_left_out = plan.samples.len() - samples.len();
    (TrainingPlan { samples, ..plan.clone() }, n_left_out)
}

/// The part that each sample is held out with.
pub(super) struct Folds {
    n: usize,
    of: BTreeMap<ContentHash, usize>,
}

impl Folds {
    /// # Errors
    /// [`WorkflowError::Unfoldable`] when a part would hold nothing, or leave nothing of a class to learn from.
    pub(super) fn of(samples: &[Sample], n: usize) -> Result<Self, WorkflowError> {
        let of = ingest::assign_folds(samples, n);
        let n_filled = of.values().collect::<BTreeSet<_>>().len();
        let refuse = |reason| Err(WorkflowError::Unfoldable { n, reason });
        if n_filled < n {
            let reason = "groups and near-duplicates stay in one part";
            return refuse(format!(
                "{reason}, so only {n_filled} parts can be filled; use --folds with a smaller number"
            ));
        }
        let mut parts_of: BTreeMap<&ClassName, BTreeSet<usize>> = BTreeMap::new();
        for sample in samples {
            parts_of.entry(&sample.class).or_default().insert(of[&sample.hash]);
        }
        match parts_of.into_iter().find(|(_, parts)| parts.len() < 2) {
            Some((class, _)) => refuse(format!(
                "all images of class `{class}` are in one group, so no training image remains without it; add images of another group"
            )),
            None => Ok(Self { n, of }),
        }
    }
}

/// What the training of each fold says of the part that it was kept from.
pub(super) fn hold_out_each(
    plan: &TrainingPlan,
    folds: &Folds,
    added: &Added,
    context: &TrainingContext<'_>,
) -> Result<Vec<HeldOut>, WorkflowError> {
    let part = |fold: usize| {
        tracing::info!(fold = fold + 1, n_folds = folds.n, "Fold started");
        let (held_out, rest): (Vec<_>, Vec<_>) =
            plan.samples.iter().cloned().partition(|sample| folds.of[&sample.hash] == fold);
        train_unrecorded(
            &TrainingPlan { samples: split_anew(rest, context), ..plan.clone() },
            &held_out,
            added,
            context,
        )
    };
    (0..folds.n).map(part).collect()
}

/// Every image is in the training side of some fold, so all have copies; in a folder of their own.
pub(super) fn everything_for_training(plan: &TrainingPlan) -> TrainingPlan {
    let samples = plan.samples.iter().map(|sample| Sample { split: Some(Split::Train), ..sample.clone() });
    TrainingPlan { samples: samples.collect(), expansion: plan.expansion.join("folds"), ..plan.clone() }
}

/// With sides that follow from these samples alone.
fn split_anew(samples: Vec<Sample>, context: &TrainingContext<'_>) -> Vec<Sample> {
    let free: Vec<Sample> = samples.into_iter().map(|sample| Sample { split: None, ..sample }).collect();
    ingest::assign_split(&free, context.settings.split.validation)
}

/// Its predictions, their logits divided by a temperature.
fn at_temperature(part: &HeldOut, temperature: f64) -> Predictions {
    let Predictions { activation, logits, labels } = part.predictions.outputs.clone();
    Predictions { activation, logits: logits.iter().map(|logits| tempered(logits, temperature)).collect(), labels }
}

fn together(parts: &[Predictions]) -> Predictions {
    let mut parts = parts.iter().cloned();
    let first = parts.next().unwrap_or(Predictions { activation: Activation::Sigmoid, logits: vec![], labels: vec![] });
    parts.fold(first, |mut all, part| {
        all.logits.extend(part.logits);
        all.labels.extend(part.labels);
        all
    })
}

fn summary(dataset: &DatasetName, classes: &[ClassName], parts: &[HeldOut], seed: u64) -> CrossValidated {
    let assess = |predictions: &Predictions| {
        let mut generator = Generator::new(seed, "bootstrap");
        Assessment::of(predictions, classes, &mut |n| generator.below(n))
    };
    let raw: Vec<Predictions> = parts.iter().map(|part| at_temperature(part, 1.0)).collect();
    let at_own: Vec<Predictions> = parts.iter().map(|part| at_temperature(part, part.temperature)).collect();
    let each: Vec<Assessment> = raw.iter().map(assess).collect();
    let accuracy_folds: Vec<f64> =
        each.iter().map(|part| part.accuracy.map_or(0.0, |accuracy| accuracy.value)).collect();
    let auc_folds: Vec<Option<f64>> = each.iter().map(|part| part.roc_auc_mean).collect();
    let areas: Vec<f64> = auc_folds.iter().copied().flatten().collect();
    let calibrated = assess(&together(&at_own));
    CrossValidated {
        dataset: dataset.clone(),
        folds: parts.len(),
        accuracy_mean: mean(&accuracy_folds).unwrap_or(0.0),
        accuracy_sd: standard_deviation(&accuracy_folds),
        accuracy_folds,
        auc_mean: mean(&areas),
        auc_folds,
        epochs: parts.iter().map(|part| part.epoch).collect(),
        temperatures: parts.iter().map(|part| part.temperature).collect(),
        assessment: Assessment { calibrated: None, ..assess(&together(&raw)) },
        calibrated_brier: calibrated.brier,
        calibrated_error: calibrated.calibration_error,
        shortcuts: shortcuts(parts),
        failed: parts.iter().map(|part| part.failed.len()).max().unwrap_or(0),
        n_left_out: 0,
    }
}

fn shortcuts(parts: &[HeldOut]) -> Option<ShortcutAudit> {
    let answers = parts.iter().map(|part| part.shortcuts.clone()).reduce(ShortcutAnswers::and);
    answers.as_ref().and_then(ShortcutAudit::of)
}

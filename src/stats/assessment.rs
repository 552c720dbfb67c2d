//! Everything that is reported of a classifier on one set of images, each number with its 95 % interval.
//!
//! Proportions have Wilson's interval and ROC areas Newcombe's; all others have the percentile interval of a smoothed
//! bootstrap that draws each class's images anew from that class.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::bootstrap::{Answers, Asked, Bootstrap, some_of};
use super::calibration::calibration_error;
use super::calibration::fit_temperature;
use super::class_assessment::{ClassAsked, ClassAssessment, OneClass};
use super::extremes::{First, with_extremes};
use super::interval::Estimate;
use super::predictions::{Outputs, Predictions};
use super::rounding::mean;

/// How good a classifier is, over all classes and for each class of type `C`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AssessmentOf<C: Ord> {
    /// Images it was measured on.
    pub n: u64,
    /// Share of images whose class has the greatest output (Keras' `categorical_accuracy`).
    pub accuracy: Option<Estimate>,
    /// Keras' `binary_accuracy`: share of single outputs on the right side of 0.5.
    pub binary_accuracy: Option<Estimate>,
    /// Mean over the classes of their Brier scores; for two classes, the usual one.
    pub brier: Option<Estimate>,
    /// Expected calibration error of the greatest output, ten bins.
    pub calibration_error: Option<Estimate>,
    /// Mean over the classes of their ROC areas; `None` when one of them has none.
    pub roc_auc_mean: Option<f64>,
    /// The same images once the logits are divided by one temperature.
    pub calibrated: Option<Calibrated>,
    /// By class, each against all others.
    pub classes: BTreeMap<C, ClassAssessment>,
}

/// What a temperature makes of the scores. On validation images it was fitted on the same ones, so its figures are
/// optimistic there.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Calibrated {
    /// Logits are divided by it.
    pub temperature: f64,
    /// As [`AssessmentOf::brier`].
    pub brier: Estimate,
    /// As [`AssessmentOf::calibration_error`].
    pub calibration_error: Estimate,
}

impl<C: Ord + Clone> AssessmentOf<C> {
    /// Measures answers over `classes`; the temperature is the one that suits them best. `draw(n)` gives a number below n,
    /// uniformly; with the same numbers the result is the same to the bit.
    pub fn of(predictions: &Predictions, classes: &[C], draw: &mut dyn FnMut(usize) -> usize) -> Self {
        let temperature = fit_temperature(predictions.activation, &predictions.logits, &predictions.labels);
        Self::at(predictions, classes, temperature, draw)
    }

    /// The same at a temperature that was fitted on other images.
    pub fn at(
        predictions: &Predictions,
        classes: &[C],
        temperature: f64,
        draw: &mut dyn FnMut(usize) -> usize,
    ) -> Self {
        let n_classes = classes.len();
        let drawn = &with_extremes(predictions, n_classes, First::Best);
        let (outputs, right) = (Outputs::new(drawn, n_classes, 1.0), drawn.right());
        let tempered = Outputs::new(drawn, n_classes, temperature);
        let classes_drawn: Vec<_> = (0..n_classes).map(|class| OneClass::new(drawn, class)).collect();
        let one_by_one: Vec<_> = (0..n_classes).map(|class| OneClass::new(predictions, class)).collect();
        let mut bootstrap = Bootstrap::default();
        let overall = OverallAsked::of(drawn, &outputs, &right, &mut bootstrap);
        let binary_accuracy = bootstrap.ask(|weights| some_of(weights, weighted_mean(&outputs.share_right, weights)));
        let calibrated = OverallAsked::of(drawn, &tempered, &right, &mut bootstrap);
        let by_class: Vec<_> = classes_drawn
            .iter()
            .zip(&outputs.by_class)
            .map(|(class, scores)| ClassAsked::of(class, scores, &mut bootstrap))
            .collect();
        let found = bootstrap.estimate(&predictions.labels, n_classes, draw);
        let confusion = predictions.confusion(n_classes);
        let assessed = one_by_one.iter().zip(by_class);
        let assessed = assessed.map(|(class, asked)| class.assessment(&asked, &confusion, &found));
        let classes: BTreeMap<_, _> = classes.iter().cloned().zip(assessed).collect();
        let areas: Option<Vec<f64>> = classes.values().map(|class| Some(class.roc_auc?.value)).collect();
        Self {
            n: predictions.labels.len() as u64,
            accuracy: Estimate::proportion((confusion.correct(), confusion.total())),
            binary_accuracy: found.of(binary_accuracy),
            brier: found.of(overall.brier),
            calibration_error: found.of(overall.calibration_error),
            roc_auc_mean: areas.and_then(|areas| mean(&areas)),
            calibrated: Calibrated::of(temperature, &calibrated, &found),
            classes,
        }
    }
}

impl Calibrated {
    fn of(temperature: f64, asked: &OverallAsked, found: &Answers) -> Option<Self> {
        let (brier, calibration_error) = (found.of(asked.brier)?, found.of(asked.calibration_error)?);
        Some(Self { temperature, brier, calibration_error })
    }
}

/// What is asked of all outputs of one temperature.
struct OverallAsked {
    brier: Asked,
    calibration_error: Asked,
}

impl OverallAsked {
    fn of<'a>(
        predictions: &'a Predictions,
        outputs: &'a Outputs,
        right: &'a [bool],
        bootstrap: &mut Bootstrap<'a>,
    ) -> Self {
        let error = move |weights: &[f64]| calibration_error(&outputs.greatest, right, weights);
        Self {
            brier: bootstrap.ask(move |weights| some_of(weights, outputs.brier(predictions, weights))),
            calibration_error: bootstrap.ask(move |weights| some_of(weights, error(weights))),
        }
    }
}

fn weighted_mean(values: &[f64], weights: &[f64]) -> f64 {
    let sum: f64 = values.iter().zip(weights).map(|(value, weight)| value * weight).sum();
    sum / weights.iter().sum::<f64>().max(f64::MIN_POSITIVE)
}

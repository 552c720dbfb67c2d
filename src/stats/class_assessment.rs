//! What is measured of one class against all others.

use serde::{Deserialize, Serialize};

use super::bootstrap::{Answers, Asked, Bootstrap, some_of};
use super::calibration::{brier, calibration_error};
use super::confusion::Confusion;
use super::interval::Estimate;
use super::predictions::Predictions;
use super::ranking::{average_precision, roc_auc, roc_auc_interval};
use super::rounding::significant;

/// One class against all others; `None` where there is nothing to measure on, and everywhere without an image of the class.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct ClassAssessment {
    /// Share of the class's images that were recognised.
    pub sensitivity: Option<Estimate>,
    /// Share of the other images that were not taken for the class.
    pub specificity: Option<Estimate>,
    /// Share of the images taken for the class that are of it.
    pub ppv: Option<Estimate>,
    /// Share of the images not taken for the class that are not of it.
    pub npv: Option<Estimate>,
    /// Harmonic mean of sensitivity and positive predictive value.
    pub f1: Option<Estimate>,
    /// Area under the ROC curve of the class's output.
    pub roc_auc: Option<Estimate>,
    /// Average precision of the class's output.
    pub pr_auc: Option<Estimate>,
    /// Brier score of the class's output.
    pub brier: Option<Estimate>,
    /// Expected calibration error of the class's output, ten bins.
    pub calibration_error: Option<Estimate>,
}

/// The images as one class sees them.
pub(super) struct OneClass {
    class: usize,
    is_of: Vec<bool>,
    taken: Vec<bool>,
    ranks: Vec<f64>,
}

/// What is asked of one class.
pub(super) struct ClassAsked {
    f1: Asked,
    pr_auc: Asked,
    brier: Asked,
    calibration_error: Asked,
}

impl ClassAsked {
    pub(super) fn of<'a>(class: &'a OneClass, scores: &'a [f64], bootstrap: &mut Bootstrap<'a>) -> Self {
        let OneClass { is_of, taken, ranks, .. } = class;
        Self {
            f1: bootstrap.ask(|weights| f1(is_of, taken, weights)),
            pr_auc: bootstrap.ask(|weights| average_precision(ranks, is_of, weights)),
            brier: bootstrap.ask(|weights| some_of(weights, brier(scores, is_of, weights))),
            calibration_error: bootstrap.ask(|weights| some_of(weights, calibration_error(scores, is_of, weights))),
        }
    }
}

impl OneClass {
    pub(super) fn new(predictions: &Predictions, class: usize) -> Self {
        let taken = predictions.predicted().iter().map(|predicted| *predicted == class).collect();
        Self { class, is_of: predictions.is_of(class), taken, ranks: predictions.ranks(class) }
    }

    pub(super) fn assessment(&self, asked: &ClassAsked, confusion: &Confusion, found: &Answers) -> ClassAssessment {
        let Self { class, is_of, ranks, .. } = self;
        let n = is_of.len() as u64;
        let n_of = is_of.iter().filter(|is_of| **is_of).count() as u64;
        // What is said of a class by the images of others alone would look like a measure of it.
        if n_of == 0 {
            return ClassAssessment::default();
        }
        let area = roc_auc(ranks, is_of, &vec![1.0; is_of.len()]);
        ClassAssessment {
            sensitivity: Estimate::proportion(confusion.sensitivity(*class)),
            specificity: Estimate::proportion(confusion.specificity(*class)),
            ppv: Estimate::proportion(confusion.positive_predictive(*class)),
            npv: Estimate::proportion(confusion.negative_predictive(*class)),
            f1: found.of(asked.f1),
            roc_auc: area
                .map(|area| Estimate { value: significant(area), interval: roc_auc_interval(area, n_of, n - n_of) }),
            pr_auc: found.of(asked.pr_auc),
            brier: found.of(asked.brier),
            calibration_error: found.of(asked.calibration_error),
        }
    }
}

/// `None` when the class has no image and none was taken for it.
fn f1(is_of: &[bool], taken: &[bool], weights: &[f64]) -> Option<f64> {
    let (mut hits, mut sides) = (0.0, 0.0);
    for ((is_of, taken), weight) in is_of.iter().zip(taken).zip(weights) {
        hits += if *is_of && *taken { 2.0 * weight } else { 0.0 };
        sides += weight * f64::from(u8::from(*is_of) + u8::from(*taken));
    }
    (sides > 0.0).then(|| hits / sides)
}

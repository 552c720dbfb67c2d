//! Everything that is told of a classifier on one set of images, each number with its 95 % interval.
//!
//! Proportions have Wilson's interval and ROC areas Newcombe's; all others have the percentile interval of a bootstrap
//! that draws each class's images anew from that class.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::bootstrap::Bootstrap;
use super::calibration::{brier, calibration_error};
use super::ranking::{average_precision, roc_auc, roc_auc_interval};
use super::{Confusion, Estimate, fit_temperature, tempered};
use crate::domain::{Activation, ClassName};

/// A classifier's answers on labelled images.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// What the outputs become.
    pub activation: Activation,
    /// Logits of each image, by class.
    pub logits: Vec<Vec<f64>>,
    /// The class of each image.
    pub labels: Vec<usize>,
}

/// How good a classifier is, over all classes and for each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Assessment {
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
    pub classes: BTreeMap<ClassName, ClassAssessment>,
}

/// What a temperature makes of the scores. On validation images it was fitted on the same ones, so its figures are a little
/// kind there.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Calibrated {
    /// Logits are divided by it.
    pub temperature: f64,
    /// As [`Assessment::brier`].
    pub brier: Estimate,
    /// As [`Assessment::calibration_error`].
    pub calibration_error: Estimate,
}

/// One class against all others; `None` where there is nothing to measure on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
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

impl Judged {
    /// The predicted class of each image: the greatest logit, the first of equals.
    pub fn predicted(&self) -> Vec<usize> {
        let greatest =
            |logits: &Vec<f64>| (1..logits.len()).fold(0, |best, at| if logits[at] > logits[best] { at } else { best });
        self.logits.iter().map(greatest).collect()
    }

    /// Indices of the images taken for another class, the surest first; `n` of them at most.
    pub fn worst_mistakes(&self, n: usize) -> Vec<usize> {
        let (scores, predicted) = (self.scores(1.0), self.predicted());
        let answers = predicted.iter().zip(&self.labels).enumerate();
        let mut wrong: Vec<usize> = answers.filter(|(_, (class, label))| class != label).map(|(at, _)| at).collect();
        wrong.sort_by(|a, b| scores[*b][predicted[*b]].total_cmp(&scores[*a][predicted[*a]]));
        wrong.truncate(n);
        wrong
    }

    /// Whether each image's prediction is right.
    pub fn right(&self) -> Vec<bool> {
        self.predicted().iter().zip(&self.labels).map(|(predicted, label)| predicted == label).collect()
    }

    /// Whether each image is of `class`.
    pub fn is_of(&self, class: usize) -> Vec<bool> {
        self.labels.iter().map(|label| *label == class).collect()
    }

    /// What ranks images by `class`: its output before it saturates.
    pub fn ranks(&self, class: usize) -> Vec<f64> {
        let rank = |logits: &Vec<f64>| match self.activation {
            Activation::Sigmoid => logits[class],
            Activation::Softmax => -self.activation.loss(logits, class),
        };
        self.logits.iter().map(rank).collect()
    }

    /// The outputs of each image at a temperature; 1 for the outputs themselves.
    pub fn scores(&self, temperature: f64) -> Vec<Vec<f64>> {
        self.logits.iter().map(|logits| self.activation.scores(&tempered(logits, temperature))).collect()
    }

    fn confusion(&self, n_classes: usize) -> Confusion {
        let mut confusion = Confusion::new(n_classes);
        self.predicted()
            .into_iter()
            .zip(&self.labels)
            .for_each(|(predicted, label)| confusion.count(*label, predicted));
        confusion
    }
}

/// The images' scores of one temperature, turned as the measures need them.
pub(super) struct Outputs {
    by_class: Vec<Vec<f64>>,
    greatest: Vec<f64>,
    share_right: Vec<f64>,
}

impl Outputs {
    pub(super) fn new(judged: &Judged, n_classes: usize, temperature: f64) -> Self {
        let scores = judged.scores(temperature);
        let share = |(scores, label): (&Vec<f64>, &usize)| {
            let right = scores.iter().enumerate().filter(|(class, score)| (**score > 0.5) == (class == label)).count();
            right as f64 / n_classes as f64
        };
        Self {
            by_class: (0..n_classes).map(|class| scores.iter().map(|scores| scores[class]).collect()).collect(),
            greatest: judged.predicted().iter().zip(&scores).map(|(class, scores)| scores[*class]).collect(),
            share_right: scores.iter().zip(&judged.labels).map(share).collect(),
        }
    }

    pub(super) fn brier(&self, judged: &Judged, weights: &[f64]) -> f64 {
        let of = |(class, scores): (usize, &Vec<f64>)| brier(scores, &judged.is_of(class), weights);
        self.by_class.iter().enumerate().map(of).sum::<f64>() / self.by_class.len().max(1) as f64
    }
}

impl Assessment {
    /// Measures answers over `classes`; the temperature is the one that suits them best. `draw(n)` gives a number below n,
    /// uniformly; with the same numbers the result is the same to the bit.
    pub fn of(judged: &Judged, classes: &[ClassName], draw: &mut dyn FnMut(usize) -> usize) -> Self {
        let temperature = fit_temperature(judged.activation, &judged.logits, &judged.labels);
        Self::at(judged, classes, temperature, draw)
    }

    /// The same at a temperature that was fitted on other images.
    pub fn at(judged: &Judged, classes: &[ClassName], temperature: f64, draw: &mut dyn FnMut(usize) -> usize) -> Self {
        let n = judged.labels.len();
        let outputs = Outputs::new(judged, classes.len(), 1.0);
        let bootstrap = Bootstrap::new(&judged.labels, classes.len(), draw);
        let confusion = judged.confusion(classes.len());
        let right = judged.right();
        let some = |value: f64| (n > 0).then_some(value);
        let by_class = classes.iter().enumerate().map(|(class, name)| {
            (name.clone(), ClassAssessment::of(judged, class, &outputs.by_class[class], &confusion, &bootstrap))
        });
        let classes: BTreeMap<_, _> = by_class.collect();
        let areas: Option<Vec<f64>> = classes.values().map(|class| Some(class.roc_auc?.value)).collect();
        Self {
            n: n as u64,
            accuracy: Estimate::proportion((confusion.correct(), confusion.total())),
            binary_accuracy: bootstrap.estimate(n, |weights| some(weighted_mean(&outputs.share_right, weights))),
            brier: bootstrap.estimate(n, |weights| some(outputs.brier(judged, weights))),
            calibration_error: bootstrap
                .estimate(n, |weights| some(calibration_error(&outputs.greatest, &right, weights))),
            roc_auc_mean: areas.map(|areas| areas.iter().sum::<f64>() / areas.len().max(1) as f64),
            calibrated: Calibrated::of(judged, temperature, classes.len(), &bootstrap),
            classes,
        }
    }
}

impl Calibrated {
    fn of(judged: &Judged, temperature: f64, n_classes: usize, bootstrap: &Bootstrap) -> Option<Self> {
        let n = judged.labels.len();
        let outputs = Outputs::new(judged, n_classes, temperature);
        let right = judged.right();
        let some = |value: f64| (n > 0).then_some(value);
        Some(Self {
            temperature,
            brier: bootstrap.estimate(n, |weights| some(outputs.brier(judged, weights)))?,
            calibration_error: bootstrap
                .estimate(n, |weights| some(calibration_error(&outputs.greatest, &right, weights)))?,
        })
    }
}

impl ClassAssessment {
    fn of(judged: &Judged, class: usize, scores: &[f64], confusion: &Confusion, bootstrap: &Bootstrap) -> Self {
        let n = judged.labels.len();
        let is_of = judged.is_of(class);
        let taken: Vec<bool> = judged.predicted().iter().map(|predicted| *predicted == class).collect();
        let ranks = judged.ranks(class);
        let ones = vec![1.0; n];
        let n_of = is_of.iter().filter(|is_of| **is_of).count() as u64;
        let area = roc_auc(&ranks, &is_of, &ones);
        let some = |value: f64| (n > 0).then_some(value);
        Self {
            sensitivity: Estimate::proportion(confusion.sensitivity(class)),
            specificity: Estimate::proportion(confusion.specificity(class)),
            ppv: Estimate::proportion(confusion.positive_predictive(class)),
            npv: Estimate::proportion(confusion.negative_predictive(class)),
            f1: bootstrap.estimate(n, |weights| f1(&is_of, &taken, weights)),
            roc_auc: area.map(|area| Estimate { value: area, interval: roc_auc_interval(area, n_of, n as u64 - n_of) }),
            pr_auc: bootstrap.estimate(n, |weights| average_precision(&ranks, &is_of, weights)),
            brier: bootstrap.estimate(n, |weights| some(brier(scores, &is_of, weights))),
            calibration_error: bootstrap.estimate(n, |weights| some(calibration_error(scores, &is_of, weights))),
        }
    }
}

fn weighted_mean(values: &[f64], weights: &[f64]) -> f64 {
    let sum: f64 = values.iter().zip(weights).map(|(value, weight)| value * weight).sum();
    sum / weights.iter().sum::<f64>().max(f64::MIN_POSITIVE)
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

//! Two classifiers on the same images: what each measures, and the first's number less the second's with its interval.
//!
//! A difference of accuracies has the interval of Newcombe (1998) for paired proportions, the others the percentile
//! interval of a smoothed bootstrap whose resamples hold the same images for both.

use serde::{Deserialize, Serialize};

use super::bootstrap::Bootstrap;
use super::extremes::{First, with_extremes};
use super::interval::{Estimate, Interval, wilson_interval};
use super::paired::Paired;
use super::predictions::Outputs;
use super::predictions::Predictions;
use super::ranking::roc_auc;
use super::rounding::{mean, significant};

/// Two classifiers side by side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PairedComparison {
    /// Images that both answered.
    pub n: u64,
    /// The first classifier's.
    pub first: Measures,
    /// The second one's.
    pub second: Measures,
    /// The first's less the second's.
    pub difference: Differences,
    /// Images that only one of them got right.
    pub paired: Paired,
}

/// What one classifier measures.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Measures {
    /// Share of images whose class has the greatest output.
    pub accuracy: f64,
    /// As `AssessmentOf::roc_auc_mean`.
    pub roc_auc_mean: Option<f64>,
    /// As `AssessmentOf::brier`; less is better.
    pub brier: f64,
}

/// Differences, -1 to 1, with their 95 % intervals.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Differences {
    /// Of the accuracies.
    pub accuracy: Estimate,
    /// Of the mean ROC areas; `None` where a class has none.
    pub roc_auc_mean: Option<Estimate>,
    /// Of the Brier scores; below 0 the first one's is better.
    pub brier: Option<Estimate>,
}

impl PairedComparison {
    /// Of two classifiers' answers on the same images in the same order, over `n_classes` classes; `None` of nothing.
    /// `draw(n)` gives a number below n, uniformly.
    pub fn of(
        first: &Predictions,
        second: &Predictions,
        n_classes: usize,
        draw: &mut dyn FnMut(usize) -> usize,
    ) -> Option<Self> {
        let n = first.labels.len();
        if n == 0 || first.labels != second.labels {
            return None;
        }
        let sides = [Side::new(first, n_classes), Side::new(second, n_classes)];
        // Behind the images, of each class one that only the first gets right, and one that only the second does.
        let extended = [with_extremes(first, n_classes, First::Best), with_extremes(second, n_classes, First::Worst)];
        let drawn = [Side::new(&extended[0], n_classes), Side::new(&extended[1], n_classes)];
        let [one, other] = &drawn;
        let mut bootstrap = Bootstrap::default();
        let area = bootstrap.ask(|weights| Some(one.roc_auc_mean(weights)? - other.roc_auc_mean(weights)?));
        let brier = bootstrap.ask(|weights| Some(one.brier(weights) - other.brier(weights)));
        let found = bootstrap.estimate(&first.labels, n_classes, draw);
        let [measures_of_first, measures_of_second] = [&sides[0], &sides[1]].map(Side::measures);
        Some(Self {
            n: n as u64,
            difference: Differences {
                accuracy: paired_difference(&first.right(), &second.right()),
                roc_auc_mean: found.of(area),
                brier: found.of(brier),
            },
            first: measures_of_first,
            second: measures_of_second,
            paired: Paired::of(&first.right(), &second.right()),
        })
    }
}

/// One classifier's answers, turned as the measures need them.
struct Side<'a> {
    predictions: &'a Predictions,
    outputs: Outputs,
    /// By class: what ranks the images, and which are of it.
    ranked: Vec<(Vec<f64>, Vec<bool>)>,
}

impl<'a> Side<'a> {
    fn new(predictions: &'a Predictions, n_classes: usize) -> Self {
        let ranked = (0..n_classes).map(|class| (predictions.ranks(class), predictions.is_of(class))).collect();
        Self { predictions, outputs: Outputs::new(predictions, n_classes, 1.0), ranked }
    }

    fn roc_auc_mean(&self, weights: &[f64]) -> Option<f64> {
        let areas = self.ranked.iter().map(|(ranks, is_of)| roc_auc(ranks, is_of, weights));
        let areas: Vec<f64> = areas.collect::<Option<_>>()?;
        mean(&areas)
    }

    fn brier(&self, weights: &[f64]) -> f64 {
        self.outputs.brier(self.predictions, weights)
    }

    fn measures(&self) -> Measures {
        let n = self.predictions.labels.len();
        let ones = vec![1.0; n];
        let n_right = self.predictions.right().iter().filter(|right| **right).count();
        Measures {
            accuracy: n_right as f64 / n.max(1) as f64,
            roc_auc_mean: self.roc_auc_mean(&ones),
            brier: significant(self.brier(&ones)),
        }
    }
}

/// The share of images that `first` has right less that of `second`, image by image, with Newcombe's interval of 1998
/// (Statistics in Medicine 17, 2635-2650, method 10): the two Wilson intervals, joined with the correlation of the two.
/// It stays within -1 to 1, and does not collapse when both are right on the same images.
fn paired_difference(first: &[bool], second: &[bool]) -> Estimate {
    let count = |kind: (bool, bool)| first.iter().zip(second).filter(|(a, b)| (**a, **b) == kind).count() as f64;
    let (both, only_first) = (count((true, true)), count((true, false)));
    let (only_second, neither) = (count((false, true)), count((false, false)));
    let n = (both + only_first + only_second + neither).max(1.0);
    let phi = phi(both, only_first, only_second, neither);
    let side = |hits: f64| {
        let Interval { low, high } = wilson_interval(hits as u64, n as u64);
        (hits / n - low, high - hits / n)
    };
    let ((below_first, above_first), (below_second, above_second)) =
        (side(both + only_first), side(both + only_second));
    let joined = |a: f64, b: f64| (a * a - 2.0 * phi * a * b + b * b).max(0.0).sqrt();
    let value = (only_first - only_second) / n;
    let low = (value - joined(below_first, above_second)).max(-1.0);
    let high = (value + joined(above_first, below_second)).min(1.0);
    let interval = Interval { low: significant(low), high: significant(high) };
    Estimate { value: significant(value), interval }
}

/// The correlation of two binary marks; one above 0 with Newcombe's correction for continuity, 0 where it has no value.
fn phi(both: f64, only_first: f64, only_second: f64, neither: f64) -> f64 {
    let excess = both * neither - only_first * only_second;
    let half = (both + only_first + only_second + neither) / 2.0;
    let excess = if excess > 0.0 { (excess - half).max(0.0) } else { excess };
    let margins = [both + only_first, only_second + neither, both + only_second, only_first + neither];
    let product: f64 = margins.iter().product();
    if product > 0.0 { excess / product.sqrt() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Activation;

    /// Both, only the first, only the second, neither.
    fn answers([both, only_first, only_second, neither]: [usize; 4]) -> (Vec<bool>, Vec<bool>) {
        let kinds =
            [(true, true, both), (true, false, only_first), (false, true, only_second), (false, false, neither)];
        kinds.iter().flat_map(|(first, second, n)| vec![(*first, *second); *n]).unzip()
    }

    fn check(counts: [usize; 4], expected: [f64; 3]) {
        let (first, second) = answers(counts);
        let Estimate { value, interval: Interval { low, high } } = paired_difference(&first, &second);
        for (found, expected) in [value, low, high].into_iter().zip(expected) {
            assert!((found - expected).abs() < 5e-4, "{counts:?}: {value} {low} {high}");
        }
    }

    #[test]
    fn the_interval_of_a_paired_difference_has_its_published_values() {
        check([36, 12, 2, 0], [0.2, 0.0569, 0.3404]); // Newcombe 1998
        check([1, 1, 7, 12], [-0.286, -0.507, -0.026]); // Fagerland, Lydersen and Laake 2014: airway responsiveness
        check([14, 5, 0, 22], [0.122, 0.0115, 0.2265]); // Altman and others 2000, table 6.2
        // Nothing is certain when both are always right: Wilson's interval of 50 out of 50 is left.
        check([50, 0, 0, 0], [0.0, -0.0713, 0.0713]);
        check([0, 3, 0, 0], [1.0, 1.0 - 0.7942, 1.0]);
    }

    fn predictions(logits: Vec<Vec<f64>>, labels: &[usize]) -> Predictions {
        Predictions { activation: Activation::Sigmoid, logits, labels: labels.to_vec() }
    }

    fn draws() -> impl FnMut(usize) -> usize {
        let mut state = 1_u64;
        move |n| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % n
        }
    }

    /// 40 images of two classes; every `period`-th answer is wrong, and all are this sure.
    fn wrong_every(period: usize, sure: f64) -> Predictions {
        let labels: Vec<usize> = (0..40).map(|at| at % 2).collect();
        let logits = labels.iter().enumerate().map(|(at, label)| {
            let towards = if (at % period == 0) == (*label == 0) { 1.0 } else { 0.0 };
            vec![sure * (1.0 - 2.0 * towards), sure * (2.0 * towards - 1.0)]
        });
        predictions(logits.collect(), &labels)
    }

    #[test]
    fn a_better_classifier_differs_and_the_same_one_does_not() {
        let (good, poor) = (wrong_every(20, 2.0), wrong_every(3, 2.0));
        let found = PairedComparison::of(&good, &poor, 2, &mut draws()).unwrap();
        assert_eq!((found.n, found.paired.only_first, found.paired.only_second), (40, 13, 1));
        assert!(
            (found.first.accuracy - 38.0 / 40.0).abs() < 1e-12 && (found.second.accuracy - 26.0 / 40.0).abs() < 1e-12
        );
        let Differences { accuracy, roc_auc_mean, brier } = found.difference;
        assert!((accuracy.value - 12.0 / 40.0).abs() < 1e-12 && accuracy.interval.low > 0.0, "{accuracy:?}");
        let area = roc_auc_mean.unwrap();
        assert!((area.value - (found.first.roc_auc_mean.unwrap() - found.second.roc_auc_mean.unwrap())).abs() < 1e-12);
        assert!(area.interval.low > 0.0 && brier.unwrap().interval.high < 0.0, "{area:?} {brier:?}");

        let same = PairedComparison::of(&good, &good, 2, &mut draws()).unwrap();
        let Interval { low, high } = same.difference.accuracy.interval;
        assert!(low < 0.0 && high > 0.0 && (low + high).abs() < 1e-12, "{low} {high}");
        assert!(same.difference.brier.unwrap().value.abs() < 1e-12);
        assert!((same.paired.p_value - 1.0).abs() < 1e-12);
    }

    #[test]
    fn nothing_or_other_images_cannot_be_set_side_by_side() {
        let good = wrong_every(20, 2.0);
        let others = predictions(good.logits.clone(), &good.labels.iter().map(|label| 1 - label).collect::<Vec<_>>());
        assert!(PairedComparison::of(&good, &others, 2, &mut draws()).is_none());
        let nothing = predictions(Vec::new(), &[]);
        assert!(PairedComparison::of(&nothing, &nothing, 2, &mut draws()).is_none());
    }
}

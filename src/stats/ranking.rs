//! How well a score ranks one class's images above the others: the ROC curve and the precision over recall.

use super::interval::{Interval, Z};
use super::rounding::significant;

/// One corner of a ROC curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RocPoint {
    /// Share of the other images above the threshold.
    pub false_positive_rate: f64,
    /// Share of the class's images above it.
    pub true_positive_rate: f64,
}

/// Weights summed over images with one score, greatest score first: (positive, negative).
fn steps(scores: &[f64], positive: &[bool], weights: &[f64]) -> Vec<(f64, f64)> {
    // -0 and 0 are one score.
    let scores: Vec<f64> = scores.iter().map(|score| score + 0.0).collect();
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
    let mut steps: Vec<(f64, f64)> = Vec::new();
    let mut last = f64::NAN;
    for at in order {
        if steps.is_empty() || scores[at].total_cmp(&last).is_ne() {
            steps.push((0.0, 0.0));
            last = scores[at];
        }
        if let Some(step) = steps.last_mut() {
            *(if positive[at] { &mut step.0 } else { &mut step.1 }) += weights[at];
        }
    }
    steps
}

/// From (0, 0) to (1, 1), a corner a distinct score; empty when one kind of image is missing.
pub fn roc_curve(scores: &[f64], positive: &[bool]) -> Vec<RocPoint> {
    let steps = steps(scores, positive, &vec![1.0; scores.len()]);
    let totals = steps.iter().fold((0.0, 0.0), |sum, step| (sum.0 + step.0, sum.1 + step.1));
    if totals.0 <= 0.0 || totals.1 <= 0.0 {
        return Vec::new();
    }
    let mut sum = (0.0, 0.0);
    let corners = steps.iter().map(|step| {
        sum = (sum.0 + step.0, sum.1 + step.1);
        RocPoint { false_positive_rate: sum.1 / totals.1, true_positive_rate: sum.0 / totals.0 }
    });
    let origin = RocPoint { false_positive_rate: 0.0, true_positive_rate: 0.0 };
    std::iter::once(origin).chain(corners).collect()
}

/// The area under the ROC curve: how often one of the class's images scores above another image, ties half (Mann and
/// Whitney 1947). `None` when one kind of image is missing.
pub(super) fn roc_auc(scores: &[f64], positive: &[bool], weights: &[f64]) -> Option<f64> {
    let (mut above, mut area, mut below) = (0.0, 0.0, 0.0);
    for (hits, alarms) in steps(scores, positive, weights) {
        area += alarms * (above + hits / 2.0);
        above += hits;
        below += alarms;
    }
    (above > 0.0 && below > 0.0).then(|| area / (above * below))
}

/// The area under precision over recall as scikit-learn's `average_precision_score`: the mean precision at each step of
/// recall, nothing interpolated. `None` when the class has no image.
pub(super) fn average_precision(scores: &[f64], positive: &[bool], weights: &[f64]) -> Option<f64> {
    let (mut hits, mut taken, mut area) = (0.0, 0.0, 0.0);
    for (new_hits, alarms) in steps(scores, positive, weights) {
        hits += new_hits;
        taken += new_hits + alarms;
        if taken > 0.0 {
            area += new_hits * hits / taken;
        }
    }
    (hits > 0.0).then(|| area / hits)
}

/// The 95 % interval of an area under the ROC curve over `n_positive` and `n_negative` images: the score interval of
/// Newcombe (2006, method 5), which does not collapse at an area of 1.
pub(super) fn roc_auc_interval(auc: f64, n_positive: u64, n_negative: u64) -> Interval {
    let (m, n) = (n_positive as f64, n_negative as f64);
    let more = f64::midpoint(m, n) - 1.0;
    let deviation = |area: f64| {
        let spread = 1.0 + more * ((1.0 - area) / (2.0 - area) + area / (1.0 + area));
        (area * (1.0 - area) * spread / (m * n)).sqrt()
    };
    let end = |towards: f64| {
        let (mut inside, mut outside) = (auc, towards);
        for _ in 0..60 {
            let middle = f64::midpoint(inside, outside);
            let covered = (middle - auc).abs() <= Z * deviation(middle);
            *(if covered { &mut inside } else { &mut outside }) = middle;
        }
        f64::midpoint(inside, outside)
    };
    Interval { low: significant(end(0.0)), high: significant(end(1.0)) }
}

//! Whether scores mean what they say: Brier's score, the expected calibration error, and one temperature for all.

use super::activation::Activation;

/// Bins of equal width that a calibration error is taken over.
const N_BINS: usize = 10;

/// Images whose scores lie close together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CalibrationBin {
    /// Sum of their weights; images, when every weight is 1.
    pub n: f64,
    /// Their mean score.
    pub mean_score: f64,
    /// The share of them that are right.
    pub share_right: f64,
}

/// Ten bins of equal width over 0 to 1, without those that nothing falls into.
pub fn calibration_bins(scores: &[f64], right: &[bool], weights: &[f64]) -> Vec<CalibrationBin> {
    let mut sums = [(0.0, 0.0, 0.0); N_BINS];
    for ((score, right), weight) in scores.iter().zip(right).zip(weights) {
        let bin = &mut sums[((score * N_BINS as f64) as usize).min(N_BINS - 1)];
        bin.0 += weight;
        bin.1 += weight * score;
        bin.2 += weight * f64::from(u8::from(*right));
    }
    let filled = sums.into_iter().filter(|(n, ..)| *n > 0.0);
    filled.map(|(n, score, right)| CalibrationBin { n, mean_score: score / n, share_right: right / n }).collect()
}

/// The expected calibration error (Naeini 2015; Guo 2017): the mean distance of score and share, weighted by bin.
pub(super) fn calibration_error(scores: &[f64], right: &[bool], weights: &[f64]) -> f64 {
    let bins = calibration_bins(scores, right, weights);
    let total: f64 = bins.iter().map(|bin| bin.n).sum();
    bins.iter().map(|bin| bin.n * (bin.mean_score - bin.share_right).abs()).sum::<f64>() / total.max(f64::MIN_POSITIVE)
}

/// The mean squared distance of a class's score from what is so (Brier 1950).
pub(super) fn brier(scores: &[f64], right: &[bool], weights: &[f64]) -> f64 {
    let total: f64 = weights.iter().sum();
    let term = |((score, right), weight): ((&f64, &bool), &f64)| weight * (score - f64::from(u8::from(*right))).powi(2);
    scores.iter().zip(right).zip(weights).map(term).sum::<f64>() / total.max(f64::MIN_POSITIVE)
}

/// The logits at another temperature.
pub fn tempered(logits: &[f64], temperature: f64) -> Vec<f64> {
    logits.iter().map(|logit| logit / temperature).collect()
}

/// The temperature (Guo 2017) at which the mean loss over these images is least, between 1/20 and 20. Each label counts
/// as wrong by 1 in n + 2 (after Platt 1999): without that, perfectly separated images would give a temperature of 0.
pub fn fit_temperature(activation: Activation, logits: &[Vec<f64>], labels: &[usize]) -> f64 {
    let doubt = 1.0 / (labels.len() as f64 + 2.0);
    let loss = |log_temperature: f64| {
        let of_image = |(logits, label): (&Vec<f64>, &usize)| {
            let logits = tempered(logits, log_temperature.exp());
            let others = (0..logits.len()).filter(|class| class != label).map(|class| activation.loss(&logits, class));
            let n_others = (logits.len() - 1).max(1) as f64;
            (1.0 - doubt) * activation.loss(&logits, *label) + doubt * others.sum::<f64>() / n_others
        };
        logits.iter().zip(labels).map(of_image).sum::<f64>()
    };
    // The loss is convex in 1/T, so it has one valley over log T.
    let golden = (5.0_f64.sqrt() - 1.0) / 2.0;
    let (mut low, mut high) = (-(20.0_f64.ln()), 20.0_f64.ln());
    for _ in 0..80 {
        let (left, right) = (high - golden * (high - low), low + golden * (high - low));
        if loss(left) < loss(right) { high = right } else { low = left }
    }
    f64::midpoint(low, high).exp()
}

//! What a head's outputs become: one independent sigmoid a class, or one softmax over all of them.

use serde::{Deserialize, Serialize};

/// The function on top of a head, and with it the loss that Keras pairs it with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Activation {
    /// Each class is answered for on its own; binary cross-entropy over one-hot labels. The outputs need not add up to 1.
    Sigmoid,
    /// The classes exclude each other; categorical cross-entropy. The outputs add up to 1.
    Softmax,
}

impl Activation {
    /// The outputs, 0 to 1, from the logits.
    pub fn scores(self, logits: &[f64]) -> Vec<f64> {
        match self {
            Self::Sigmoid => logits.iter().map(|logit| sigmoid(*logit)).collect(),
            Self::Softmax => {
                let total = log_sum_exp(logits);
                logits.iter().map(|logit| (logit - total).exp()).collect()
            }
        }
    }

    /// The loss of one image against its class: the mean over outputs of Keras' `binary_crossentropy`, or its
    /// `categorical_crossentropy`. From logits, so that it is stable for any of them.
    pub fn loss(self, logits: &[f64], label: usize) -> f64 {
        match self {
            Self::Sigmoid => binary_cross_entropy(logits, label),
            Self::Softmax => log_sum_exp(logits) - logits[label],
        }
    }

    /// The gradient of [`Self::loss`] by each logit.
    pub fn gradients(self, logits: &[f64], label: usize) -> Vec<f64> {
        let n_terms = match self {
            Self::Sigmoid => logits.len() as f64,
            Self::Softmax => 1.0,
        };
        let target = |class: usize| f64::from(u8::from(class == label));
        self.scores(logits).iter().enumerate().map(|(class, score)| (score - target(class)) / n_terms).collect()
    }

    /// Outputs that are above one half. Where one sigmoid is, its logit is above 0, which does not saturate.
    pub fn n_above_half(self, logits: &[f64]) -> usize {
        match self {
            Self::Sigmoid => logits.iter().filter(|logit| **logit > 0.0).count(),
            Self::Softmax => self.scores(logits).iter().filter(|score| **score > 0.5).count(),
        }
    }
}

/// The logistic function, exact at both ends.
fn sigmoid(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
}

fn log_sum_exp(logits: &[f64]) -> f64 {
    let greatest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    greatest + logits.iter().map(|logit| (logit - greatest).exp()).sum::<f64>().ln()
}

fn binary_cross_entropy(logits: &[f64], label: usize) -> f64 {
    let term = |(class, z): (usize, &f64)| {
        let hit = if class == label { *z } else { 0.0 };
        z.max(0.0) - hit + (-z.abs()).exp().ln_1p()
    };
    logits.iter().enumerate().map(term).sum::<f64>() / logits.len() as f64
}

#[cfg(test)]
mod tests {
    use super::Activation::{Sigmoid, Softmax};

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9
    }

    #[test]
    fn scores_are_exact_at_both_ends() {
        assert_eq!(Sigmoid.scores(&[0.0, 1000.0, -1000.0]), [0.5, 1.0, 0.0]);
        assert_eq!(Softmax.scores(&[1000.0, -1000.0]), [1.0, 0.0]);
        let scores = Softmax.scores(&[1.0, 2.0, 3.0]);
        assert!(close(scores.iter().sum(), 1.0) && close(scores[2], 0.665_240_955_774_821_9), "{scores:?}");
    }

    #[test]
    fn losses_are_those_of_keras_and_never_overflow() {
        assert!(close(Sigmoid.loss(&[0.0, 0.0], 0), 2.0_f64.ln()));
        let logit = |p: f64| (p / (1.0 - p)).ln();
        let expected = (-(0.8_f64.ln()) - (1.0_f64 - 0.3).ln()) / 2.0;
        assert!(close(Sigmoid.loss(&[logit(0.8), logit(0.3)], 0), expected));
        assert!(close(Softmax.loss(&[1.0, 2.0, 3.0], 0), 2.407_605_964_444_38));
        for activation in [Sigmoid, Softmax] {
            let losses = [[-1000.0, 1000.0], [1000.0, -1000.0]].map(|logits| activation.loss(&logits, 0));
            assert!(losses[0] >= 1000.0 && losses[0] <= 2000.0 && close(losses[1], 0.0), "{losses:?}");
        }
    }

    #[test]
    fn gradients_are_those_of_the_loss() {
        let logits = [0.3, -1.2, 2.0];
        for activation in [Sigmoid, Softmax] {
            for (class, gradient) in activation.gradients(&logits, 1).into_iter().enumerate() {
                let moved = |by: f64| {
                    let mut logits = logits;
                    logits[class] += by;
                    activation.loss(&logits, 1)
                };
                assert!((gradient - (moved(1e-5) - moved(-1e-5)) / 2e-5).abs() < 1e-8, "{activation:?} {class}");
            }
        }
    }

    #[test]
    fn a_softmax_has_at_most_one_output_above_half() {
        assert_eq!([Sigmoid, Softmax].map(|activation| activation.n_above_half(&[1.0, 2.0])), [2, 1]);
        assert_eq!(Softmax.n_above_half(&[1.0, 1.0, 1.0]), 0);
    }
}

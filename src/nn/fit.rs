//! Fitting the layer: binary cross-entropy on logits, one-hot labels, Adam exactly as Keras has it.
//!
//! Plain Rust: a batch of 32 is a few million products, and the sums do not depend on the number of threads.
//! Features are standardised by channel while they are learned from, and the standardisation is folded into the
//! weights of the [`Head`] that comes out, so that it is a plain Dense layer over pool5.

use rayon::prelude::*;

use super::architecture::{N_CHANNELS, N_FEATURES, POOL_SIDE};
use super::head::{dot, sigmoid};
use super::random::Generator;
use super::{Head, NnError};
use crate::domain::ClassName;

const POOL: usize = POOL_SIDE * POOL_SIDE;
/// Weights a thread updates at a time.
const BLOCK: usize = N_FEATURES / 8;
/// Standardised features are divided by this as well. 25,088 inputs of deviation 1 would let one step of Adam move a
/// logit by 25 at the usual rate of 0.001, and leave the random first weights with more say than the data.
const SPREAD: f32 = 16.0;

/// What a channel of pool5 is shifted by and divided by.
#[derive(Debug, Clone, PartialEq)]
pub struct ChannelScale {
    mean: Vec<f32>,
    factor: Vec<f32>,
}

/// Gathers each channel's mean and deviation over rows of features, one pass.
#[derive(Debug, Clone)]
pub struct ChannelStatistics {
    n_rows: u64,
    sums: Vec<f64>,
    squares: Vec<f64>,
}

impl Default for ChannelStatistics {
    fn default() -> Self {
        Self { n_rows: 0, sums: vec![0.0; N_CHANNELS], squares: vec![0.0; N_CHANNELS] }
    }
}

impl ChannelStatistics {
    /// Takes in one row of 25088 features.
    pub fn add(&mut self, row: &[f32]) {
        self.n_rows += 1;
        for (channel, values) in row.chunks_exact(POOL).enumerate() {
            self.sums[channel] += values.iter().map(|value| f64::from(*value)).sum::<f64>();
            self.squares[channel] += values.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>();
        }
    }

    /// The scale of what was taken in. A channel that hardly varies is not blown up: deviations count as at least a
    /// twentieth of their root mean square, and a channel that never varies is left out of the layer.
    pub fn scale(&self) -> ChannelScale {
        let n = (self.n_rows.max(1) * POOL as u64) as f64;
        let means: Vec<f64> = self.sums.iter().map(|sum| sum / n).collect();
        let variances: Vec<f64> =
            self.squares.iter().zip(&means).map(|(square, mean)| (square / n - mean * mean).max(0.0)).collect();
        let floor = 0.05 * (variances.iter().sum::<f64>() / N_CHANNELS as f64).sqrt();
        let factor = |variance: &f64| match variance.sqrt() {
            0.0 => 0.0,
            deviation => (1.0 / (deviation.max(floor) * f64::from(SPREAD))) as f32,
        };
        ChannelScale {
            mean: means.iter().map(|mean| *mean as f32).collect(),
            factor: variances.iter().map(factor).collect(),
        }
    }
}

impl ChannelScale {
    fn apply(&self, row: &mut [f32]) {
        for ((values, mean), factor) in row.chunks_exact_mut(POOL).zip(&self.mean).zip(&self.factor) {
            for value in values {
                *value = (*value - mean) * factor;
            }
        }
    }
}

/// How a batch went, before its step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BatchLoss {
    /// Mean binary cross-entropy over outputs and images.
    pub loss: f64,
    /// Images whose greatest logit is their class's (the first of equals counts).
    pub correct: usize,
}

/// A layer that is being fitted.
#[derive(Debug, Clone)]
pub struct HeadFit {
    classes: Vec<ClassName>,
    scale: ChannelScale,
    weight: Adam,
    bias: Adam,
    learning_rate: f64,
    n_steps: i32,
}

impl HeadFit {
    /// Weights uniform within Glorot's limit, biases zero.
    pub fn new(classes: Vec<ClassName>, scale: ChannelScale, learning_rate: f64, seed: u64) -> Self {
        let n = classes.len();
        let limit = (6.0 / (N_FEATURES + n) as f32).sqrt();
        let mut generator = Generator::new(seed, "head");
        let weight = (0..n * N_FEATURES).map(|_| generator.between(-limit, limit)).collect();
        Self { classes, scale, weight: Adam::new(weight), bias: Adam::new(vec![0.0; n]), learning_rate, n_steps: 0 }
    }

    /// One step on a batch: `rows` holds the features of its images one after the other (25088 each, overwritten by
    /// their standardised values), `labels` their classes' indices.
    pub fn step(&mut self, rows: &mut [f32], labels: &[usize]) -> BatchLoss {
        let n_classes = self.classes.len();
        let scale = &self.scale;
        rows.par_chunks_exact_mut(N_FEATURES).for_each(|row| scale.apply(row));
        let rows = &*rows;
        let logits: Vec<Vec<f64>> = rows.par_chunks_exact(N_FEATURES).map(|row| self.logits(row)).collect();
        let n_terms = (labels.len() * n_classes) as f64;
        let slope = |(logits, label): (&Vec<f64>, &usize)| {
            let target = |class: usize| f64::from(u8::from(class == *label));
            (0..n_classes).map(|class| ((sigmoid(logits[class]) - target(class)) / n_terms) as f32).collect()
        };
        let slopes: Vec<Vec<f32>> = logits.iter().zip(labels).map(slope).collect();
        self.descend(rows, &slopes);
        let pairs = || logits.iter().zip(labels);
        BatchLoss {
            loss: pairs().map(|(logits, label)| binary_cross_entropy(logits, *label)).sum::<f64>()
                / labels.len().max(1) as f64,
            correct: pairs().filter(|(logits, label)| Head::predicted(logits) == **label).count(),
        }
    }

    /// The layer as it stands, with the standardisation folded in.
    ///
    /// # Errors
    /// [`NnError::BadHead`] when the fit has diverged to numbers that are not finite.
    pub fn head(&self) -> Result<Head, NnError> {
        let mut weight = self.weight.values.clone();
        let mut bias = self.bias.values.clone();
        for (weights, bias) in weight.chunks_exact_mut(N_FEATURES).zip(&mut bias) {
            let mut shift = 0.0_f64;
            for ((weights, mean), factor) in
                weights.chunks_exact_mut(POOL).zip(&self.scale.mean).zip(&self.scale.factor)
            {
                for weight in weights.iter_mut() {
                    *weight *= factor;
                }
                shift += weights.iter().map(|weight| f64::from(*weight) * f64::from(*mean)).sum::<f64>();
            }
            *bias = (f64::from(*bias) - shift) as f32;
        }
        Head::new(self.classes.clone(), weight, bias)
    }

    /// Of one standardised row.
    fn logits(&self, row: &[f32]) -> Vec<f64> {
        let weights = self.weight.values.chunks_exact(N_FEATURES);
        weights.zip(&self.bias.values).map(|(weights, bias)| dot(weights, row) + f64::from(*bias)).collect()
    }

    fn descend(&mut self, rows: &[f32], slopes: &[Vec<f32>]) {
        self.n_steps += 1;
        let rate = keras_rate(self.learning_rate, self.n_steps);
        self.weight.update(rate, BLOCK, |block, gradient| {
            let (class, first) = (block * BLOCK / N_FEATURES, block * BLOCK % N_FEATURES);
            for (row, slopes) in rows.chunks_exact(N_FEATURES).zip(slopes) {
                let inputs = &row[first..first + gradient.len()];
                gradient.iter_mut().zip(inputs).for_each(|(sum, input)| *sum += slopes[class] * input);
            }
        });
        self.bias.update(rate, 1, |class, gradient| gradient[0] = slopes.iter().map(|slopes| slopes[class]).sum());
    }
}

/// Mean binary cross-entropy of one image's logits against the one-hot `label`; stable for any logit.
pub fn binary_cross_entropy(logits: &[f64], label: usize) -> f64 {
    let term = |(class, z): (usize, &f64)| {
        let hit = if class == label { *z } else { 0.0 };
        z.max(0.0) - hit + (-z.abs()).exp().ln_1p()
    };
    logits.iter().enumerate().map(term).sum::<f64>() / logits.len() as f64
}

const BETA_1: f64 = 0.9;
const BETA_2: f64 = 0.999;
/// Keras' epsilon, which stands beside the square root of the uncorrected second moment ("epsilon hat").
const EPSILON: f32 = 1e-7;

/// The learning rate of step `step` (from 1) with both bias corrections.
fn keras_rate(learning_rate: f64, step: i32) -> f32 {
    (learning_rate * (1.0 - BETA_2.powi(step)).sqrt() / (1.0 - BETA_1.powi(step))) as f32
}

/// Parameters with Adam's two moments (Kingma & Ba 2015).
#[derive(Debug, Clone)]
struct Adam {
    values: Vec<f32>,
    first: Vec<f32>,
    second: Vec<f32>,
}

impl Adam {
    fn new(values: Vec<f32>) -> Self {
        let n = values.len();
        Self { values, first: vec![0.0; n], second: vec![0.0; n] }
    }

    /// Moves all parameters; `gradient` fills a zeroed buffer with the gradient of block number so-and-so.
    fn update(&mut self, rate: f32, block: usize, gradient: impl Fn(usize, &mut [f32]) + Sync) {
        let blocks = self.values.par_chunks_mut(block).zip(self.first.par_chunks_mut(block));
        let blocks = blocks.zip(self.second.par_chunks_mut(block)).enumerate();
        blocks.for_each(|(number, ((values, first), second))| {
            let mut slope = vec![0.0; values.len()];
            gradient(number, &mut slope);
            for (((value, m), v), g) in values.iter_mut().zip(first).zip(second).zip(slope) {
                *m += (g - *m) * (1.0 - BETA_1 as f32);
                *v += (g * g - *v) * (1.0 - BETA_2 as f32);
                *value -= rate * *m / (v.sqrt() + EPSILON);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(n: usize) -> Vec<ClassName> {
        (0..n).map(|class| ClassName::new(format!("class {class}")).unwrap()).collect()
    }

    /// Rows whose first channels tell the class; the values are positive and skewed, as after `ReLU`.
    fn rows(n: usize, n_classes: usize) -> (Vec<f32>, Vec<usize>) {
        let mut generator = Generator::new(1, "rows");
        let labels: Vec<usize> = (0..n).map(|row| row % n_classes).collect();
        let row = |label: &usize| {
            let value = |at: usize| {
                let lift = if at / POOL == *label { 1.0 } else { 0.0 };
                (generator.bell() + lift).max(0.0) * (1.0 + (at / POOL % 7) as f32)
            };
            (0..N_FEATURES).map(value).collect::<Vec<_>>()
        };
        let rows = labels.iter().flat_map(row).collect();
        (rows, labels)
    }

    fn scale_of(rows: &[f32]) -> ChannelScale {
        let mut statistics = ChannelStatistics::default();
        rows.chunks_exact(N_FEATURES).for_each(|row| statistics.add(row));
        statistics.scale()
    }

    #[test]
    fn standardised_channels_have_mean_zero_and_the_stated_spread() {
        let (mut rows, _) = rows(16, 2);
        rows.chunks_exact_mut(N_FEATURES).for_each(|row| row[5 * POOL..6 * POOL].fill(3.0));
        let scale = scale_of(&rows);
        rows.chunks_exact_mut(N_FEATURES).for_each(|row| scale.apply(row));
        let channel = |k: usize| rows.chunks_exact(N_FEATURES).flat_map(move |row| &row[k * POOL..(k + 1) * POOL]);
        let n = (16 * POOL) as f32;
        assert!(channel(5).all(|value| *value == 0.0), "a channel that never varies is left out");
        for k in [0, 1, 300, 511] {
            let mean = channel(k).sum::<f32>() / n;
            let deviation = (channel(k).map(|value| value * value).sum::<f32>() / n).sqrt();
            assert!(mean.abs() < 1e-4 && (deviation * SPREAD - 1.0).abs() < 1e-3, "{k}: {mean} {deviation}");
        }
    }

    #[test]
    fn learns_any_number_of_classes_and_folds_the_scale_into_the_head() {
        for n_classes in [2, 3, 5] {
            let (raw, labels) = rows(30, n_classes);
            let mut fit = HeadFit::new(classes(n_classes), scale_of(&raw), 1e-3, 1);
            let losses: Vec<BatchLoss> = (0..15).map(|_| fit.step(&mut raw.clone(), &labels)).collect();
            assert!(losses[14].loss < 0.5 * losses[0].loss && losses[14].correct == 30, "{losses:?}");
            let head = fit.head().unwrap();
            for row in raw.chunks_exact(N_FEATURES).take(3) {
                let mut standardised = row.to_vec();
                fit.scale.apply(&mut standardised);
                let pairs = head.logits(row).into_iter().zip(fit.logits(&standardised));
                pairs.for_each(|(folded, learned)| assert!((folded - learned).abs() < 1e-3, "{folded} {learned}"));
            }
        }
    }

    #[test]
    fn the_number_of_threads_changes_no_bit() {
        let (raw, labels) = rows(9, 2);
        let fitted = |n_threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
            let mut fit = HeadFit::new(classes(2), scale_of(&raw), 1e-3, 1);
            pool.install(|| (0..3).map(|_| fit.step(&mut raw.clone(), &labels)).count());
            fit.head().unwrap()
        };
        assert_eq!(fitted(1), fitted(5));
    }

    #[test]
    fn adam_moves_as_keras_does() {
        // Keras 3, Adam(0.001) on one weight from 0 with gradients 1, 0.5, -2: its published update rule in f64.
        let gradients = [1.0_f64, 0.5, -2.0];
        let (mut value, mut m, mut v) = (0.0, 0.0, 0.0);
        let mut adam = Adam::new(vec![0.0]);
        for (step, g) in (1..).zip(gradients) {
            m += (g - m) * 0.1;
            v += (g * g - v) * 0.001;
            let rate = 0.001 * (1.0 - 0.999_f64.powi(step)).sqrt() / (1.0 - 0.9_f64.powi(step));
            value -= rate * m / (v.sqrt() + 1e-7);
            adam.update(keras_rate(1e-3, step), 1, |_, slope| slope[0] = g as f32);
            assert!((f64::from(adam.values[0]) - value).abs() < 5e-8, "step {step}: {} {value}", adam.values[0]);
        }
        let mut first = Adam::new(vec![0.0]);
        first.update(keras_rate(1e-3, 1), 1, |_, slope| slope[0] = 1e-6);
        // Epsilon beside the uncorrected root: 1e-3 * 3.16228e-8 / (3.16228e-8 + 1e-7), not 1e-3 * 1e-6 / (1e-6 + 1e-7).
        assert!((f64::from(first.values[0]) + 2.4025e-4).abs() < 1e-7, "{}", first.values[0]);
    }

    #[test]
    fn cross_entropy_is_the_mean_over_outputs_and_never_overflows() {
        let two_ln_2_halves = binary_cross_entropy(&[0.0, 0.0], 0);
        assert!((two_ln_2_halves - 2.0_f64.ln()).abs() < 1e-12);
        let expected = (-(0.8_f64.ln()) - (1.0_f64 - 0.3).ln()) / 2.0;
        let logit = |p: f64| (p / (1.0 - p)).ln();
        assert!((binary_cross_entropy(&[logit(0.8), logit(0.3)], 0) - expected).abs() < 1e-12);
        let extremes = [[-1000.0, 1000.0], [1000.0, -1000.0]].map(|logits| binary_cross_entropy(&logits, 0));
        assert!((extremes[0] - 1000.0).abs() < 1e-12 && extremes[1].abs() < 1e-12);
    }
}

//! Adam exactly as Keras has it, its moments open to be saved.

use rayon::prelude::*;

const BETA_1: f64 = 0.9;
const BETA_2: f64 = 0.999;
/// Keras' epsilon, which stands beside the square root of the uncorrected second moment ("epsilon hat").
const EPSILON: f32 = 1e-7;

/// The learning rate of step `step` (from 1) with both bias corrections.
pub(super) fn keras_rate(learning_rate: f64, step: i32) -> f32 {
    (learning_rate * (1.0 - BETA_2.powi(step)).sqrt() / (1.0 - BETA_1.powi(step))) as f32
}

/// Parameters with Adam's two moments (Kingma & Ba 2015).
#[derive(Debug, Clone, PartialEq)]
pub struct Adam {
    /// The parameters themselves.
    pub values: Vec<f32>,
    /// The running mean of their slopes.
    pub first: Vec<f32>,
    /// The running mean of the slopes' squares.
    pub second: Vec<f32>,
}

impl Adam {
    /// At rest.
    pub(super) fn new(values: Vec<f32>) -> Self {
        let n = values.len();
        Self { values, first: vec![0.0; n], second: vec![0.0; n] }
    }

    /// Moves all parameters; `gradient` fills a zeroed buffer with the gradient of block number so-and-so.
    pub(super) fn update(&mut self, rate: f32, block: usize, gradient: impl Fn(usize, &mut [f32]) + Sync) {
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

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
    pub parameters: Vec<f32>,
    /// The running mean of their gradients.
    pub first_moment: Vec<f32>,
    /// The running mean of the gradients' squares.
    pub second_moment: Vec<f32>,
}

impl Adam {
    /// With no step done.
    pub(super) fn new(parameters: Vec<f32>) -> Self {
        let n = parameters.len();
        Self { parameters, first_moment: vec![0.0; n], second_moment: vec![0.0; n] }
    }

    /// Moves all parameters, `block` of them on a thread at a time; `gradients` fills a zeroed buffer with those of the
    /// block of this number.
    pub(super) fn update(&mut self, rate: f32, block: usize, gradients: impl Fn(usize, &mut [f32]) + Sync) {
        let Self { parameters, first_moment, second_moment } = self;
        let blocks = parameters.par_chunks_mut(block).zip(first_moment.par_chunks_mut(block));
        let blocks = blocks.zip(second_moment.par_chunks_mut(block)).enumerate();
        blocks.for_each(|(number, ((parameters, first_moment), second_moment))| {
            let mut buffer = vec![0.0; parameters.len()];
            gradients(number, &mut buffer);
            for (((parameter, m), v), g) in parameters.iter_mut().zip(first_moment).zip(second_moment).zip(buffer) {
                *m += (g - *m) * (1.0 - BETA_1 as f32);
                *v += (g * g - *v) * (1.0 - BETA_2 as f32);
                *parameter -= rate * *m / (v.sqrt() + EPSILON);
            }
        });
    }
}

//! Fitting the head: cross-entropy on logits, one-hot labels, Adam exactly as Keras has it.
//!
//! Plain Rust: a batch of 32 is a few million products, and the sums do not depend on the number of threads.
//! Features are standardised by channel while they are learned from, and the standardisation is folded into the
//! weights of the [`Head`] that comes out, so that it is a plain Dense layer over pool5.

mod adam;
mod scale;

pub use adam::Adam;
pub use scale::{ChannelScale, FeatureStatistics};

use rayon::prelude::*;

use super::classifier::Head;
use super::error::HeadError;
use super::linear::dot;
use crate::domain::ClassName;
use crate::domain::vgg16::N_FEATURES;
use crate::stats::{Activation, Generator};
use adam::keras_rate;
use scale::POOL;

/// Weights a thread updates at a time.
const BLOCK: usize = N_FEATURES / 8;

/// How a batch went, before its step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BatchLoss {
    /// Mean loss over the images, weighted by class.
    pub loss: f64,
    /// Images whose greatest logit is their class's (the first of equals counts).
    pub correct: usize,
}

/// How a head is to be fitted.
#[derive(Debug, Clone, PartialEq)]
pub struct FitSettings {
    /// What its outputs become, and so the loss.
    pub activation: Activation,
    /// What an image of each class counts in the loss; 1 for all is Keras without `class_weight`.
    pub class_weights: Vec<f64>,
    /// Adam's.
    pub learning_rate: f64,
    /// Of the first weights.
    pub seed: u64,
}

/// A head that is being fitted.
#[derive(Debug, Clone, PartialEq)]
pub struct HeadFit {
    classes: Vec<ClassName>,
    scale: ChannelScale,
    settings: FitSettings,
    state: FitState,
}

/// All that changes while a head is fitted: with it a fit goes on exactly where it stopped.
#[derive(Debug, Clone, PartialEq)]
pub struct FitState {
    /// Batches so far.
    pub n_steps: i32,
    /// `[classes, 25088]`.
    pub weight: Adam,
    /// One a class.
    pub bias: Adam,
}

impl HeadFit {
    /// Weights uniform within Glorot's limit, biases zero. `settings` has a weight for each of `classes`.
    pub fn new(classes: Vec<ClassName>, scale: ChannelScale, settings: FitSettings) -> Self {
        let n = classes.len();
        let limit = (6.0 / (N_FEATURES + n) as f32).sqrt();
        let mut generator = Generator::new(settings.seed, "head");
        let weight = (0..n * N_FEATURES).map(|_| generator.between(-limit, limit)).collect();
        let state = FitState { n_steps: 0, weight: Adam::new(weight), bias: Adam::new(vec![0.0; n]) };
        Self { classes, scale, settings, state }
    }

    /// The same fit before its first step, with the first weights of another seed.
    #[must_use]
    pub fn untrained(&self, seed: u64) -> Self {
        let settings = FitSettings { seed, ..self.settings.clone() };
        Self::new(self.classes.clone(), self.scale.clone(), settings)
    }

    /// How far the fit is.
    pub fn state(&self) -> &FitState {
        &self.state
    }

    /// The same fit as far as `state`; `None` when that is of another shape.
    pub fn resumed(self, state: FitState) -> Option<Self> {
        let n = self.classes.len();
        let fits = |adam: &Adam, n: usize| {
            [&adam.parameters, &adam.first_moment, &adam.second_moment].iter().all(|part| part.len() == n)
        };
        (fits(&state.weight, n * N_FEATURES) && fits(&state.bias, n)).then_some(Self { state, ..self })
    }

    /// One step on a batch: `rows` holds the features of its images one after the other (25088 each, overwritten by
    /// their standardised values), `labels` their classes' indices.
    pub fn step(&mut self, rows: &mut [f32], labels: &[usize]) -> BatchLoss {
        let scale = &self.scale;
        rows.par_chunks_exact_mut(N_FEATURES).for_each(|row| scale.apply(row));
        let rows = &*rows;
        let logits: Vec<Vec<f64>> = rows.par_chunks_exact(N_FEATURES).map(|row| self.logits(row)).collect();
        let went = self.loss(&logits, labels);
        let gradients = self.gradients(&logits, labels);
        self.descend(rows, &gradients);
        went
    }

    /// As Keras has it: each image by its class's weight, but divided by the number of images.
    fn loss(&self, logits: &[Vec<f64>], labels: &[usize]) -> BatchLoss {
        let FitSettings { activation, class_weights, .. } = &self.settings;
        let pairs = || logits.iter().zip(labels);
        let loss_of = |(logits, label): (&Vec<f64>, &usize)| class_weights[*label] * activation.loss(logits, *label);
        BatchLoss {
            loss: pairs().map(loss_of).sum::<f64>() / labels.len().max(1) as f64,
            correct: pairs().filter(|(logits, label)| Head::predicted(logits) == **label).count(),
        }
    }

    /// Of the loss by each logit, one row an image.
    fn gradients(&self, logits: &[Vec<f64>], labels: &[usize]) -> Vec<Vec<f32>> {
        let FitSettings { activation, class_weights, .. } = &self.settings;
        let n_images = labels.len().max(1) as f64;
        let of_image = |(logits, label): (&Vec<f64>, &usize)| {
            let share = class_weights[*label] / n_images;
            activation.gradients(logits, *label).into_iter().map(|gradient| (share * gradient) as f32).collect()
        };
        logits.iter().zip(labels).map(of_image).collect()
    }

    /// The head as it stands, with the standardisation folded in.
    ///
    /// # Errors
    /// [`HeadError::Unusable`] when the fit has diverged to numbers that are not finite.
    pub fn head(&self) -> Result<Head, HeadError> {
        let mut weight = self.state.weight.parameters.clone();
        let mut bias = self.state.bias.parameters.clone();
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
        Head::new(self.classes.clone(), self.settings.activation, weight, bias)
    }

    /// Of one standardised row.
    fn logits(&self, row: &[f32]) -> Vec<f64> {
        let weights = self.state.weight.parameters.chunks_exact(N_FEATURES);
        weights.zip(&self.state.bias.parameters).map(|(weights, bias)| dot(weights, row) + f64::from(*bias)).collect()
    }

    /// `gradients` holds, by image, that of the loss by each logit.
    fn descend(&mut self, rows: &[f32], gradients: &[Vec<f32>]) {
        let FitState { n_steps, weight, bias } = &mut self.state;
        *n_steps += 1;
        let rate = keras_rate(self.settings.learning_rate, *n_steps);
        weight.update(rate, BLOCK, |block, sums| {
            let (class, first) = (block * BLOCK / N_FEATURES, block * BLOCK % N_FEATURES);
            for (row, gradients) in rows.chunks_exact(N_FEATURES).zip(gradients) {
                let inputs = &row[first..first + sums.len()];
                sums.iter_mut().zip(inputs).for_each(|(sum, input)| *sum += gradients[class] * input);
            }
        });
        bias.update(rate, 1, |class, sum| sum[0] = gradients.iter().map(|gradients| gradients[class]).sum());
    }
}

#[cfg(test)]
mod tests;

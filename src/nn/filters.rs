//! What the weights of all layers are filtered with, in one piece of memory: four times as large as the weights.

use std::ops::Range;
use std::sync::Arc;

use winograd::{Convolution, Shape};

use super::error::NnError;
use super::large_memory::LargeMemory;
use crate::weights::ConvWeights;

/// The biases of all layers, then their factors.
pub(super) struct Filters(Arc<LargeMemory>);

/// Where the numbers of one layer lie.
struct LayerPlace {
    bias: Range<usize>,
    factors: Range<usize>,
}

/// The factors of one layer.
struct Factors {
    all: Arc<LargeMemory>,
    own: Range<usize>,
}

impl AsRef<[f32]> for Factors {
    fn as_ref(&self) -> &[f32] {
        &self.all.numbers()[self.own.clone()]
    }
}

impl Filters {
    /// Makes them, on the threads of the pool it is called in.
    ///
    /// # Errors
    /// [`NnError::NoMemory`].
    pub(super) fn of(shapes: &[Shape], weights: &[ConvWeights]) -> Result<Self, NnError> {
        let mut memory = LargeMemory::zeros(size(shapes))?;
        let numbers = memory.numbers_mut();
        for ((shape, layer), weights) in shapes.iter().zip(layers(shapes)).zip(weights) {
            numbers[layer.bias].copy_from_slice(&weights.bias);
            shape.filter(&weights.weight, &mut numbers[layer.factors]);
        }
        Ok(Self(Arc::new(memory)))
    }

    /// Of numbers that were made before, as many as [`size`] says.
    pub(super) fn made(memory: LargeMemory) -> Self {
        Self(Arc::new(memory))
    }

    /// The layers that run by them.
    pub(super) fn convolutions(&self, shapes: &[Shape]) -> Vec<Convolution> {
        let convolution = |(shape, layer): (&Shape, LayerPlace)| {
            let factors = Factors { all: Arc::clone(&self.0), own: layer.factors };
            Convolution::with_factors(*shape, Arc::new(factors), &self.0.numbers()[layer.bias])
        };
        shapes.iter().zip(layers(shapes)).map(convolution).collect()
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.0.bytes()
    }
}

/// Numbers of all layers together.
pub(super) fn size(shapes: &[Shape]) -> usize {
    shapes.iter().map(|shape| shape.outputs + shape.n_factors()).sum()
}

fn layers(shapes: &[Shape]) -> Vec<LayerPlace> {
    let mut end = 0;
    let mut take = |n: usize| {
        end += n;
        end - n..end
    };
    let biases: Vec<_> = shapes.iter().map(|shape| take(shape.outputs)).collect();
    let factors = shapes.iter().map(|shape| take(shape.n_factors()));
    biases.into_iter().zip(factors).map(|(bias, factors)| LayerPlace { bias, factors }).collect()
}

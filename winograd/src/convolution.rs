//! A layer: by minimal filtering, or, from a picture's few channels, by the definition.

use std::fmt;
use std::sync::Arc;

use crate::direct::{self, Direct};
use crate::filtered::{Buffers, Filtered};
use crate::instructions::Instructions;
use crate::kernels;
use crate::map::{BLOCK, Map};
use crate::points::LANES;

/// A 3x3 convolution with padding 1 over square planes, and `ReLU`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Channels that come in.
    pub inputs: usize,
    /// Channels that go out.
    pub outputs: usize,
    /// Rows and columns that come in.
    pub side: usize,
    /// Whether the greatest of each 2x2 is kept. The last row and column of an odd side are in none.
    pub pooled: bool,
}

impl Shape {
    /// Rows and columns that go out.
    pub fn output_side(&self) -> usize {
        if self.pooled { self.side / 2 } else { self.side }
    }

    /// Numbers that its weights become.
    pub fn n_factors(&self) -> usize {
        if self.is_direct() {
            direct::n_factors(self.inputs, self.outputs)
        } else {
            kernels::n_factors(self.inputs, self.outputs)
        }
    }

    /// What the weights, `[outputs, inputs, 3, 3]`, become, in the order of [`LAYOUT`]; `factors` are zeros before.
    ///
    /// # Panics
    /// When there are more or fewer of either.
    pub fn filter(&self, weight: &[f32], factors: &mut [f32]) {
        let Self { inputs, outputs, .. } = *self;
        assert_eq!((weight.len(), factors.len()), (outputs * inputs * 9, self.n_factors()), "weights of another shape");
        if self.is_direct() {
            direct::arrange(weight, inputs, factors);
        } else {
            kernels::transform(weight, inputs, factors);
        }
    }

    fn is_direct(&self) -> bool {
        self.inputs < LANES
    }
}

/// Changes whenever the same weights have other factors, or in another order: for those who keep them.
pub const LAYOUT: u32 = 1;

/// A layer's factors, wherever they lie.
pub type SharedFactors = Arc<dyn AsRef<[f32]> + Send + Sync>;

/// A layer that is ready to run.
#[derive(Clone)]
pub struct Convolution {
    shape: Shape,
    method: Method,
}

impl fmt::Debug for Convolution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Convolution").field("shape", &self.shape).finish_non_exhaustive()
    }
}

#[derive(Clone)]
enum Method {
    Direct(Direct),
    Filtered(Filtered),
}

impl Convolution {
    /// `weight` is `[outputs, inputs, 3, 3]`, `bias` one number an output.
    ///
    /// # Panics
    /// When they are not.
    pub fn new(shape: Shape, weight: &[f32], bias: &[f32]) -> Self {
        let mut factors = vec![0.0; shape.n_factors()];
        shape.filter(weight, &mut factors);
        Self::with_factors(shape, Arc::new(factors), bias)
    }

    /// Of what [`Shape::filter`] made of the weights.
    ///
    /// # Panics
    /// When there are more or fewer factors or biases.
    pub fn with_factors(shape: Shape, factors: SharedFactors, bias: &[f32]) -> Self {
        let n_factors = (*factors).as_ref().len();
        assert_eq!((n_factors, bias.len()), (shape.n_factors(), shape.outputs), "factors of another shape");
        let mut bias = bias.to_vec();
        bias.resize(shape.outputs.next_multiple_of(BLOCK), 0.0);
        let method = if shape.is_direct() {
            Method::Direct(Direct::new(shape, factors, bias))
        } else {
            Method::Filtered(Filtered::new(shape, factors, bias))
        };
        Self { shape, method }
    }

    /// What it takes and gives.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// Where its output goes.
    pub fn output(&self) -> Map {
        Map::of_layer(self.shape.output_side(), self.shape.outputs)
    }

    /// Each input to its output, on the threads of the pool it is called in. Together they cost less than one by one where
    /// a picture has few tiles; the numbers are the same. `buffers` may be used again, by any layer.
    ///
    /// # Panics
    /// When an input or output is of another shape, or not each has its own.
    pub fn run(&self, instructions: Instructions, inputs: &[Map], outputs: &mut [Map], buffers: &mut Buffers) {
        let Shape { inputs: n_inputs, outputs: n_outputs, side, .. } = self.shape;
        assert_eq!(inputs.len(), outputs.len(), "not an output for each input");
        let of_shape = |map: &Map, side, channels| (map.side, map.channels) == (side, channels);
        assert!(inputs.iter().all(|map| of_shape(map, side, n_inputs)), "an input of another shape");
        let output_side = self.shape.output_side();
        assert!(outputs.iter().all(|map| of_shape(map, output_side, n_outputs)), "an output of another shape");
        match &self.method {
            Method::Direct(direct) => direct.run(instructions, inputs, outputs),
            Method::Filtered(filtered) => filtered.run(instructions, inputs, outputs, buffers),
        }
    }
}

#[cfg(test)]
mod tests;

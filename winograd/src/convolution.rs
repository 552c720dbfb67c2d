//! A layer: by minimal filtering, or, from a picture's few channels, by the definition.

use crate::direct::Direct;
use crate::filtered::{Buffers, Filtered};
use crate::instructions::Instructions;
use crate::map::Map;
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
}

/// A layer that is ready to run.
#[derive(Debug, Clone)]
pub struct Convolution {
    shape: Shape,
    method: Method,
}

#[derive(Debug, Clone)]
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
        let Shape { inputs, outputs, .. } = shape;
        assert_eq!((weight.len(), bias.len()), (outputs * inputs * 9, outputs), "weights of another shape");
        let method = if inputs < LANES {
            Method::Direct(Direct::new(shape, weight, bias))
        } else {
            Method::Filtered(Filtered::new(shape, weight, bias))
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

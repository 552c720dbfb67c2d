//! A layer: its weights' factors, and how its tiles are shared out among threads.

use rayon::prelude::*;

use crate::instructions::Instructions;
use crate::map::{BLOCK, Map, pitch};
use crate::points::{FREQUENCIES, TILE, of_kernel};
use crate::products::{Factors, PANEL};
use crate::spectrum::{Finish, Group, size};

/// Tiles in a group: its products of 64 outputs, half a megabyte, stay in a core's cache.
const GROUP: usize = 56;
/// Factors that are made before they are used, in numbers: 4 MiB stay in the cache that the cores share.
const BAND: usize = 1 << 20;

/// A 3x3 convolution with padding 1 over square planes, and `ReLU`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Channels that come in.
    pub inputs: usize,
    /// Channels that go out.
    pub outputs: usize,
    /// Rows and columns that come in; a multiple of 2 where the layer pools.
    pub side: usize,
    /// Whether the greatest of each 2x2 is kept.
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
    /// `[output blocks][36][panels][inputs][32]`
    weights: Vec<f32>,
    /// Zeros fill the last block.
    bias: Vec<f32>,
}

impl Convolution {
    /// `weight` is `[outputs, inputs, 3, 3]`, `bias` one number an output.
    ///
    /// # Panics
    /// When they are not.
    pub fn new(shape: Shape, weight: &[f32], bias: &[f32]) -> Self {
        let Shape { inputs, outputs, .. } = shape;
        assert_eq!((weight.len(), bias.len()), (outputs * inputs * 9, outputs), "weights of another shape");
        let n_outputs = outputs.next_multiple_of(BLOCK);
        let n_panels = BLOCK / PANEL;
        let mut weights = vec![0.0; FREQUENCIES * n_outputs * inputs];
        let blocks = weights.par_chunks_mut(FREQUENCIES * BLOCK * inputs).zip(weight.par_chunks(BLOCK * inputs * 9));
        blocks.for_each(|(block, kernels)| {
            for (n, kernel) in kernels.chunks_exact(9).enumerate() {
                let (output, input) = (n / inputs, n % inputs);
                for (frequency, factor) in of_kernel(kernel).into_iter().enumerate() {
                    let panel = frequency * n_panels + output / PANEL;
                    block[(panel * inputs + input) * PANEL + output % PANEL] = factor;
                }
            }
        });
        let mut bias = bias.to_vec();
        bias.resize(n_outputs, 0.0);
        Self { shape, weights, bias }
    }

    /// What it takes and gives.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// Where its output goes.
    pub fn output(&self) -> Map {
        Map::of_layer(self.shape.output_side(), self.shape.outputs)
    }

    /// On the threads of the pool it is called in. `factors` is room that may be used again.
    ///
    /// # Panics
    /// When `input` or `output` is of another shape.
    pub fn run(&self, instructions: Instructions, input: &Map, output: &mut Map, factors: &mut Vec<f32>) {
        let Shape { inputs, side, .. } = self.shape;
        assert_eq!((input.side, input.channels), (side, inputs), "an input of another shape");
        assert_eq!(
            (output.side, output.channels),
            (self.shape.output_side(), self.shape.outputs),
            "an output of another shape"
        );
        let width = input.width;
        let groups = self.groups();
        let n_factors = groups.first().map_or(0, |group| size(*group, width)) * inputs.div_ceil(width);
        factors.resize(factors.len().max(n_factors.max(BAND)), 0.0);
        for band in groups.chunks((BAND / n_factors).max(1)) {
            self.spread(instructions, input, band, factors.chunks_mut(n_factors));
            self.fill(instructions, (band, width), factors.chunks(n_factors), output);
        }
    }

    /// As few whole rows of tiles as make a group.
    fn groups(&self) -> Vec<Group> {
        let side = self.shape.side;
        let n = side.div_ceil(TILE);
        let n_rows = (GROUP / n).clamp(1, n);
        let group = |first_row| Group { side, first_row, n_rows: n_rows.min(n - first_row) };
        (0..n).step_by(n_rows).map(group).collect()
    }

    fn spread<'a>(
        &self,
        instructions: Instructions,
        input: &Map,
        band: &[Group],
        factors: impl Iterator<Item = &'a mut [f32]>,
    ) {
        let width = input.width;
        let blocks = || input.values.chunks_exact(pitch(input.side).pow(2) * width);
        let tasks: Vec<_> = band
            .iter()
            .zip(factors)
            .flat_map(|(group, factors)| {
                factors
                    .chunks_exact_mut(size(*group, width))
                    .zip(blocks())
                    .map(move |(factors, block)| (*group, factors, block))
            })
            .collect();
        tasks.into_par_iter().for_each(|(group, factors, block)| instructions.spread(block, width, group, factors));
    }

    fn fill<'a>(
        &self,
        instructions: Instructions,
        (band, width): (&[Group], usize),
        factors: impl Iterator<Item = &'a [f32]> + Clone,
        output: &mut Map,
    ) {
        let Shape { inputs, pooled, .. } = self.shape;
        let (pitch, step) = (pitch(output.side), if pooled { TILE / 2 } else { TILE });
        let blocks = output.values.chunks_exact_mut(pitch.pow(2) * BLOCK).zip(self.bias.chunks_exact(BLOCK));
        let weights = self.weights.chunks_exact(FREQUENCIES * BLOCK * inputs);
        let mut tasks = Vec::new();
        for ((block, bias), weights) in blocks.zip(weights) {
            let mut rest = block;
            let mut row = 0;
            for (group, factors) in band.iter().zip(factors.clone()) {
                // The map's first row is border.
                let begin = 1 + group.first_row * step;
                let (_, from) = rest.split_at_mut((begin - row) * pitch * BLOCK);
                let (rows, below) = from.split_at_mut(group.n_rows * step * pitch * BLOCK);
                (rest, row) = (below, begin + group.n_rows * step);
                let factors = &factors[..size(*group, width) * inputs.div_ceil(width)];
                let factors = Factors { values: factors, n_tiles: group.n_tiles(), width, inputs };
                tasks.push((*group, factors, weights, Finish { bias, pooled }, rows));
            }
        }
        tasks.into_par_iter().for_each_init(Vec::new, |products, (group, factors, weights, finish, rows)| {
            products.resize(size(group, BLOCK), 0.0);
            instructions.multiply(factors, weights, products);
            instructions.gather(products, finish, group, rows);
        });
    }
}

#[cfg(test)]
mod tests;

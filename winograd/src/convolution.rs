//! A layer: its weights' factors, and how its tiles are shared out among threads.

use rayon::prelude::*;

use crate::instructions::Instructions;
use crate::map::{BLOCK, Map, pitch};
use crate::points::{FREQUENCIES, KernelTransform, LANES, TILE};
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
        let transform = KernelTransform::new();
        let mut weights = vec![0.0; FREQUENCIES * n_outputs * inputs];
        let blocks = weights.par_chunks_mut(FREQUENCIES * BLOCK * inputs).zip(weight.par_chunks(BLOCK * inputs * 9));
        blocks.for_each(|(block, kernels)| transform_block(&transform, kernels, inputs, block));
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
        let Shape { inputs, outputs, side, .. } = self.shape;
        assert_eq!((input.side, input.channels), (side, inputs), "an input of another shape");
        assert_eq!((output.side, output.channels), (self.shape.output_side(), outputs), "an output of another shape");
        let groups = self.groups();
        // A single row and column, pooled, gives nothing.
        let Some(first) = groups.first() else { return };
        let n_blocks = inputs.div_ceil(input.width);
        let n_factors = size(*first, input.width) * n_blocks;
        factors.resize(factors.len().max(n_factors).max(BAND), 0.0);
        for groups in groups.chunks((BAND / n_factors).max(1)) {
            let band = Band { groups, width: input.width, n_blocks, n_factors };
            band.spread(instructions, input, factors);
            self.fill(instructions, &band, factors, output);
        }
    }

    /// As few whole rows of tiles as make a group; only rows that reach the output.
    fn groups(&self) -> Vec<Group> {
        let side = self.shape.side;
        let n = self.shape.output_side().div_ceil(self.step());
        let n_rows = (GROUP / side.div_ceil(TILE)).max(1);
        let group = |first_row| Group { side, first_row, n_rows: n_rows.min(n - first_row) };
        (0..n).step_by(n_rows).map(group).collect()
    }

    /// Rows and columns of the output that a tile makes.
    fn step(&self) -> usize {
        if self.shape.pooled { TILE / 2 } else { TILE }
    }

    /// The rows of `output` that belong to the band: a task for each of its groups and each block of channels.
    fn fill(&self, instructions: Instructions, band: &Band, factors: &[f32], output: &mut Map) {
        let Shape { inputs, pooled, .. } = self.shape;
        let (step, row_size) = (self.step(), pitch(output.side) * BLOCK);
        let blocks = output.values.chunks_exact_mut(pitch(output.side) * row_size).zip(self.bias.chunks_exact(BLOCK));
        let mut tasks = Vec::new();
        for ((block, bias), weights) in blocks.zip(self.weights.chunks_exact(FREQUENCIES * BLOCK * inputs)) {
            // The map's first row is border.
            let first = 1 + band.groups.first().map_or(0, |group| group.first_row * step);
            let mut rest = &mut block[first * row_size..];
            for (group, factors) in band.groups.iter().zip(factors.chunks_exact(band.n_factors)) {
                let (rows, below) = rest.split_at_mut(group.n_rows * step * row_size);
                rest = below;
                tasks.push((*group, band.factors_of(*group, factors, inputs), weights, Finish { bias, pooled }, rows));
            }
        }
        tasks.into_par_iter().for_each_init(Vec::new, |products, (group, factors, weights, finish, rows)| {
            products.resize(size(group, BLOCK), 0.0);
            instructions.multiply(factors, weights, products);
            instructions.gather(products, finish, group, rows);
        });
    }
}

/// `kernels` is `[up to 64 outputs, inputs, 9]`, `block` becomes `[36][panels][inputs][32]`.
///
/// As many outputs at once as lie side by side there: a line of the cache is written whole, and once.
fn transform_block(transform: &KernelTransform, kernels: &[f32], inputs: usize, block: &mut [f32]) {
    for (n, kernels) in kernels.chunks(LANES * inputs * 9).enumerate() {
        let (panel, lane) = (n * LANES / PANEL, n * LANES % PANEL);
        for input in 0..inputs {
            let taps = taps(kernels, inputs, input);
            for frequency in 0..FREQUENCIES {
                let row = (frequency * (BLOCK / PANEL) + panel) * inputs + input;
                block[row * PANEL + lane..][..LANES].copy_from_slice(&transform.of(&taps, frequency));
            }
        }
    }
}

/// The weights of one input, those of the outputs side by side.
fn taps(kernels: &[f32], inputs: usize, input: usize) -> [[f64; LANES]; 9] {
    let mut taps = [[0.0; LANES]; 9];
    for (output, kernels) in kernels.chunks_exact(inputs * 9).enumerate() {
        for tap in 0..9 {
            taps[tap][output] = f64::from(kernels[input * 9 + tap]);
        }
    }
    taps
}

/// Groups whose factors are made together, in blocks of `width` channels, `n_factors` numbers for each group.
struct Band<'a> {
    groups: &'a [Group],
    width: usize,
    n_blocks: usize,
    n_factors: usize,
}

impl Band<'_> {
    /// A task for each group and each block of channels.
    fn spread(&self, instructions: Instructions, input: &Map, factors: &mut [f32]) {
        let mut tasks = Vec::new();
        for (group, factors) in self.groups.iter().zip(factors.chunks_exact_mut(self.n_factors)) {
            let blocks = input.values.chunks_exact(pitch(input.side).pow(2) * self.width);
            let parts = factors.chunks_exact_mut(size(*group, self.width));
            tasks.extend(blocks.zip(parts).map(|(block, factors)| (*group, block, factors)));
        }
        tasks
            .into_par_iter()
            .for_each(|(group, block, factors)| instructions.spread(block, self.width, group, factors));
    }

    fn factors_of<'f>(&self, group: Group, factors: &'f [f32], inputs: usize) -> Factors<'f> {
        let values = &factors[..size(group, self.width) * self.n_blocks];
        Factors { values, n_tiles: group.n_tiles(), width: self.width, inputs }
    }
}

#[cfg(test)]
mod tests;

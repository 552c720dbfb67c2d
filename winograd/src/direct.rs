//! A layer of few inputs, as a picture is: by the definition, since filtering would save little and cost two transforms.

use std::array;

use rayon::prelude::*;

use crate::convolution::{Shape, SharedFactors};
use crate::instructions::Instructions;
use crate::map::{BLOCK, Map, pitch};
use crate::points::{LANES, multiply_add, rectified};

/// Rows of the picture that make a task.
const ROWS: usize = 4;
/// Pixels side by side that are summed up together.
const PIXELS: usize = 6;

/// Its weights: `[blocks of outputs][3 rows][3 columns][inputs][64]`, and a bias for each output; zeros fill the last block.
#[derive(Clone)]
pub(crate) struct Direct {
    n_inputs: usize,
    /// Whether the greatest of each 2x2 is kept.
    pooled: bool,
    weights: SharedFactors,
    bias: Vec<f32>,
}

/// What one row of the output in one block is made from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'a> {
    /// Three rows of the input, border included: `[columns][width]`, of which the inputs come first.
    pub(crate) above: [&'a [f32]; 3],
    pub(crate) width: usize,
    pub(crate) weights: &'a [f32],
    pub(crate) bias: &'a [f32],
    pub(crate) side: usize,
}

/// Numbers that [`arrange`] makes.
pub(crate) fn n_factors(inputs: usize, outputs: usize) -> usize {
    9 * inputs * outputs.next_multiple_of(BLOCK)
}

/// From `[outputs, inputs, 3, 3]` to the order of [`Direct`].
pub(crate) fn arrange(weight: &[f32], n_inputs: usize, arranged: &mut [f32]) {
    let n_taps = 9 * n_inputs;
    for (output, kernel) in weight.chunks_exact(n_taps).enumerate() {
        for (at, value) in kernel.iter().enumerate() {
            let (input, tap) = (at / 9, at % 9);
            arranged[(output / BLOCK * n_taps + tap * n_inputs + input) * BLOCK + output % BLOCK] = *value;
        }
    }
}

impl Direct {
    /// `weights` are those of [`arrange`]; `bias` is filled up with zeros.
    pub(crate) fn new(shape: Shape, weights: SharedFactors, bias: Vec<f32>) -> Self {
        Self { n_inputs: shape.inputs, pooled: shape.pooled, weights, bias }
    }

    pub(crate) fn run(&self, instructions: Instructions, inputs: &[Map], outputs: &mut [Map]) {
        inputs.iter().zip(outputs).for_each(|(input, output)| self.run_one(instructions, input, output));
    }

    /// A task for some rows of each block of outputs.
    fn run_one(&self, instructions: Instructions, input: &Map, output: &mut Map) {
        let (side, row_size) = (output.side, pitch(output.side) * BLOCK);
        let weights =
            (*self.weights).as_ref().chunks_exact(9 * self.n_inputs * BLOCK).zip(self.bias.chunks_exact(BLOCK));
        let blocks = output.values.chunks_exact_mut(pitch(side) * row_size).zip(weights);
        let tasks = blocks.flat_map(|(block, weights)| {
            let rows = block[row_size..][..side * row_size].chunks_mut(ROWS * row_size);
            rows.enumerate().map(move |(at, rows)| (weights, at * ROWS, rows))
        });
        let tasks: Vec<_> = tasks.collect();
        tasks.into_par_iter().for_each_init(Vec::new, |unpooled, ((weights, bias), first, rows)| {
            for (at, output) in rows.chunks_exact_mut(row_size).enumerate() {
                let row = |at: usize| {
                    let above = array::from_fn(|row| row_of(input, at + row));
                    Row { above, width: input.width, weights, bias, side: input.side }
                };
                if self.pooled {
                    unpooled.resize(2 * pitch(input.side) * BLOCK, 0.0);
                    let (above, below) = unpooled.split_at_mut(pitch(input.side) * BLOCK);
                    instructions.convolve(row(2 * (first + at)), above);
                    instructions.convolve(row(2 * (first + at) + 1), below);
                    pool(above, below, &mut output[BLOCK..][..side * BLOCK]);
                } else {
                    instructions.convolve(row(first + at), output);
                }
            }
        });
    }
}

fn row_of(map: &Map, row: usize) -> &[f32] {
    let size = pitch(map.side) * map.width;
    &map.values[row * size..][..size]
}

/// The greatest of each 2x2 of two rows with their border.
fn pool(above: &[f32], below: &[f32], output: &mut [f32]) {
    for (column, output) in output.chunks_exact_mut(BLOCK).enumerate() {
        let first = (2 * column + 1) * BLOCK;
        for (lane, output) in output.iter_mut().enumerate() {
            let of_row = |row: &[f32]| row[first + lane].max(row[first + BLOCK + lane]);
            *output = of_row(above).max(of_row(below));
        }
    }
}

/// 6 pixels by 64 outputs and what they are made from, in 32 registers of 16 numbers.
#[inline(always)]
pub(crate) fn wide(row: Row, output: &mut [f32]) {
    convolve::<4>(row, output);
}

/// 6 pixels by 16 outputs in 16 registers of 8 numbers.
#[inline(always)]
pub(crate) fn narrow(row: Row, output: &mut [f32]) {
    convolve::<1>(row, output);
}

/// `output` is `[columns][64]`, border included.
#[inline(always)]
fn convolve<const WIDTH: usize>(row: Row, output: &mut [f32]) {
    let n_taps = row.weights.len() / BLOCK;
    let n_inputs = n_taps / 9;
    let mut taps = [[0.0; PIXELS]; 9 * LANES];
    let mut column = 0;
    while column < row.side {
        let n = PIXELS.min(row.side - column);
        for pixel in 0..n {
            for (at, taps) in taps[..n_taps].chunks_exact_mut(n_inputs).enumerate() {
                let inputs = &row.above[at / 3][(column + pixel + at % 3) * row.width..][..n_inputs];
                for (value, taps) in inputs.iter().zip(taps) {
                    taps[pixel] = *value;
                }
            }
        }
        for panel in (0..BLOCK / LANES).step_by(WIDTH) {
            pixels::<WIDTH>(row, panel, &taps[..n_taps], &mut output[(column + 1) * BLOCK..][..n * BLOCK]);
        }
        column += n;
    }
}

/// As many pixels as `output` has room for: `[pixels][64]`.
#[inline(always)]
fn pixels<const WIDTH: usize>(row: Row, panel: usize, taps: &[[f32; PIXELS]], output: &mut [f32]) {
    let mut sums = [[[0.0_f32; LANES]; WIDTH]; PIXELS];
    for (taps, weights) in taps.iter().zip(row.weights.as_chunks::<LANES>().0.chunks_exact(BLOCK / LANES)) {
        for pixel in 0..PIXELS {
            for part in 0..WIDTH {
                sums[pixel][part] = multiply_add(weights[panel + part], taps[pixel], sums[pixel][part]);
            }
        }
    }
    let bias = row.bias.as_chunks::<LANES>().0;
    for (pixel, output) in output.chunks_exact_mut(BLOCK).enumerate() {
        for part in 0..WIDTH {
            let value = rectified(sums[pixel][part], bias[panel + part]);
            output[(panel + part) * LANES..][..LANES].copy_from_slice(&value);
        }
    }
}

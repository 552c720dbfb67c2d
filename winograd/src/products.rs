//! The products of one frequency: `[tiles, inputs]` by `[inputs, 64 outputs]`.
//!
//! The hot loop. A few tiles by some columns of outputs are summed up in registers over the inputs; every sum runs over the
//! inputs in their order, fused, so that its bits do not depend on how many are summed side by side.

use std::array;

use crate::map::BLOCK;
use crate::points::{FREQUENCIES, LANES, Lanes};
use crate::prefetch::prefetch;

/// Blocks of inputs whose weights for a panel stay in the first cache while all tiles are multiplied: 16 KiB.
const DEPTH: usize = 4;
/// Numbers of the next panel that are asked for with every few tiles.
const SOON: usize = 512;
/// Panels of weights for a block of outputs.
pub(crate) const PANELS: usize = BLOCK / LANES;

/// The factors of a group's tiles: `[blocks of inputs][36][tiles][64]`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Factors<'a> {
    pub(crate) values: &'a [f32],
    pub(crate) n_tiles: usize,
}

/// Products of one frequency and one block of outputs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Multiplication<'a> {
    /// Groups whose tiles are multiplied one after the other.
    pub(crate) groups: &'a [Factors<'a>],
    pub(crate) frequency: usize,
    /// `[4 panels][inputs][16 outputs]`, where zeros fill the last block of inputs.
    pub(crate) weights: &'a [f32],
}

impl Multiplication<'_> {
    /// Of inputs.
    #[inline(always)]
    fn n_blocks(self) -> usize {
        self.weights.len() / BLOCK.pow(2)
    }
}

/// With 32 registers of 16 numbers: 14 tiles by 32 columns and what they are made from.
///
/// Plain loops here and below: a closure is a function of its own, which might not be compiled for the same instructions.
#[inline(always)]
pub(crate) fn wide(job: Multiplication, products: &mut [f32]) {
    multiply::<14, 2>(job, products);
}

/// With 16 registers of 8 numbers: 6 tiles by 16 columns.
#[inline(always)]
pub(crate) fn narrow(job: Multiplication, products: &mut [f32]) {
    multiply::<6, 1>(job, products);
}

/// `products` becomes `[tiles of all groups][64]`. At most `MOST` tiles by `WIDTH` panels at once.
#[inline(always)]
fn multiply<const MOST: usize, const WIDTH: usize>(job: Multiplication, products: &mut [f32]) {
    let n_blocks = job.n_blocks();
    for first in (0..n_blocks).step_by(DEPTH) {
        let blocks = (first, n_blocks.min(first + DEPTH));
        for panel in (0..PANELS).step_by(WIDTH) {
            let mut soon = next_weights::<WIDTH>(job, blocks, panel);
            let mut rest = &mut *products;
            for group in job.groups {
                let (own, below) = rest.split_at_mut(group.n_tiles * BLOCK);
                rest = below;
                multiply_group::<MOST, WIDTH>(Panel { job, blocks, first: panel }, *group, own, &mut soon);
            }
        }
    }
}

/// What is multiplied after a panel: at the end, what lies behind.
#[inline(always)]
fn next_weights<const WIDTH: usize>(job: Multiplication<'_>, blocks: (usize, usize), panel: usize) -> &[f32] {
    let n_blocks = job.n_blocks();
    let (first, panel) = if panel + WIDTH < PANELS { (blocks.0, panel + WIDTH) } else { (blocks.1, 0) };
    let n = DEPTH.min(n_blocks - first.min(n_blocks));
    let size = BLOCK * LANES;
    &job.weights[(panel * n_blocks + first).min(PANELS * n_blocks - n) * size..][..n * size]
}

/// Weights that stay in the first cache: some blocks of inputs, from a panel on.
#[derive(Clone, Copy)]
struct Panel<'a> {
    job: Multiplication<'a>,
    /// The first, and the one behind the last.
    blocks: (usize, usize),
    first: usize,
}

/// `soon` is asked for bit by bit.
#[inline(always)]
fn multiply_group<const MOST: usize, const WIDTH: usize>(
    panel: Panel,
    group: Factors,
    products: &mut [f32],
    soon: &mut &[f32],
) {
    let mut tile = 0;
    while tile < group.n_tiles {
        let (now, later) = soon.split_at(soon.len().min(SOON));
        prefetch(now);
        *soon = later;
        let left = group.n_tiles - tile;
        // Evenly: few tiles leave the processor waiting for its own sums.
        let n = left.div_ceil(left.div_ceil(MOST));
        match n {
            14 => sum::<14, WIDTH>(panel, group, tile, products),
            13 => sum::<13, WIDTH>(panel, group, tile, products),
            12 => sum::<12, WIDTH>(panel, group, tile, products),
            11 => sum::<11, WIDTH>(panel, group, tile, products),
            10 => sum::<10, WIDTH>(panel, group, tile, products),
            9 => sum::<9, WIDTH>(panel, group, tile, products),
            8 => sum::<8, WIDTH>(panel, group, tile, products),
            7 => sum::<7, WIDTH>(panel, group, tile, products),
            6 => sum::<6, WIDTH>(panel, group, tile, products),
            5 => sum::<5, WIDTH>(panel, group, tile, products),
            4 => sum::<4, WIDTH>(panel, group, tile, products),
            3 => sum::<3, WIDTH>(panel, group, tile, products),
            2 => sum::<2, WIDTH>(panel, group, tile, products),
            _ => sum::<1, WIDTH>(panel, group, tile, products),
        }
        tile += n;
    }
}

/// `ROWS` tiles of the group, from `tile` on, by `WIDTH` panels. Goes on with the sums of the inputs before.
#[inline(always)]
fn sum<const ROWS: usize, const WIDTH: usize>(panel: Panel, group: Factors, tile: usize, products: &mut [f32]) {
    let Panel { job, blocks, first: panel } = panel;
    let n_blocks = job.n_blocks();
    let rows = &mut products[tile * BLOCK..][..ROWS * BLOCK];
    let mut sums = [[[0.0_f32; LANES]; WIDTH]; ROWS];
    if blocks.0 > 0 {
        for row in 0..ROWS {
            for column in 0..WIDTH {
                sums[row][column].copy_from_slice(&rows[row * BLOCK + (panel + column) * LANES..][..LANES]);
            }
        }
    }
    for block in blocks.0..blocks.1 {
        let first = ((block * FREQUENCIES + job.frequency) * group.n_tiles + tile) * BLOCK;
        let Some(tiles) = group.values[first..].as_chunks::<BLOCK>().0.first_chunk::<ROWS>() else { return };
        let weights: [&[Lanes]; WIDTH] = array::from_fn(|column| {
            let first = ((panel + column) * n_blocks + block) * BLOCK;
            &job.weights.as_chunks().0[first..][..BLOCK]
        });
        for input in 0..BLOCK {
            let weights: [Lanes; WIDTH] = array::from_fn(|column| weights[column][input]);
            for row in 0..ROWS {
                let factor = tiles[row][input];
                for column in 0..WIDTH {
                    for lane in 0..LANES {
                        sums[row][column][lane] = weights[column][lane].mul_add(factor, sums[row][column][lane]);
                    }
                }
            }
        }
    }
    for row in 0..ROWS {
        for column in 0..WIDTH {
            rows[row * BLOCK + (panel + column) * LANES..][..LANES].copy_from_slice(&sums[row][column]);
        }
    }
}

//! The products: for each of the 36 frequencies, `[tiles, inputs]` by `[inputs, 64 outputs]`.
//!
//! The hot loop. A few tiles by some columns of outputs are summed up in registers over all inputs; every sum runs over the
//! inputs in their order, fused, so that its bits do not depend on how many are summed side by side.

use crate::map::BLOCK;
use crate::points::FREQUENCIES;

/// Columns of outputs whose weights lie together: two of the widest registers.
pub(crate) const PANEL: usize = 32;
type Panel = [f32; PANEL];

/// The factors of a group's tiles: `[blocks][36][tiles][width]`, of which `inputs` channels are meant.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Factors<'a> {
    pub(crate) values: &'a [f32],
    pub(crate) n_tiles: usize,
    pub(crate) width: usize,
    pub(crate) inputs: usize,
}

/// With 32 registers of 16 numbers: 14 tiles by 32 columns and what they are made from.
///
/// Plain loops here and below: a closure is a function of its own, which might not be compiled for the same instructions.
#[inline(always)]
pub(crate) fn wide(factors: Factors, weights: &[f32], products: &mut [f32]) {
    for (at, panel) in weights.as_chunks().0.chunks_exact(factors.inputs).enumerate() {
        let mut tile = 0;
        while tile < factors.n_tiles {
            tile += match factors.n_tiles - tile {
                14.. => sum::<14, 32, 0>(factors, panel, products, at, tile),
                7.. => sum::<7, 32, 0>(factors, panel, products, at, tile),
                2.. => sum::<2, 32, 0>(factors, panel, products, at, tile),
                _ => sum::<1, 32, 0>(factors, panel, products, at, tile),
            };
        }
    }
}

/// With 16 registers of 8 numbers: 6 tiles by 16 columns.
#[inline(always)]
pub(crate) fn narrow(factors: Factors, weights: &[f32], products: &mut [f32]) {
    for (at, panel) in weights.as_chunks().0.chunks_exact(factors.inputs).enumerate() {
        half_panel::<0>(factors, panel, products, at);
        half_panel::<16>(factors, panel, products, at);
    }
}

#[inline(always)]
fn half_panel<const FIRST: usize>(factors: Factors, panel: &[Panel], products: &mut [f32], at: usize) {
    let mut tile = 0;
    while tile < factors.n_tiles {
        tile += match factors.n_tiles - tile {
            6.. => sum::<6, 16, FIRST>(factors, panel, products, at, tile),
            2.. => sum::<2, 16, FIRST>(factors, panel, products, at, tile),
            _ => sum::<1, 16, FIRST>(factors, panel, products, at, tile),
        };
    }
}

/// `ROWS` tiles by `COLUMNS` outputs of the panel number `at`, from its `FIRST` on. Returns `ROWS`.
#[inline(always)]
fn sum<const ROWS: usize, const COLUMNS: usize, const FIRST: usize>(
    factors: Factors,
    panel: &[Panel],
    products: &mut [f32],
    at: usize,
    tile: usize,
) -> usize {
    let Factors { values, n_tiles, width, .. } = factors;
    let (frequency, column) = (at / (BLOCK / PANEL), at % (BLOCK / PANEL) * PANEL + FIRST);
    let mut sums = [[0.0_f32; COLUMNS]; ROWS];
    for (block, panel) in values.chunks_exact(FREQUENCIES * n_tiles * width).zip(panel.chunks(width)) {
        let tiles = &block[(frequency * n_tiles + tile) * width..][..ROWS * width];
        let rows: [&[f32]; ROWS] = std::array::from_fn(|row| &tiles[row * width..][..panel.len()]);
        for (input, weights) in panel.iter().enumerate() {
            let weights: [f32; COLUMNS] = std::array::from_fn(|column| weights[FIRST + column]);
            for row in 0..ROWS {
                let factor = rows[row][input];
                for column in 0..COLUMNS {
                    sums[row][column] = weights[column].mul_add(factor, sums[row][column]);
                }
            }
        }
    }
    for (row, sums) in sums.iter().enumerate() {
        products[(frequency * n_tiles + tile + row) * BLOCK + column..][..COLUMNS].copy_from_slice(sums);
    }
    ROWS
}

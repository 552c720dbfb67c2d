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
#[inline(always)]
pub(crate) fn wide(factors: Factors, weights: &[f32], products: &mut [f32]) {
    each_panel(factors, weights, products, |panel, products, at| {
        let mut tile = 0;
        while tile < factors.n_tiles {
            tile += match factors.n_tiles - tile {
                14.. => sum::<14, 32, 0>(factors, panel, products, at, tile),
                7.. => sum::<7, 32, 0>(factors, panel, products, at, tile),
                2.. => sum::<2, 32, 0>(factors, panel, products, at, tile),
                _ => sum::<1, 32, 0>(factors, panel, products, at, tile),
            };
        }
    });
}

/// With 16 registers of 8 numbers: 6 tiles by 16 columns.
#[inline(always)]
pub(crate) fn narrow(factors: Factors, weights: &[f32], products: &mut [f32]) {
    each_panel(factors, weights, products, |panel, products, at| {
        some_columns::<0>(factors, panel, products, at);
        some_columns::<16>(factors, panel, products, at);
    });
}

#[inline(always)]
fn some_columns<const FIRST: usize>(factors: Factors, panel: &[Panel], products: &mut [f32], at: At) {
    let mut tile = 0;
    while tile < factors.n_tiles {
        tile += match factors.n_tiles - tile {
            6.. => sum::<6, 16, FIRST>(factors, panel, products, at, tile),
            2.. => sum::<2, 16, FIRST>(factors, panel, products, at, tile),
            _ => sum::<1, 16, FIRST>(factors, panel, products, at, tile),
        };
    }
}

/// Where sums belong.
#[derive(Debug, Clone, Copy)]
struct At {
    frequency: usize,
    /// The panel's first of the block's 64.
    column: usize,
}

/// `weights` are one block's: `[36][panels][inputs][32]`.
#[inline(always)]
fn each_panel(factors: Factors, weights: &[f32], products: &mut [f32], work: impl Fn(&[Panel], &mut [f32], At)) {
    let panels = weights.as_chunks::<PANEL>().0.chunks_exact(factors.inputs);
    for (n, panel) in panels.enumerate() {
        let (frequency, column) = (n / (BLOCK / PANEL), n % (BLOCK / PANEL) * PANEL);
        work(panel, products, At { frequency, column });
    }
}

/// `ROWS` tiles by `COLUMNS` outputs of a panel, from its `FIRST` on. Returns `ROWS`.
#[inline(always)]
fn sum<const ROWS: usize, const COLUMNS: usize, const FIRST: usize>(
    factors: Factors,
    panel: &[Panel],
    products: &mut [f32],
    at: At,
    tile: usize,
) -> usize {
    let Factors { values, n_tiles, width, .. } = factors;
    let mut sums = [[0.0_f32; COLUMNS]; ROWS];
    for (block, panel) in values.chunks_exact(FREQUENCIES * n_tiles * width).zip(panel.chunks(width)) {
        let tiles = &block[(at.frequency * n_tiles + tile) * width..][..ROWS * width];
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
        products[(at.frequency * n_tiles + tile + row) * BLOCK + at.column + FIRST..][..COLUMNS].copy_from_slice(sums);
    }
    ROWS
}

//! From a map to the factors of its tiles, and from products back to a map.

use crate::map::{BLOCK, pitch};
use crate::points::{FREQUENCIES, Lanes, POINTS, TILE, greater, of_inputs, rectified, to_outputs, zip};

/// A rectangle of a picture's tiles.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Group {
    /// Of the picture, not of the tiles.
    pub(crate) side: usize,
    pub(crate) first_row: usize,
    pub(crate) n_rows: usize,
    pub(crate) first_column: usize,
    pub(crate) n_columns: usize,
}

impl Group {
    pub(crate) fn n_tiles(&self) -> usize {
        self.n_rows * self.n_columns
    }

    /// Side by side, at most `n_columns` wide.
    pub(crate) fn parts(self, n_columns: usize) -> impl Iterator<Item = Self> {
        let end = self.first_column + self.n_columns;
        let part = move |first_column| Self { first_column, n_columns: n_columns.min(end - first_column), ..self };
        (self.first_column..end).step_by(n_columns).map(part)
    }

    /// The tiles' places in the picture, as rows and columns of tiles.
    #[inline(always)]
    fn tiles(self) -> impl Iterator<Item = (usize, usize)> {
        let columns = self.first_column..self.first_column + self.n_columns;
        (self.first_row..self.first_row + self.n_rows)
            .flat_map(move |row| columns.clone().map(move |column| (row, column)))
    }
}

#[inline(always)]
fn load<const N: usize>(values: &[f32], at: usize) -> Lanes<N> {
    *values[at..].first_chunk().unwrap_or(&[0.0; N])
}

#[inline(always)]
fn store<const N: usize>(values: &mut [f32], at: usize, lanes: &Lanes<N>) {
    values[at..][..N].copy_from_slice(lanes);
}

/// `block` is one of a map's blocks; `factors` becomes `[36][tiles][64]`.
#[inline(always)]
pub(crate) fn spread<const N: usize>(block: &[f32], group: Group, factors: &mut [f32]) {
    let (pitch, n_tiles) = (pitch(group.side), group.n_tiles());
    for (tile, (row, column)) in group.tiles().enumerate() {
        for lane in (0..BLOCK).step_by(N) {
            let corner = (row * pitch + column) * TILE * BLOCK + lane;
            let mut half = [[[0.0; N]; POINTS]; POINTS];
            for j in 0..POINTS {
                let x = std::array::from_fn(|i| load(block, corner + (i * pitch + j) * BLOCK));
                let x = of_inputs(x);
                for i in 0..POINTS {
                    half[i][j] = x[i];
                }
            }
            for (i, row) in half.into_iter().enumerate() {
                for (j, lanes) in of_inputs(row).iter().enumerate() {
                    store(factors, ((i * POINTS + j) * n_tiles + tile) * BLOCK + lane, lanes);
                }
            }
        }
    }
}

/// What becomes of the outputs: their bias is added, they are rectified, and the greatest of each 2x2 kept if `pooled`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Finish<'a> {
    /// Of the block's channels.
    pub(crate) bias: &'a [f32],
    pub(crate) pooled: bool,
}

/// A group's products of one block of outputs: `[36][stride][64]`, of which the group's tiles come first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Products<'a> {
    pub(crate) values: &'a [f32],
    pub(crate) stride: usize,
}

/// `rows` those of one block of the map that comes out, from the group's first on.
#[inline(always)]
pub(crate) fn gather<const N: usize>(products: Products, finish: Finish, group: Group, rows: &mut [f32]) {
    let Finish { bias, pooled } = finish;
    let Products { values, stride } = products;
    let (step, side) = if pooled { (TILE / 2, group.side / 2) } else { (TILE, group.side) };
    let pitch = pitch(side);
    for (tile, (row, column)) in group.tiles().enumerate() {
        let n_down = step.min(side - row * step);
        let n_right = step.min(side - column * step);
        for lane in (0..BLOCK).step_by(N) {
            let mut half = [[[0.0; N]; POINTS]; TILE];
            for j in 0..POINTS {
                let m = std::array::from_fn(|i| load(values, ((i * POINTS + j) * stride + tile) * BLOCK + lane));
                let m = to_outputs(m);
                for i in 0..TILE {
                    half[i][j] = m[i];
                }
            }
            let mut outputs = [[[0.0; N]; TILE]; TILE];
            for i in 0..TILE {
                outputs[i] = to_outputs(half[i]);
            }
            let bias: Lanes<N> = load(bias, lane);
            for i in 0..n_down {
                for j in 0..n_right {
                    let value = if pooled { greatest(&outputs, 2 * i, 2 * j) } else { outputs[i][j] };
                    let value = rectified(value, bias);
                    let place = (((row - group.first_row) * step + i) * pitch + column * step + j + 1) * BLOCK + lane;
                    store(rows, place, &value);
                }
            }
        }
    }
}

/// Adding a bias and rectifying change no order, so that they may come after.
#[inline(always)]
fn greatest<const N: usize>(outputs: &[[Lanes<N>; TILE]; TILE], i: usize, j: usize) -> Lanes<N> {
    let above = zip(outputs[i][j], outputs[i][j + 1], greater);
    zip(above, zip(outputs[i + 1][j], outputs[i + 1][j + 1], greater), greater)
}

/// Numbers in the factors of a block of inputs, or in the products of a block of outputs.
pub(crate) fn size(n_tiles: usize) -> usize {
    FREQUENCIES * n_tiles * BLOCK
}

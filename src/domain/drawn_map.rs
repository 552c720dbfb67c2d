//! A heat map as it is drawn: what its figures, pictures and pages are of.

/// A map, row-major, signed and unscaled.
#[derive(Debug, Clone, PartialEq)]
pub struct DrawnMap {
    /// Rows and columns.
    pub side: usize,
    /// What supports the class is positive.
    pub cells: Vec<f32>,
}

impl DrawnMap {
    /// `HiResCAM` with `grid` rows and columns on the grid of pool5, where a cell is a cell's own term of the logit. Where an odd
    /// number of rows leaves the last one out of pool5, cells lie on the grid below, so that they stay in their places.
    pub(super) fn on_pool5(hires_cam: &[f32], grid: usize) -> Self {
        let side = grid / 2;
        let cells = window_sums(hires_cam, grid);
        if 2 * side == grid {
            return Self { side, cells };
        }
        let below = |at: usize| {
            let (row, column) = (at / grid / 2, at % grid / 2);
            if row < side && column < side { cells[row * side + column] } else { 0.0 }
        };
        Self { side: grid, cells: (0..grid * grid).map(below).collect() }
    }

    /// The greatest cell; 0 where none is positive: no region supports the class.
    pub fn peak(&self) -> f32 {
        peak(&self.cells)
    }

    /// The cells with the greatest as 1 and what is negative as 0; all 0 where no region supports the class.
    pub fn rectified(&self) -> Vec<f32> {
        rectified(&self.cells)
    }
}

fn peak(cells: &[f32]) -> f32 {
    cells.iter().copied().fold(0.0, f32::max)
}

/// These cells with the greatest as 1 and what is negative as 0; all 0 where none is positive.
pub fn rectified(cells: &[f32]) -> Vec<f32> {
    let peak = peak(cells);
    cells.iter().map(|cell| if peak > 0.0 { cell.max(0.0) / peak } else { 0.0 }).collect()
}

/// The sums over the 2x2 windows of pool5 of a map with `side` rows and columns, row-major, `side / 2` a row. The maximum
/// pooling lets one of the four places through, so of `HiResCAM` a sum is a cell's own term of the logit.
pub fn window_sums(cells: &[f32], side: usize) -> Vec<f32> {
    let n = side / 2;
    let sum = |i: usize| {
        let first = 2 * (i / n) * side + 2 * (i % n);
        let places = [first, first + 1, first + side, first + side + 1];
        places.iter().filter_map(|place| cells.get(*place)).sum::<f32>().clamp(f32::MIN, f32::MAX)
    };
    (0..n * n).map(sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(cells: &[f32]) -> DrawnMap {
        DrawnMap { side: cells.len().isqrt(), cells: cells.to_vec() }
    }

    #[test]
    fn what_is_positive_is_scaled_to_its_peak_and_the_rest_is_nothing() {
        let some = map(&[4.0, -2.0, 1.0, 0.0]);
        assert_eq!((some.rectified(), some.peak()), (vec![1.0, 0.0, 0.25, 0.0], 4.0));
        let none = map(&[-1.0, -2.0, 0.0, -3.0]);
        assert_eq!((none.rectified(), none.peak()), (vec![0.0; 4], 0.0));
        let tiny = map(&[f32::from_bits(1), 0.0, -1.0, f32::MAX]);
        assert!(tiny.rectified().iter().all(|cell| cell.is_finite()));
    }

    #[test]
    fn four_places_make_one_window_and_an_odd_last_row_none() {
        let mut cells = vec![0.0; 16];
        (cells[1], cells[14], cells[8]) = (4.0, 2.0, -3.0);
        assert_eq!(window_sums(&cells, 4), [4.0, 0.0, -3.0, 2.0]);
        assert_eq!(DrawnMap::on_pool5(&cells, 4), map(&[4.0, 0.0, -3.0, 2.0]));
        let mut cells = vec![0.0; 25];
        (cells[3], cells[10], cells[24]) = (4.0, 2.0, 9.0);
        assert_eq!(window_sums(&cells, 5), [0.0, 4.0, 2.0, 0.0]);
        assert!(window_sums(&[1.0], 1).is_empty());
    }

    #[test]
    fn cells_of_an_odd_grid_stay_in_their_places() {
        let mut hires_cam = vec![0.0; 25];
        // The windows in the first row and second column, and in the second row and first column; the last row has none.
        (hires_cam[3], hires_cam[10], hires_cam[24]) = (4.0, 2.0, 9.0);
        let (o, l, h) = (0.0, 4.0, 2.0);
        let expected = [o, o, l, l, o, o, o, l, l, o, h, h, o, o, o, h, h, o, o, o, o, o, o, o, o];
        assert_eq!(DrawnMap::on_pool5(&hires_cam, 5), map(&expected));
    }
}

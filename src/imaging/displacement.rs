//! Elastic deformation: a few offsets on a coarse grid, and a smooth field between them.

/// Offsets in pixels on a coarse grid whose corners are those of the image. Between them runs a uniform cubic B-spline:
/// smooth twice over, and nowhere greater than the greatest offset around.
#[derive(Debug, Clone, PartialEq)]
pub struct Displacement {
    columns: usize,
    rows: usize,
    offsets: Vec<[f64; 2]>,
}

/// The field along one row of an image: one offset a column of the grid.
pub(super) struct FieldRow(Vec<[f64; 2]>);

impl Displacement {
    /// `offsets`: how far each of `columns` x `rows` (at least 2 each) places, row by row, is moved right and down before
    /// it is looked up; `None` unless they number `columns * rows`.
    pub fn new(columns: usize, rows: usize, offsets: Vec<[f64; 2]>) -> Option<Self> {
        let fits = columns >= 2 && rows >= 2 && columns.checked_mul(rows) == Some(offsets.len());
        fits.then_some(Self { columns, rows, offsets })
    }

    /// The field along row `y` of `height`.
    pub(super) fn row(&self, y: usize, height: usize) -> FieldRow {
        let knots = knots(y, height, self.rows);
        let at = |column: usize| blended(knots, |row| self.offsets[row * self.columns + column]);
        FieldRow((0..self.columns).map(at).collect())
    }
}

impl FieldRow {
    /// The offset at column `x` of `width`.
    pub(super) fn at(&self, x: usize, width: usize) -> [f64; 2] {
        blended(knots(x, width, self.0.len()), |column| self.0[column])
    }
}

/// The four knots around place `i` of `n` on an axis of `n_knots`, and their weights; the ends are repeated.
fn knots(i: usize, n: usize, n_knots: usize) -> [(usize, f64); 4] {
    let place = i as f64 * (n_knots - 1) as f64 / (n - 1).max(1) as f64;
    let weights = cubic_weights(place - place.floor());
    let first = place as usize;
    std::array::from_fn(|k| ((first + k).saturating_sub(1).min(n_knots - 1), weights[k]))
}

fn blended(knots: [(usize, f64); 4], offset: impl Fn(usize) -> [f64; 2]) -> [f64; 2] {
    knots.into_iter().fold([0.0; 2], |sum, (knot, weight)| {
        let [x, y] = offset(knot);
        [sum[0] + weight * x, sum[1] + weight * y]
    })
}

/// The uniform cubic B-spline's weights of the four knots around a place `t` (0 to 1) of the way from the second to the
/// third.
#[inline]
pub(super) fn cubic_weights(t: f64) -> [f64; 4] {
    let s = 1.0 - t;
    let inner = |t: f64| (t * t * (t - 2.0) * 3.0 + 4.0) / 6.0;
    let first = s * s * s / 6.0;
    [first, inner(t), inner(s), 1.0 - first - inner(t) - inner(s)]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn is_nowhere_greater_than_its_offsets_and_has_no_jump(
            offsets in prop::collection::vec([-5.0..5.0, -5.0..5.0], 12), side in 2..80_usize,
        ) {
            let field = Displacement::new(4, 3, offsets).unwrap();
            let mut last: Option<Vec<[f64; 2]>> = None;
            for y in 0..side {
                let row = field.row(y, side);
                let row: Vec<_> = (0..side).map(|x| row.at(x, side)).collect();
                prop_assert!(row.iter().flatten().all(|v| v.abs() <= 5.0 + 1e-9));
                // Over one knot's distance an offset of the greatest range changes by less than that range.
                let most = 10.0 * 3.0 / (side - 1) as f64 + 1e-9;
                prop_assert!(row.windows(2).all(|w| (w[0][0] - w[1][0]).abs() <= most));
                let jumps = last.iter().flatten().zip(&row).any(|(a, b)| (a[1] - b[1]).abs() > most);
                prop_assert!(!jumps);
                last = Some(row);
            }
        }
    }

    #[test]
    fn equal_offsets_move_everything_alike() {
        let field = Displacement::new(3, 5, vec![[1.5, -2.0]; 15]).unwrap();
        let [x, y] = field.row(3, 10).at(9, 10);
        assert!((x - 1.5).abs() < 1e-12 && (y + 2.0).abs() < 1e-12);
        assert!(Displacement::new(3, 5, vec![[0.0; 2]; 14]).is_none());
    }
}

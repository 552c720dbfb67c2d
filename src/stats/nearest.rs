//! How far a row of numbers is from known ones, and beyond which distance it is unlike them.
//!
//! Columns are standardised by the known rows, so that each counts alike; distances are Euclidean. A row's distance is the
//! mean of those to its nearest known rows (as a detector of foreign images: Sun et al., ICML 2022).

use rayon::prelude::*;

use super::principal_axes;

/// One neighbour may be an odd image itself.
const N_NEAREST: usize = 3;
/// A column that hardly varies counts no more than one with this share of the mean deviation.
const LEAST_DEVIATION: f64 = 0.1;
/// Where no column varies at all.
const SMALLEST: f64 = 1e-6;
/// Of a normal distribution: its deviation over the median of the absolute deviations.
const MAD_TO_DEVIATION: f64 = 1.4826;
/// A row this many deviations further than the median of those that belong is unlike them, where none of them is further.
const OUTLYING: f64 = 5.0;
/// One of those that belong that is this many deviations further is no measure of the others.
const STRAY: f64 = 7.0;
/// Of fewer, nobody can say how far those that belong may be.
const FEWEST: usize = 5;

/// Known rows of `width` numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownRows {
    width: usize,
    mean: Vec<f64>,
    deviation: Vec<f64>,
    /// Standardised, row after row.
    rows: Vec<f32>,
}

impl KnownRows {
    /// `rows` has a multiple of `width` numbers, all finite.
    pub fn new(width: usize, rows: &[f32]) -> Self {
        let n = (rows.len() / width).max(1) as f64;
        let column_mean = |of: &dyn Fn(usize, f64) -> f64| -> Vec<f64> {
            let sum =
                |at: usize| rows.iter().skip(at).step_by(width).map(|value| of(at, f64::from(*value))).sum::<f64>();
            (0..width).map(|at| sum(at) / n).collect()
        };
        let mean = column_mean(&|_, value| value);
        let deviation: Vec<f64> =
            column_mean(&|at, value| (value - mean[at]).powi(2)).into_iter().map(f64::sqrt).collect();
        let least = (LEAST_DEVIATION * deviation.iter().sum::<f64>() / width as f64).max(SMALLEST);
        let deviation = deviation.into_iter().map(|deviation| deviation + least).collect();
        let mut known = Self { width, mean, deviation, rows: Vec::new() };
        known.rows = rows.chunks_exact(width).flat_map(|row| known.standard(row)).collect();
        known
    }

    fn standard(&self, row: &[f32]) -> Vec<f32> {
        let columns = row.iter().zip(&self.mean).zip(&self.deviation);
        columns.map(|((value, mean), deviation)| ((f64::from(*value) - mean) / deviation) as f32).collect()
    }

    /// The two directions in which the standardised rows vary most.
    pub fn principal_axes(&self) -> [Vec<f32>; 2] {
        principal_axes(self.width, &self.rows)
    }

    /// Where `row` (`width` numbers) lies along two axes of standardised columns.
    pub fn position(&self, row: &[f32], axes: &[Vec<f32>; 2]) -> [f32; 2] {
        let row = self.standard(row);
        axes.each_ref().map(|axis| {
            row.iter().zip(axis).map(|(value, along)| f64::from(*value) * f64::from(*along)).sum::<f64>() as f32
        })
    }

    /// The known rows from the nearest to `row` (`width` numbers) to the furthest: index and distance, at least 0. Of equals the
    /// first is nearer.
    pub fn by_distance(&self, row: &[f32]) -> Vec<(usize, f64)> {
        let row = self.standard(row);
        let distances = self.rows.par_chunks_exact(self.width).map(|known| euclidean(&row, known));
        let mut ranked: Vec<(usize, f64)> = distances.enumerate().collect();
        ranked.sort_by(|a, b| a.1.total_cmp(&b.1));
        ranked
    }

    /// The [`mean_of_nearest`] of `row`.
    pub fn distance(&self, row: &[f32]) -> Option<f64> {
        mean_of_nearest(self.by_distance(row).into_iter().map(|(_, distance)| distance))
    }
}

/// Of distances to known rows, the least first: the mean of the first three, or of all where there are fewer; `None` of none.
pub fn mean_of_nearest(ascending: impl IntoIterator<Item = f64>) -> Option<f64> {
    let nearest: Vec<f64> = ascending.into_iter().take(N_NEAREST).collect();
    (!nearest.is_empty()).then(|| nearest.iter().sum::<f64>() / nearest.len() as f64)
}

fn euclidean(a: &[f32], b: &[f32]) -> f64 {
    let squares = a.iter().zip(b).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2));
    squares.sum::<f64>().sqrt()
}

/// The distance beyond which a row is unlike the known ones, from the distances of rows that belong to them and are not among
/// them: far beyond their middle, and beyond all of these but for strays. `None` of fewer than five.
pub fn farthest_alike(belonging: &[f64]) -> Option<f64> {
    let middle = median(belonging).filter(|_| belonging.len() >= FEWEST)?;
    let deviations: Vec<f64> = belonging.iter().map(|distance| (distance - middle).abs()).collect();
    let deviation = MAD_TO_DEVIATION * median(&deviations)?;
    let alike = belonging.iter().copied().filter(|distance| *distance <= middle + STRAY * deviation);
    Some(alike.fold(middle + OUTLYING * deviation, f64::max))
}

fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (below, above) = (sorted.get(sorted.len().checked_sub(1)? / 2)?, sorted.get(sorted.len() / 2)?);
    Some(f64::midpoint(*below, *above))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Four rows in the corners of a square; the third column never varies.
    fn square() -> KnownRows {
        KnownRows::new(3, &[0.0, 0.0, 5.0, 2.0, 0.0, 5.0, 0.0, 2.0, 5.0, 2.0, 2.0, 5.0])
    }

    /// The deviations are 1, 1 and 0, and each has a tenth of their mean more.
    const LEAST: f64 = 0.1 * 2.0 / 3.0;

    #[test]
    fn the_distance_is_the_mean_to_the_three_nearest_in_deviations_of_each_column() {
        let distance = square().distance(&[0.0, 0.0, 5.0]).unwrap();
        assert!((distance - (0.0 + 2.0 + 2.0) / 3.0 / (1.0 + LEAST)).abs() < 1e-6, "{distance}");
        let narrow = square().distance(&[1.0, 1.0, 6.0]).unwrap();
        let expected = (2.0 / (1.0 + LEAST).powi(2) + 1.0 / LEAST.powi(2)).sqrt();
        assert!((narrow - expected).abs() < 1e-4, "{narrow} {expected}");
    }

    #[test]
    fn known_rows_come_from_the_nearest_to_the_furthest() {
        let ranked = square().by_distance(&[0.5, 0.0, 5.0]);
        assert_eq!(ranked.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [0, 1, 2, 3]);
        assert!(ranked.is_sorted_by(|a, b| a.1 <= b.1));
    }

    #[test]
    fn positions_lie_along_the_axes_of_standardised_columns() {
        let known = square();
        let axes = [vec![1.0, 0.0, 0.0], vec![0.0, 1.0, 0.0]];
        let [x, y] = known.position(&[2.0, 0.0, 5.0], &axes).map(f64::from);
        assert!((x - 1.0 / (1.0 + LEAST)).abs() < 1e-6 && (y + 1.0 / (1.0 + LEAST)).abs() < 1e-6, "{x} {y}");
        assert!(
            known.principal_axes().iter().all(|axis| axis[2].abs() < 1e-6),
            "a column that never varies has no part"
        );
    }

    #[test]
    fn fewer_known_rows_are_enough_and_none_have_no_distance() {
        assert_eq!(KnownRows::new(2, &[1.0, 3.0]).distance(&[1.0, 3.0]), Some(0.0));
        assert_eq!(KnownRows::new(2, &[]).distance(&[1.0, 3.0]), None);
    }

    #[test]
    fn the_limit_is_far_beyond_the_middle_and_beyond_all_but_strays() {
        // The middle is 3, and the median of the deviations 1.
        let limit = |farthest: f64| farthest_alike(&[1.0, 2.0, 3.0, 4.0, farthest]).unwrap();
        let far = 3.0 + 5.0 * 1.4826;
        assert!((limit(5.0) - far).abs() < 1e-9);
        assert!((limit(12.0) - 12.0).abs() < 1e-9, "it belongs");
        assert!((limit(1e6) - far).abs() < 1e-9, "a foreign image among those that belong hides no other");
        assert_eq!(farthest_alike(&[1.0, 2.0, 3.0, 4.0]), None);
    }

    #[test]
    fn rows_that_are_all_the_same_have_finite_distances() {
        let known = KnownRows::new(2, &[1.0, 1.0, 1.0, 1.0]);
        assert_eq!(known.distance(&[1.0, 1.0]), Some(0.0));
        assert!(known.distance(&[2.0, 1.0]).is_some_and(|distance| distance > 1e3 && distance.is_finite()));
    }
}

//! A linear classifier of borders: linear discriminant analysis (Fisher 1936) with the classes' frequencies as priors.
//!
//! The levels are standardised, and the covariance within the classes is shrunk towards a multiple of the identity as far
//! as Ledoit and Wolf (2004) compute from the data, so that a dozen images are enough and no number is to be tuned.

use crate::domain::Border;

const N: usize = Border::N_CELLS;
/// Added to every variance, in units of the variance over all images: classes without any spread are told apart, too.
const FLOOR: f64 = 1e-3;

type Row = [f64; N];
type Square = Vec<Row>;

#[derive(Debug, PartialEq)]
pub(super) struct Discriminant {
    scale: Scale,
    /// By class: what a standardised border is multiplied with, and what is added.
    functions: Vec<(Row, f64)>,
}

impl Discriminant {
    /// Of borders with their classes, which are below `n_classes`; their order plays no part.
    pub(super) fn fit(mut images: Vec<(usize, &Border)>, n_classes: usize) -> Self {
        // Sums of floating-point numbers depend on the order.
        images.sort_unstable();
        let scale = Scale::of(&images);
        let mut rows: Vec<(usize, Row)> = images.iter().map(|(class, border)| (*class, scale.apply(border))).collect();
        let (means, counts) = class_means(&rows, n_classes);
        for (class, row) in &mut rows {
            row.iter_mut().zip(means[*class]).for_each(|(value, mean)| *value -= mean);
        }
        let factor = cholesky(shrunk(&rows));
        let function = |(mean, count): (&Row, &f64)| {
            let weights = solve(&factor, mean);
            let prior = (count / images.len().max(1) as f64).ln();
            (weights, prior - 0.5 * dot(&weights, mean))
        };
        Self { scale, functions: means.iter().zip(&counts).map(function).collect() }
    }

    /// The class that it takes a picture with this border for: the greatest function, the first of equals.
    pub(super) fn answer(&self, border: &Border) -> usize {
        let row = self.scale.apply(border);
        let values: Vec<f64> = self.functions.iter().map(|(weights, bias)| dot(weights, &row) + bias).collect();
        (0..values.len()).fold(0, |best, class| if values[class] > values[best] { class } else { best })
    }
}

/// Mean and deviation of each level over all images.
#[derive(Debug, PartialEq)]
struct Scale {
    mean: Row,
    deviation: Row,
}

impl Scale {
    fn of(images: &[(usize, &Border)]) -> Self {
        let n = images.len().max(1) as f64;
        let mean_of = |of: &dyn Fn(f64, usize) -> f64| -> Row {
            let sum = |at: usize| images.iter().map(|(_, border)| of(f64::from(border.levels()[at]), at)).sum::<f64>();
            std::array::from_fn(|at| sum(at) / n)
        };
        let mean = mean_of(&|level, _| level);
        let variance = mean_of(&|level, at| (level - mean[at]).powi(2));
        // A level that is the same in all images says nothing, whatever it is divided by.
        Self { mean, deviation: variance.map(|variance| if variance > 0.0 { variance.sqrt() } else { 1.0 }) }
    }

    fn apply(&self, border: &Border) -> Row {
        std::array::from_fn(|at| (f64::from(border.levels()[at]) - self.mean[at]) / self.deviation[at])
    }
}

/// The mean row of each class, and how many rows it has.
fn class_means(rows: &[(usize, Row)], n_classes: usize) -> (Vec<Row>, Vec<f64>) {
    let (mut means, mut counts) = (vec![[0.0; N]; n_classes], vec![0.0; n_classes]);
    for (class, row) in rows {
        counts[*class] += 1.0;
        means[*class].iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
    }
    for (mean, count) in means.iter_mut().zip(&counts) {
        mean.iter_mut().for_each(|sum| *sum /= f64::max(*count, 1.0));
    }
    (means, counts)
}

/// The covariance of centred rows, shrunk.
fn shrunk(rows: &[(usize, Row)]) -> Square {
    let n = rows.len().max(1) as f64;
    let mut covariance: Square = vec![[0.0; N]; N];
    let mut mean_fourth = 0.0;
    for (_, row) in rows {
        for (into, value) in covariance.iter_mut().zip(row) {
            into.iter_mut().zip(row).for_each(|(sum, other)| *sum += value * other / n);
        }
        mean_fourth += dot(row, row).powi(2) / n;
    }
    let mean_variance = (0..N).map(|at| covariance[at][at]).sum::<f64>() / N as f64;
    let square = covariance.iter().map(|row| dot(row, row)).sum::<f64>();
    let distance = square - N as f64 * mean_variance.powi(2);
    let error = (mean_fourth - square) / n;
    let share = if distance > 0.0 { (error / distance).clamp(0.0, 1.0) } else { 1.0 };
    for (at, row) in covariance.iter_mut().enumerate() {
        row.iter_mut().for_each(|value| *value *= 1.0 - share);
        row[at] += share * mean_variance + FLOOR;
    }
    covariance
}

/// The lower triangle L of a positive definite A = L L^T, in its place.
fn cholesky(mut matrix: Square) -> Square {
    for at in 0..N {
        let (above, below) = matrix.split_at_mut(at);
        let row = &mut below[0];
        for column in 0..at {
            let known: f64 = row[..column].iter().zip(&above[column][..column]).map(|(a, b)| a * b).sum();
            row[column] = (row[column] - known) / above[column][column];
        }
        let known: f64 = row[..at].iter().map(|value| value * value).sum();
        // The floor keeps this well above what rounding can take away.
        row[at] = (row[at] - known).max(f64::MIN_POSITIVE).sqrt();
    }
    matrix
}

/// x of L L^T x = `right`.
fn solve(factor: &Square, right: &Row) -> Row {
    let mut x = *right;
    for at in 0..N {
        let known: f64 = factor[at][..at].iter().zip(&x).map(|(a, b)| a * b).sum();
        x[at] = (x[at] - known) / factor[at][at];
    }
    for at in (0..N).rev() {
        let known: f64 = (at + 1..N).map(|below| factor[below][at] * x[below]).sum();
        x[at] = (x[at] - known) / factor[at][at];
    }
    x
}

fn dot(a: &Row, b: &Row) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_of_equations_is_solved() {
        // Positive definite: a diagonal that outweighs its rows.
        let entry =
            |row: usize, column: usize| if row == column { 10.0 } else { 1.0 / (1.0 + row.abs_diff(column) as f64) };
        let matrix: Square = (0..N).map(|row| std::array::from_fn(|column| entry(row, column))).collect();
        let x: Row = std::array::from_fn(|at| at as f64 - 7.5);
        let right: Row = std::array::from_fn(|row| dot(&matrix[row], &x));
        let found = solve(&cholesky(matrix), &right);
        assert!(found.iter().zip(x).all(|(found, x)| (found - x).abs() < 1e-9), "{found:?}");
    }
}

//! A linear classifier of grey levels: linear discriminant analysis (Fisher 1936) with the classes' frequencies as priors.
//!
//! Levels are standardised by their spread within the classes, so that a token in one corner counts as much as a bright
//! frame, and their correlations are shrunk towards none as far as Ledoit and Wolf (2004) compute from the data, so that a
//! dozen images are enough. No number is to be tuned.

use super::argmax::argmax;

/// Of a level, squared grey levels: it was rounded to a whole number. No spread within the classes is smaller.
const ROUNDING_VARIANCE: f64 = 1.0 / 12.0;

type Levels<const N: usize> = [f64; N];
type Square<const N: usize> = Vec<Levels<N>>;

/// A fitted classifier of `N` levels (0 to 255).
#[derive(Debug, PartialEq)]
pub struct LinearDiscriminant<const N: usize> {
    centre: Levels<N>,
    deviation: Levels<N>,
    /// By class: what a standardised border is multiplied with, and what is added.
    functions: Vec<(Levels<N>, f64)>,
}

impl<const N: usize> LinearDiscriminant<N> {
    /// Of images' levels with their classes, which are below `n_classes`; their order plays no part.
    pub fn fit(mut images: Vec<(usize, &[u8; N])>, n_classes: usize) -> Self {
        // Sums of floating-point numbers depend on the order.
        images.sort_unstable();
        let n = images.len().max(1) as f64;
        let (means, counts) = class_means(&images, n_classes);
        let within = images.iter().map(|(class, levels)| combine(&levels.map(f64::from), &means[*class], |a, b| a - b));
        let mut within: Vec<Levels<N>> = within.collect();
        let variance: Levels<N> = std::array::from_fn(|at| within.iter().map(|row| row[at].powi(2)).sum::<f64>() / n);
        let deviation = variance.map(|variance| (variance + ROUNDING_VARIANCE).sqrt());
        for row in &mut within {
            *row = combine(row, &deviation, |a, b| a / b);
        }
        let mut covariance = shrunk(&within);
        (0..N).for_each(|at| covariance[at][at] += ROUNDING_VARIANCE / deviation[at].powi(2));

        let factor = cholesky(covariance);
        let share = |class: usize| counts[class] / n;
        let centre: Levels<N> =
            std::array::from_fn(|at| (0..n_classes).map(|class| share(class) * means[class][at]).sum());
        let standard = |row: &Levels<N>| combine(&combine(row, &centre, |a, b| a - b), &deviation, |a, b| a / b);
        let function = |class: usize| {
            let mean = standard(&means[class]);
            let weights = solve(&factor, &mean);
            (weights, share(class).ln() - 0.5 * dot(&weights, &mean))
        };
        Self { functions: (0..n_classes).map(function).collect(), centre, deviation }
    }

    /// The predicted class of an image with these levels: the greatest function, the first of equals.
    pub fn predict(&self, levels: &[u8; N]) -> usize {
        let row = combine(&levels.map(f64::from), &self.centre, |a, b| a - b);
        let row = combine(&row, &self.deviation, |a, b| a / b);
        let values: Vec<f64> = self.functions.iter().map(|(weights, bias)| dot(weights, &row) + bias).collect();
        argmax(&values)
    }
}

fn combine<const N: usize>(a: &Levels<N>, b: &Levels<N>, with: impl Fn(f64, f64) -> f64) -> Levels<N> {
    std::array::from_fn(|at| with(a[at], b[at]))
}

/// The mean levels of each class, and how many images it has.
fn class_means<const N: usize>(images: &[(usize, &[u8; N])], n_classes: usize) -> (Vec<Levels<N>>, Vec<f64>) {
    let (mut means, mut counts) = (vec![[0.0; N]; n_classes], vec![0.0; n_classes]);
    for (class, levels) in images {
        counts[*class] += 1.0;
        means[*class] = combine(&means[*class], &levels.map(f64::from), |a, b| a + b);
    }
    for (mean, count) in means.iter_mut().zip(&counts) {
        *mean = mean.map(|sum| sum / f64::max(*count, 1.0));
    }
    (means, counts)
}

/// The covariance of centred rows, shrunk towards its mean variance times the identity.
fn shrunk<const N: usize>(rows: &[Levels<N>]) -> Square<N> {
    let n = rows.len().max(1) as f64;
    let mut covariance: Square<N> = vec![[0.0; N]; N];
    let mut mean_fourth = 0.0;
    for row in rows {
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
        *row = row.map(|value| value * (1.0 - share));
        row[at] += share * mean_variance;
    }
    covariance
}

/// The lower triangle L of a positive definite A = L L^T, in its place.
fn cholesky<const N: usize>(mut matrix: Square<N>) -> Square<N> {
    for at in 0..N {
        let (above, below) = matrix.split_at_mut(at);
        let row = &mut below[0];
        for column in 0..at {
            let known: f64 = row[..column].iter().zip(&above[column][..column]).map(|(a, b)| a * b).sum();
            row[column] = (row[column] - known) / above[column][column];
        }
        let known: f64 = row[..at].iter().map(|value| value * value).sum();
        // The variance of rounding keeps this well above what arithmetic can take away.
        row[at] = (row[at] - known).max(f64::MIN_POSITIVE).sqrt();
    }
    matrix
}

/// x of L L^T x = `right`.
fn solve<const N: usize>(factor: &Square<N>, right: &Levels<N>) -> Levels<N> {
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

fn dot<const N: usize>(a: &Levels<N>, b: &Levels<N>) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const N: usize = 60;

    #[test]
    fn a_system_of_equations_is_solved() {
        // Positive definite: a diagonal that outweighs its rows.
        let entry =
            |row: usize, column: usize| if row == column { 10.0 } else { 1.0 / (1.0 + row.abs_diff(column) as f64) };
        let matrix: Square<N> = (0..N).map(|row| std::array::from_fn(|column| entry(row, column))).collect();
        let x: Levels<N> = std::array::from_fn(|at| at as f64 - 7.5);
        let right: Levels<N> = std::array::from_fn(|row| dot(&matrix[row], &x));
        let found = solve(&cholesky(matrix), &right);
        assert!(found.iter().zip(x).all(|(found, x)| (found - x).abs() < 1e-9), "{found:?}");
    }
}

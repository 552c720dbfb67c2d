//! The two directions in which rows of numbers vary most: the first principal components (Pearson 1901; Hotelling 1933).

use rayon::prelude::*;

use super::Generator;

/// Steps of the iteration, at most: directions that vary nearly alike are told apart slowly, and are then no matter.
const MOST_STEPS: usize = 300;
/// Directions that change less than this have been found.
const FOUND: f64 = 1e-10;

/// Two unit vectors of `width` numbers, the first that of the most variance; of `rows`, row after row, whose columns have a mean
/// of 0. A direction without any variance is all 0. The greatest number of each is positive, so that nothing is left to chance.
pub fn principal_axes(width: usize, rows: &[f32]) -> [Vec<f32>; 2] {
    let n = rows.len() / width;
    let [first, second] = if n < width { of_products(width, rows) } else { leading(&covariance(width, rows)) };
    [first, second].map(|axis| signed(&axis))
}

/// Of few rows the matrix of their products is smaller, and has the same answer.
fn of_products(width: usize, rows: &[f32]) -> [Vec<f64>; 2] {
    let each: Vec<&[f32]> = rows.chunks_exact(width).collect();
    let products: Vec<Vec<f64>> = each.par_iter().map(|a| each.iter().map(|b| product(a, b)).collect()).collect();
    leading(&products).map(|weights| {
        let mut axis = vec![0.0; width];
        for (row, weight) in each.iter().zip(weights) {
            axis.iter_mut().zip(*row).for_each(|(sum, value)| *sum += weight * f64::from(*value));
        }
        normalise(&mut axis);
        axis
    })
}

fn product(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}

/// Times the number of rows; each sum has one order.
fn covariance(width: usize, rows: &[f32]) -> Vec<Vec<f64>> {
    let column = |at: usize| {
        let mut sums = vec![0.0; width];
        for row in rows.chunks_exact(width) {
            let value = f64::from(row[at]);
            sums.iter_mut().zip(row).for_each(|(sum, other)| *sum += value * f64::from(*other));
        }
        sums
    };
    (0..width).into_par_iter().map(column).collect()
}

/// The eigenvectors of the two greatest eigenvalues of a symmetric matrix that has no negative ones, by orthogonal iteration.
fn leading(matrix: &[Vec<f64>]) -> [Vec<f64>; 2] {
    let mut generator = Generator::new(0, "principal axes");
    let mut start = || (0..matrix.len()).map(|_| f64::from(generator.unit()) - 0.5).collect::<Vec<_>>();
    let mut axes = [start(), start()];
    for _ in 0..MOST_STEPS {
        let mut next = axes.each_ref().map(|axis| times(matrix, axis));
        normalise(&mut next[0]);
        let [first, second] = &mut next;
        let common: f64 = first.iter().zip(&*second).map(|(a, b)| a * b).sum();
        second.iter_mut().zip(&*first).for_each(|(value, first)| *value -= common * first);
        normalise(second);
        let moved = |(a, b): (&Vec<f64>, &Vec<f64>)| a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
        let is_found = axes.iter().zip(&next).map(moved).sum::<f64>() < FOUND;
        axes = next;
        if is_found {
            break;
        }
    }
    axes
}

fn times(matrix: &[Vec<f64>], vector: &[f64]) -> Vec<f64> {
    matrix.iter().map(|row| row.iter().zip(vector).map(|(a, b)| a * b).sum()).collect()
}

/// To a length of 1; what is hardly more than rounding becomes 0.
fn normalise(vector: &mut [f64]) {
    let length = vector.iter().map(|value| value * value).sum::<f64>().sqrt();
    let scale = if length > 1e-9 { length.recip() } else { 0.0 };
    for value in vector {
        *value *= scale;
    }
}

fn signed(axis: &[f64]) -> Vec<f32> {
    let greatest =
        axis.iter().copied().fold(0.0, |most: f64, value| if value.abs() > most.abs() { value } else { most });
    axis.iter().map(|value| (value * greatest.signum()) as f32).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Rows on an ellipse with its long axis along (3, 4, 0) and its short one along (-4, 3, 0).
    fn ellipse(n: usize) -> Vec<f32> {
        let point = |at: usize| {
            let (sin, cos) = (std::f32::consts::TAU * at as f32 / n as f32).sin_cos();
            [cos * 3.0 - 0.2 * sin * 4.0, cos * 4.0 + 0.2 * sin * 3.0, 0.0]
        };
        (0..n).flat_map(point).collect()
    }

    #[test]
    fn the_first_axis_is_the_long_one_and_the_second_stands_on_it() {
        let [first, second] = principal_axes(3, &ellipse(40));
        for (found, expected) in first.iter().zip([0.6, 0.8, 0.0]).chain(second.iter().zip([0.8, -0.6, 0.0])) {
            assert!((found - expected).abs() < 1e-4, "{first:?} {second:?}");
        }
    }

    #[test]
    fn without_variance_there_is_no_direction() {
        assert_eq!(principal_axes(2, &[0.0; 8]), [vec![0.0; 2], vec![0.0; 2]]);
        assert_eq!(principal_axes(2, &[]), [vec![0.0; 2], vec![0.0; 2]]);
        let [first, second] = principal_axes(2, &[1.0, 1.0, -1.0, -1.0, 2.0, 2.0, -2.0, -2.0]);
        assert!(first.iter().all(|value| (value - 0.5_f32.sqrt()).abs() < 1e-5) && second == [0.0; 2], "{second:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

        #[test]
        fn no_direction_has_more_variance_than_the_first(
            values in proptest::collection::vec(-1.0_f32..1.0, 24..60), x in -1.0_f32..1.0, y in -1.0_f32..1.0, z in -1.0_f32..1.0,
        ) {
            let n = values.len() / 3;
            let means: Vec<f32> = (0..3).map(|c| values.iter().skip(c).step_by(3).take(n).sum::<f32>() / n as f32).collect();
            let rows: Vec<f32> = values.iter().take(3 * n).enumerate().map(|(at, value)| value - means[at % 3]).collect();
            let variance = |axis: &[f32]| rows.chunks_exact(3).map(|row| product(row, axis).powi(2)).sum::<f64>();
            let [first, second] = principal_axes(3, &rows);
            let length = (x * x + y * y + z * z).sqrt().max(1e-3);
            let other = variance(&[x / length, y / length, z / length]);
            prop_assert!(variance(&first) >= 0.99 * other && variance(&first) >= 0.99 * variance(&second));
            prop_assert!(product(&first, &second).abs() < 1e-4);
        }

        #[test]
        fn few_rows_and_many_have_the_same_axes(values in proptest::collection::vec(-1.0_f32..1.0, 15)) {
            // Three rows of five numbers: by products; each of them twice, six rows: by the covariance.
            let means: Vec<f32> = (0..5).map(|c| values.iter().skip(c).step_by(5).sum::<f32>() / 3.0).collect();
            let rows: Vec<f32> = values.iter().enumerate().map(|(at, value)| value - means[at % 5]).collect();
            let variance = |axis: &[f32]| rows.chunks_exact(5).map(|row| product(row, axis).powi(2)).sum::<f64>();
            let ([few, _], [many, _]) = (principal_axes(5, &rows), principal_axes(5, &[rows.clone(), rows.clone()].concat()));
            prop_assert!((variance(&few) - variance(&many)).abs() < 0.01 * variance(&few).max(1e-6));
        }
    }
}

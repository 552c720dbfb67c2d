//! How far two lists of numbers put things in the same order.

/// Spearman's rank correlation, -1 to 1: equal values share the mean of their ranks. `None` for lists of different length, with
/// fewer than two values, with values that are not finite, or all of whose values are equal.
pub fn spearman(a: &[f64], b: &[f64]) -> Option<f64> {
    let is_usable = a.len() == b.len() && a.iter().chain(b).all(|value| value.is_finite());
    is_usable.then(|| correlation(&ranks(a), &ranks(b))).flatten()
}

/// From 1; of equal values, their mean.
fn ranks(values: &[f64]) -> Vec<f64> {
    // -0 and 0 are equal.
    let values: Vec<f64> = values.iter().map(|value| value + 0.0).collect();
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut n_below = 0;
    for equal in order.chunk_by(|a, b| values[*a].total_cmp(&values[*b]).is_eq()) {
        let rank = n_below as f64 + f64::midpoint(equal.len() as f64, 1.0);
        for at in equal {
            ranks[*at] = rank;
        }
        n_below += equal.len();
    }
    ranks
}

/// Pearson's, of ranks.
fn correlation(a: &[f64], b: &[f64]) -> Option<f64> {
    let mean = f64::midpoint(a.len() as f64, 1.0);
    let sum = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| (x - mean) * (y - mean)).sum::<f64>();
    let scale = (sum(a, a) * sum(b, b)).sqrt();
    (scale > 0.0).then(|| sum(a, b) / scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(a: &[f64], b: &[f64], expected: f64) {
        let found = spearman(a, b).unwrap();
        assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        assert_eq!(spearman(b, a), Some(found));
    }

    #[test]
    fn only_the_order_counts() {
        check(&[1.0, 2.0, 3.0], &[-5.0, 1e-9, 1e9], 1.0);
        check(&[1.0, 2.0, 3.0], &[9.0, 2.0, -3.0], -1.0);
        // 1 - 6 * 10 / (5 * 24)
        check(&[1.0, 2.0, 3.0, 4.0, 5.0], &[2.0, 1.0, 5.0, 3.0, 4.0], 1.0 - 6.0 * 8.0 / 120.0);
    }

    #[test]
    fn equal_values_share_their_rank() {
        assert_eq!(ranks(&[3.0, 0.0, 3.0, -0.0, 1.0]), [4.5, 1.5, 4.5, 1.5, 3.0]);
        // As SciPy 1.15 has it: spearmanr([0, 0, 0, 1, 2], [1, 0, 2, 2, 3]).
        check(&[0.0, 0.0, 0.0, 1.0, 2.0], &[1.0, 0.0, 2.0, 2.0, 3.0], 0.802_955_068_546_966_4);
    }

    #[test]
    fn without_an_order_there_is_none() {
        for (a, b) in [
            (vec![], vec![]),
            (vec![1.0], vec![1.0]),
            (vec![1.0, 1.0], vec![1.0, 2.0]),
            (vec![1.0, 2.0], vec![1.0]),
            (vec![1.0, f64::NAN], vec![1.0, 2.0]),
        ] {
            assert_eq!(spearman(&a, &b), None, "{a:?} {b:?}");
        }
    }
}

//! Counts of right and wrong, and how sure one may be of them.

use serde::{Deserialize, Serialize};

/// A 95 % interval of a proportion.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end, 0 to 1.
    pub low: f64,
    /// Upper end, 0 to 1.
    pub high: f64,
}

/// The Wilson score interval (Wilson 1927) of `hits` out of `n` at 95 %; the whole of 0 to 1 when `n` is 0.
pub fn wilson_interval(hits: u64, n: u64) -> Interval {
    const Z: f64 = 1.959_963_984_540_054;
    if n == 0 {
        return Interval { low: 0.0, high: 1.0 };
    }
    let (n, p) = (n as f64, hits as f64 / n as f64);
    let z2 = Z * Z;
    let centre = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z / (1.0 + z2 / n) * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    Interval { low: (centre - half).max(0.0), high: (centre + half).min(1.0) }
}

/// A confusion matrix: `rows[truth][predicted]`, counts of images; always square.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Vec<u64>>", into = "Vec<Vec<u64>>")]
pub struct Confusion {
    rows: Vec<Vec<u64>>,
}

/// A matrix with as many columns in every row as there are rows was needed.
#[derive(Debug, thiserror::Error)]
#[error("a confusion matrix of {0} classes needs {0} numbers in every row")]
pub struct NotSquare(usize);

impl TryFrom<Vec<Vec<u64>>> for Confusion {
    type Error = NotSquare;

    fn try_from(rows: Vec<Vec<u64>>) -> Result<Self, NotSquare> {
        let n = rows.len();
        if rows.iter().all(|row| row.len() == n) { Ok(Self { rows }) } else { Err(NotSquare(n)) }
    }
}

impl From<Confusion> for Vec<Vec<u64>> {
    fn from(confusion: Confusion) -> Self {
        confusion.rows
    }
}

impl Confusion {
    /// All zero, for `n_classes` classes.
    pub fn new(n_classes: usize) -> Self {
        Self { rows: vec![vec![0; n_classes]; n_classes] }
    }

    /// Counts one image. Indices out of range are a programming error and are ignored in release.
    pub fn count(&mut self, truth: usize, predicted: usize) {
        if let Some(cell) = self.rows.get_mut(truth).and_then(|row| row.get_mut(predicted)) {
            *cell += 1;
        } else {
            debug_assert!(false, "class {truth} or {predicted} out of range");
        }
    }

    /// `rows[truth][predicted]`.
    pub fn rows(&self) -> &[Vec<u64>] {
        &self.rows
    }

    /// Images counted.
    pub fn total(&self) -> u64 {
        self.rows.iter().flatten().sum()
    }

    /// Images whose prediction was the truth.
    pub fn correct(&self) -> u64 {
        self.rows.iter().enumerate().map(|(class, row)| row[class]).sum()
    }

    /// Argmax accuracy, 0 to 1; 0 when nothing was counted.
    pub fn accuracy(&self) -> f64 {
        self.correct() as f64 / self.total().max(1) as f64
    }

    /// (hits, images) of one class: the counts behind its sensitivity.
    pub fn sensitivity(&self, class: usize) -> (u64, u64) {
        (self.rows[class][class], self.rows[class].iter().sum())
    }

    /// (correct rejections, images of other classes): the counts behind one class's specificity.
    pub fn specificity(&self, class: usize) -> (u64, u64) {
        let others: u64 = self.total() - self.rows[class].iter().sum::<u64>();
        let false_alarms: u64 =
            self.rows.iter().enumerate().filter(|(truth, _)| *truth != class).map(|(_, row)| row[class]).sum();
        (others - false_alarms, others)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wilson_matches_published_values() {
        // 21 of 24, the sensitivity of the published network's first fold: 69.0 to 95.7 %.
        let interval = wilson_interval(21, 24);
        assert!((interval.low - 0.690).abs() < 5e-4 && (interval.high - 0.957).abs() < 5e-4, "{interval:?}");
        assert_eq!(wilson_interval(0, 0), Interval { low: 0.0, high: 1.0 });
    }

    #[test]
    fn only_a_square_matrix_is_read() {
        let read = serde_json::from_str::<Confusion>;
        assert_eq!(read("[[1,2],[3,4]]").unwrap().total(), 10);
        let error = read("[[1,2],[3]]").unwrap_err().to_string();
        assert!(error.contains("2 classes needs 2 numbers"), "{error}");
    }

    #[test]
    fn counts_sensitivity_and_specificity() {
        let mut confusion = Confusion::new(2);
        for (truth, predicted) in [(0, 0), (0, 1), (1, 1), (1, 1)] {
            confusion.count(truth, predicted);
        }
        assert_eq!(confusion.correct(), 3);
        assert_eq!(confusion.sensitivity(0), (1, 2));
        assert_eq!(confusion.specificity(0), (2, 2));
        assert_eq!(confusion.specificity(1), (1, 2));
    }
}

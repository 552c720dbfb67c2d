//! The confusion matrix, and the counts behind every proportion that is reported of a class.

use serde::{Deserialize, Serialize};

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

    /// (hits, images taken for the class): the counts behind its positive predictive value.
    pub fn positive_predictive(&self, class: usize) -> (u64, u64) {
        (self.rows[class][class], self.rows.iter().map(|row| row[class]).sum())
    }

    /// (correct rejections, images not taken for the class): the counts behind its negative predictive value.
    pub fn negative_predictive(&self, class: usize) -> (u64, u64) {
        let (_, n_taken) = self.positive_predictive(class);
        (self.specificity(class).0, self.total() - n_taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!([confusion.positive_predictive(0), confusion.positive_predictive(1)], [(1, 1), (2, 3)]);
        assert_eq!([confusion.negative_predictive(0), confusion.negative_predictive(1)], [(2, 3), (1, 1)]);
    }
}

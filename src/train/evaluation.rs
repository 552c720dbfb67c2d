//! How well a layer does on cached validation features.

use rayon::prelude::*;

use super::TrainError;
use super::cache::FeatureCache;
use super::callbacks::Score;
use crate::domain::vgg16::N_FEATURES;
use crate::domain::{ClassName, ContentHash};
use crate::head::Head;
use crate::stats::Confusion;

/// One image with cached features: its content, and the index of its class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Row {
    pub(super) class: usize,
    pub(super) hash: ContentHash,
}

/// The measures of one epoch.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Evaluation {
    /// Mean loss over the images, as the head's activation has it.
    pub(super) loss: f64,
    /// Keras' `binary_accuracy`: the share of single outputs on the right side of 0.5.
    pub(super) binary_accuracy: f64,
    /// `[truth][predicted]` by greatest logit.
    pub(super) confusion: Confusion,
    /// Of each row.
    pub(super) logits: Vec<Vec<f64>>,
}

impl Evaluation {
    pub(super) fn score(&self) -> Score {
        Score { n_correct: self.confusion.correct(), n: self.confusion.total(), loss: self.loss }
    }

    /// Of a layer that has diverged: no number at all.
    pub(super) fn diverged(n_classes: usize) -> Self {
        Self { loss: f64::NAN, binary_accuracy: f64::NAN, confusion: Confusion::new(n_classes), logits: Vec::new() }
    }
}

/// Measures `head` on `rows`, whose classes are indexed in its own order.
pub(super) fn evaluate(head: &Head, rows: &[Row], cache: &FeatureCache) -> Result<Evaluation, TrainError> {
    let logits = logits(head, rows, cache)?;
    let confusion = Confusion::new(head.classes().len());
    let mut evaluation = Evaluation { loss: 0.0, binary_accuracy: 0.0, confusion, logits: Vec::new() };
    for (row, logits) in rows.iter().zip(&logits) {
        evaluation.loss += head.activation().loss(logits, row.class);
        let scores = head.activation().scores(logits);
        let n_right =
            scores.iter().enumerate().filter(|(class, score)| (**score > 0.5) == (*class == row.class)).count();
        evaluation.binary_accuracy += n_right as f64 / scores.len() as f64;
        evaluation.confusion.count(row.class, Head::predicted(logits));
    }
    let n = rows.len().max(1) as f64;
    evaluation.loss /= n;
    evaluation.binary_accuracy /= n;
    evaluation.logits = logits;
    Ok(evaluation)
}

/// The outputs of a head whose classes a dataset has too. Outputs for classes that are no longer there are passed over; a
/// class that the head does not know it never predicts.
pub(super) struct SharedClasses(Vec<(usize, usize)>);

impl SharedClasses {
    /// `None` when they share no class.
    pub(super) fn of(head: &Head, classes: &[ClassName]) -> Option<Self> {
        let index_of = |name: &ClassName| classes.iter().position(|class| class == name);
        let named = head.classes().iter().enumerate();
        let shared: Vec<_> = named.filter_map(|(output, name)| Some((output, index_of(name)?))).collect();
        (!shared.is_empty()).then_some(Self(shared))
    }

    /// The predicted class, as an index of the dataset's classes; `logits` are all of the head's.
    pub(super) fn predicted(&self, logits: &[f64]) -> usize {
        let candidates: Vec<f64> = self.0.iter().map(|(output, _)| logits[*output]).collect();
        self.0[Head::predicted(&candidates)].1
    }
}

/// What any head predicts for `rows`, as indices of `classes`. `None` when they share no class.
pub(super) fn predictions_over(
    head: &Head,
    classes: &[ClassName],
    rows: &[Row],
    cache: &FeatureCache,
) -> Result<Option<Vec<usize>>, TrainError> {
    let Some(shared) = SharedClasses::of(head, classes) else { return Ok(None) };
    let logits = logits(head, rows, cache)?;
    Ok(Some(logits.iter().map(|logits| shared.predicted(logits)).collect()))
}

/// Of each row, in order.
pub(super) fn logits(head: &Head, rows: &[Row], cache: &FeatureCache) -> Result<Vec<Vec<f64>>, TrainError> {
    let of_row = |row: &Row| {
        let mut features = vec![0.0; N_FEATURES];
        cache.read(&row.hash, &mut features)?;
        Ok(head.logits(&features))
    };
    rows.par_iter().map(of_row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Activation;

    fn names(names: &[&str]) -> Vec<ClassName> {
        names.iter().map(|name| ClassName::new(*name).unwrap()).collect()
    }

    /// A head whose logit for class k is feature k, less 1.
    fn reading_head(classes: &[&str]) -> Head {
        let mut weight = vec![0.0; classes.len() * N_FEATURES];
        (0..classes.len()).for_each(|class| weight[class * N_FEATURES + class] = 1.0);
        Head::new(names(classes), Activation::Sigmoid, weight, vec![-1.0; classes.len()]).unwrap()
    }

    /// A cache with one entry for each of `features`, and its rows.
    fn cached(dir: &std::path::Path, features: &[(usize, [f32; 3])]) -> (FeatureCache, Vec<Row>) {
        let cache = FeatureCache::open(dir, ContentHash::of(b"backbone")).unwrap();
        let rows = features.iter().enumerate().map(|(number, (class, start))| {
            let row = Row { class: *class, hash: ContentHash::of(&[number as u8]) };
            let mut values = vec![0.0; N_FEATURES];
            values[..3].copy_from_slice(start);
            cache.store(&row.hash, &values).unwrap();
            row
        });
        let rows = rows.collect();
        (cache, rows)
    }

    #[test]
    fn the_two_accuracies_differ_as_in_keras() {
        let dir = tempfile::tempdir().unwrap();
        // Logits (-0.4, -0.8) of class 0: argmax right, one of two outputs right. (0.4, 0.8) of class 1: likewise.
        let (cache, rows) = cached(dir.path(), &[(0, [0.6, 0.2, 0.0]), (1, [1.4, 1.8, 0.0]), (1, [2.0, 0.5, 0.0])]);
        let evaluation = evaluate(&reading_head(&["a", "b"]), &rows, &cache).unwrap();
        assert_eq!(evaluation.confusion.rows(), [[1, 0], [1, 1]]);
        assert!((evaluation.binary_accuracy - (0.5 + 0.5 + 0.0) / 3.0).abs() < 1e-12);
        let term = |z: f64| (1.0 + z.exp()).ln();
        let expected = (term(0.4) + term(-0.8) + term(0.4) + term(-0.8) + term(1.0) + term(0.5)) / 6.0;
        assert!((evaluation.loss - expected).abs() < 1e-3, "{} {expected}", evaluation.loss);
    }

    #[test]
    fn a_model_of_other_classes_is_measured_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let (cache, rows) = cached(dir.path(), &[(0, [9.0, 3.0, 2.0]), (1, [9.0, 2.0, 3.0]), (2, [9.0, 2.0, 3.0])]);
        let current = names(&["b", "c", "d"]);
        let over = |classes: &[&str]| predictions_over(&reading_head(classes), &current, &rows, &cache).unwrap();
        assert_eq!(over(&["a", "b", "c"]), Some(vec![0, 1, 1]));
        assert_eq!(over(&["x", "y"]), None);
    }
}

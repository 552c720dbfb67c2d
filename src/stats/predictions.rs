//! A classifier's answers on labelled images, turned as measures need them.

use super::activation::Activation;
use super::argmax::argmax;
use super::calibration::brier;
use super::calibration::tempered;
use super::confusion::Confusion;

/// A classifier's answers on labelled images.
#[derive(Debug, Clone, PartialEq)]
pub struct Predictions {
    /// What the outputs become.
    pub activation: Activation,
    /// Logits of each image, by class.
    pub logits: Vec<Vec<f64>>,
    /// The class of each image.
    pub labels: Vec<usize>,
}

impl Predictions {
    /// The predicted class of each image: the greatest logit, the first of equals.
    pub fn predicted(&self) -> Vec<usize> {
        self.logits.iter().map(|logits| argmax(logits)).collect()
    }

    /// Indices of the images taken for another class, the surest first; `n` of them at most.
    pub fn most_confident_mistakes(&self, n: usize) -> Vec<usize> {
        let (scores, predicted) = (self.scores(1.0), self.predicted());
        let answers = predicted.iter().zip(&self.labels).enumerate();
        let mut wrong: Vec<usize> = answers.filter(|(_, (class, label))| class != label).map(|(at, _)| at).collect();
        wrong.sort_by(|a, b| scores[*b][predicted[*b]].total_cmp(&scores[*a][predicted[*a]]));
        wrong.truncate(n);
        wrong
    }

    /// Whether each image's prediction is right.
    pub fn right(&self) -> Vec<bool> {
        self.predicted().iter().zip(&self.labels).map(|(predicted, label)| predicted == label).collect()
    }

    /// Whether each image is of `class`.
    pub fn is_of(&self, class: usize) -> Vec<bool> {
        self.labels.iter().map(|label| *label == class).collect()
    }

    /// What ranks images by `class`: its output before it saturates.
    pub fn ranks(&self, class: usize) -> Vec<f64> {
        let rank = |logits: &Vec<f64>| match self.activation {
            Activation::Sigmoid => logits[class],
            Activation::Softmax => -self.activation.loss(logits, class),
        };
        self.logits.iter().map(rank).collect()
    }

    /// The outputs of each image at a temperature; 1 for the outputs themselves.
    pub fn scores(&self, temperature: f64) -> Vec<Vec<f64>> {
        self.logits.iter().map(|logits| self.activation.scores(&tempered(logits, temperature))).collect()
    }

    pub(super) fn confusion(&self, n_classes: usize) -> Confusion {
        let mut confusion = Confusion::new(n_classes);
        self.predicted()
            .into_iter()
            .zip(&self.labels)
            .for_each(|(predicted, label)| confusion.count(*label, predicted));
        confusion
    }
}

/// The images' scores of one temperature, turned as the measures need them.
pub(super) struct Outputs {
    pub(super) by_class: Vec<Vec<f64>>,
    pub(super) greatest: Vec<f64>,
    pub(super) share_right: Vec<f64>,
}

impl Outputs {
    pub(super) fn new(predictions: &Predictions, n_classes: usize, temperature: f64) -> Self {
        let scores = predictions.scores(temperature);
        let share = |(scores, label): (&Vec<f64>, &usize)| {
            let right = scores.iter().enumerate().filter(|(class, score)| (**score > 0.5) == (class == label)).count();
            right as f64 / n_classes as f64
        };
        Self {
            by_class: (0..n_classes).map(|class| scores.iter().map(|scores| scores[class]).collect()).collect(),
            greatest: predictions.predicted().iter().zip(&scores).map(|(class, scores)| scores[*class]).collect(),
            share_right: scores.iter().zip(&predictions.labels).map(share).collect(),
        }
    }

    pub(super) fn brier(&self, predictions: &Predictions, weights: &[f64]) -> f64 {
        let of = |(class, scores): (usize, &Vec<f64>)| brier(scores, &predictions.is_of(class), weights);
        self.by_class.iter().enumerate().map(of).sum::<f64>() / self.by_class.len().max(1) as f64
    }
}

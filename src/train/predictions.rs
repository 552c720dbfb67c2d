//! A model's predictions on images, and which images they are.

use super::evaluation::Row;
use crate::domain::ContentHash;
use crate::stats::{Activation, Predictions};

/// What a model says of images that it did not learn from.
#[derive(Debug, Clone, PartialEq)]
pub struct ImagePredictions {
    /// The images, in the order of the predictions.
    pub images: Vec<ContentHash>,
    /// Logits and labels.
    pub outputs: Predictions,
}

impl ImagePredictions {
    /// `logits`: those of each row.
    pub(super) fn new(activation: Activation, rows: &[Row], logits: Vec<Vec<f64>>) -> Self {
        let labels = rows.iter().map(|row| row.class).collect();
        let outputs = Predictions { activation, logits, labels };
        Self { images: rows.iter().map(|row| row.hash).collect(), outputs }
    }

    /// Each image with its logits and its label.
    pub fn iter(&self) -> impl Iterator<Item = (ContentHash, &[f64], usize)> {
        let Predictions { logits, labels, .. } = &self.outputs;
        let outputs = logits.iter().map(Vec::as_slice).zip(labels);
        self.images.iter().zip(outputs).map(|(image, (logits, label))| (*image, logits, *label))
    }
}

//! What the page of a run is made from.

use crate::domain::{ContentHash, Decision, EpochRecord, MapBenchmark, Misclassified, ModelRecord};
use crate::imaging::Picture;
use crate::stats::Predictions;

/// What a run's page is made from.
#[derive(Debug)]
pub struct RunReport<'a> {
    /// The model.
    pub model: &'a ModelRecord,
    /// Epoch by epoch.
    pub history: &'a [EpochRecord],
    /// Its predictions on the validation images.
    pub predictions: &'a Predictions,
    /// The validation images, in the same order.
    pub images: &'a [ContentHash],
    /// Their file names.
    pub names: &'a [String],
    /// Its most confident mistakes, the worst first.
    pub misclassified: &'a [Misclassified<Picture>],
    /// Whether its dataset lies in the inbox and so has a page.
    pub has_dataset_page: bool,
    /// What was decided on the model.
    pub decision: &'a Decision,
    /// How well its maps find what is painted, where its data were generated.
    pub ground_truth: Option<&'a MapBenchmark>,
}

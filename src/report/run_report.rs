//! What the page of a run is made from.

use crate::domain::{Decision, EpochRecord, Evidence, ModelRecord};
use crate::imaging::Picture;
use crate::stats::Predictions;

/// What a run's page is made from.
#[derive(Debug)]
pub struct RunReport<'a> {
    /// The model.
    pub model: &'a ModelRecord,
    /// Epoch by epoch.
    pub history: &'a [EpochRecord],
    /// Its answers on the validation images.
    pub judged: &'a Predictions,
    /// The validation images' file names, in the same order.
    pub names: &'a [String],
    /// Its worst mistakes, the worst first.
    pub mistakes: &'a [Mistake<'a>],
    /// What was decided on the model.
    pub decision: &'a Decision,
}

/// A validation image that was taken for another class.
#[derive(Debug, Clone, Copy)]
pub struct Mistake<'a> {
    /// Which of the validation images it is.
    pub at: usize,
    /// The image as the network took it; or a sentence why it cannot be shown.
    pub picture: Result<&'a Picture, &'a str>,
    /// Evidence for the class that it was taken for, and for its own.
    pub evidence: &'a [Evidence; 2],
}

//! A run's page: how the training went, how good its model is, where it errs, and what it was made of.

use std::path::Path;

use super::error::ReportError;
use super::{record, run_page};
use crate::disk::write_atomic;
use crate::domain::{Decision, EpochRecord, Judged, ModelRecord};

/// What a run's page is made from.
#[derive(Debug)]
pub struct RunReport<'a> {
    /// The model.
    pub model: &'a ModelRecord,
    /// Epoch by epoch.
    pub history: &'a [EpochRecord],
    /// Its answers on the validation images.
    pub judged: &'a Judged,
    /// The validation images' file names, in the same order.
    pub names: &'a [String],
    /// What was decided on the model.
    pub decision: &'a Decision,
}

/// Writes `report.html` into the run's folder.
///
/// # Errors
/// [`ReportError`].
pub fn write_run(folder: &Path, report: &RunReport<'_>) -> Result<(), ReportError> {
    Ok(write_atomic(&folder.join(record::PAGE), run_page::render(report)?.as_bytes())?)
}

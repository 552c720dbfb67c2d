//! What the report of a scan is made from.

use crate::domain::{Explanation, ModelRecord};
use crate::imaging::Picture;

/// What a scan's report is made from.
#[derive(Debug, Clone, Copy)]
pub struct ScanReport<'a> {
    /// What the model says.
    pub explanation: &'a Explanation,
    /// The model.
    pub model: &'a ModelRecord,
    /// The scan.
    pub picture: &'a Picture,
    /// The images of the explanation's neighbours, `None` for one that cannot be read; empty where none is to be shown.
    pub neighbours: &'a [Option<Picture>],
    /// Whether it lies two folders below the service's gallery, beside the pages of datasets and models; else it lies one
    /// below a gallery of its own.
    pub is_of_service: bool,
}

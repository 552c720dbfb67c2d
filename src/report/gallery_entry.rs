//! One report of the gallery, as its pages and its table list it.

use super::record::ReportRecord;

/// A report and where it lies.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    /// Relative to the gallery, `/`-separated.
    pub(super) folder: &'a str,
    /// What `report.json` says.
    pub(super) record: &'a ReportRecord,
    /// The page of the model that explained it, relative to the gallery, where there is one.
    pub(super) model_page: Option<String>,
    /// The page of its dataset, where there is one, as an address from the gallery.
    pub(super) dataset_page: Option<String>,
    /// Whether the dataset no longer has the predicted class.
    pub(super) is_obsolete: bool,
}

//! Where the map of a dataset's features lies.

use std::path::{Path, PathBuf};

use crate::disk::{DiskError, remove_file};
use crate::domain::DatasetName;

/// Of the page, in the folder of the dataset's reports.
pub(super) const FEATURE_PAGE: &str = "features.html";

/// Where the page lies.
pub(super) fn feature_page(reports_dir: &Path, dataset: &DatasetName) -> PathBuf {
    reports_dir.join(dataset.as_str()).join(FEATURE_PAGE)
}

/// Removes the map of a dataset's features; one that is not there is no error.
///
/// # Errors
/// [`DiskError::Io`].
pub fn remove_feature_page(reports_dir: &Path, dataset: &DatasetName) -> Result<(), DiskError> {
    remove_file(&feature_page(reports_dir, dataset))
}

//! What the gallery can link to: pages of datasets and of models.

use std::collections::BTreeSet;
use std::path::Path;

use super::dataset_page::{dataset_page_beside, dataset_pages};
use super::error::ReportError;
use super::feature_page_path::{FEATURE_PAGE, feature_page};
use super::format::address;
use super::gallery_row::GalleryRow;
use super::record::PAGE;
use crate::disk::listed;
use crate::domain::{ContentHash, DatasetName};

/// The pages of datasets and models that are there. Reports outside a state folder have no models beside them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct GalleryLinks {
    pub(super) datasets: BTreeSet<DatasetName>,
    /// Those that have a map of the features.
    pub(super) mapped: BTreeSet<DatasetName>,
    /// `<dataset>/<run>`.
    runs: BTreeSet<String>,
}

impl GalleryLinks {
    /// # Errors
    /// [`ReportError::List`], [`ReportError::Disk`] when a folder cannot be listed.
    pub(super) fn read(reports_dir: &Path) -> Result<Self, ReportError> {
        let (mut runs, folder) = (BTreeSet::new(), reports_dir.join("../runs"));
        for run in walkdir::WalkDir::new(&folder).min_depth(2).max_depth(2).into_iter().filter_map(listed) {
            let run = run?.into_path();
            let name = run.strip_prefix(&folder).ok().filter(|_| run.join(PAGE).is_file());
            runs.extend(name.and_then(Path::to_str).map(str::to_owned));
        }
        let datasets = dataset_pages(reports_dir)?;
        let mapped = datasets.iter().filter(|dataset| feature_page(reports_dir, dataset).is_file()).cloned().collect();
        Ok(Self { datasets, mapped, runs })
    }

    /// The address of the page of the report's dataset, from the gallery.
    pub(super) fn dataset_page(&self, row: &GalleryRow) -> Option<String> {
        self.datasets.contains(&*row.dataset).then(|| dataset_page_beside(&row.dataset))
    }

    /// The address of the page of the report's model, from the gallery.
    pub(super) fn model_page(&self, row: &GalleryRow) -> Option<String> {
        let run = format!("{}/{}", row.dataset, row.model);
        self.runs.contains(&run).then(|| address(&format!("../runs/{run}/{PAGE}")))
    }

    /// The address of the map of the features of a dataset, from the gallery.
    pub(super) fn feature_page(&self, dataset: &DatasetName) -> Option<String> {
        self.mapped.contains(dataset).then(|| address(&format!("{dataset}/{FEATURE_PAGE}")))
    }

    pub(super) fn identity(&self) -> ContentHash {
        let names = |datasets: &'_ BTreeSet<DatasetName>| -> Vec<String> {
            datasets.iter().map(DatasetName::to_string).collect()
        };
        let (datasets, mapped) = (names(&self.datasets), names(&self.mapped));
        let names = datasets.iter().map(String::as_str).chain([""]).chain(mapped.iter().map(String::as_str));
        ContentHash::of_parts(names.chain([""]).chain(self.runs.iter().map(String::as_str)).map(str::as_bytes))
    }
}

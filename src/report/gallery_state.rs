//! What the gallery was last written with, kept beside it: a later look knows by it whether the gallery is the one that the
//! reports of now would make, without making it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::ReportError;
use super::record::{FILE, PAGE};
use crate::disk::{listed, write_atomic};
use crate::domain::{ContentHash, CurrentClasses, DatasetName};

const NAME: &str = ".gallery.json";

/// What the gallery was last written with.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct GalleryState {
    pub(super) n_reports: usize,
    pub(super) n_obsolete: usize,
    pub(super) classes: CurrentClasses,
    /// Identity of the records and model pages that it was made from; `None` in those of older versions.
    #[serde(default)]
    pub(super) made_from: Option<ContentHash>,
    /// Its files, by name.
    #[serde(default)]
    pub(super) files: BTreeMap<String, ContentHash>,
}

impl GalleryState {
    /// `None` where there is none that can be used.
    pub(super) fn read(reports_dir: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(reports_dir.join(NAME)).ok()?).ok()
    }

    pub(super) fn write(&self, reports_dir: &Path) -> Result<(), ReportError> {
        Ok(write_atomic(&reports_dir.join(NAME), &serde_json::to_vec(self).unwrap_or_default())?)
    }

    /// Whether every file of the gallery is there as it was written.
    pub(super) fn is_whole(&self, reports_dir: &Path) -> bool {
        let holds = |(name, hash): (&String, &ContentHash)| {
            fs::read(reports_dir.join(name)).is_ok_and(|bytes| ContentHash::of(&bytes) == *hash)
        };
        self.files.iter().all(holds)
    }
}

/// Identity of the records in these folders, by size and time, and of the pages of models and datasets that there are to link to.
///
/// # Errors
/// [`ReportError::Disk`] when the folder of runs cannot be listed.
pub(super) fn made_from(
    reports_dir: &Path,
    folders: &[String],
    datasets: &BTreeSet<DatasetName>,
) -> Result<ContentHash, ReportError> {
    let record = |folder: &String| {
        let stamp =
            fs::metadata(reports_dir.join(folder).join(FILE)).and_then(|file| Ok((file.len(), file.modified()?)));
        format!("{folder} {:?}", stamp.ok())
    };
    let datasets = datasets.iter().map(|dataset| format!("dataset {dataset}"));
    let mut parts: Vec<String> = folders.iter().map(record).chain(datasets).collect();
    let folder = reports_dir.join("../runs");
    for run in walkdir::WalkDir::new(&folder).min_depth(2).max_depth(2).into_iter().filter_map(listed) {
        let run = run?.into_path();
        let name = run.strip_prefix(&folder).ok().filter(|_| run.join(PAGE).is_file());
        parts.extend(name.map(|name| name.display().to_string()));
    }
    parts.sort_unstable();
    Ok(ContentHash::of_parts(parts.iter().map(String::as_bytes)))
}

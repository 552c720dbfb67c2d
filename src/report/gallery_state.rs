//! What the gallery was last written with, kept beside it: a later look knows by it whether the gallery is the one that the
//! reports of now would make, without making it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::ReportError;
use super::results_table;
use super::set_identity::SetIdentity;
use crate::disk::write_atomic;
use crate::domain::{ContentHash, CurrentClasses};

const NAME: &str = ".gallery.json";

/// What the gallery was last written with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct GalleryState {
    pub(super) n_reports: usize,
    pub(super) n_obsolete: usize,
    pub(super) classes: CurrentClasses,
    /// Of the records that it was made from.
    pub(super) records: SetIdentity,
    /// Of the pages that it links to.
    pub(super) links: ContentHash,
    /// Of its table.
    pub(super) table: SetIdentity,
    /// Its other files, by name.
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
        self.files.iter().all(holds) && results_table::holds(reports_dir, self.table)
    }
}

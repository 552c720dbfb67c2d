//! Where everything in the state folder lies. No other room joins these paths.

use std::path::{Path, PathBuf};

use super::DiskError;
use crate::domain::{ContentHash, DatasetName, RunId, safe_stem};

/// The state folder.
#[derive(Debug, Clone)]
pub struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// The state folder at `root`; nothing is made yet.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether a gradwatch has recorded anything in it.
    ///
    /// # Errors
    /// [`DiskError::Io`]: this user may not see it.
    pub fn has_records(&self) -> Result<bool, DiskError> {
        for path in [self.journal(), self.registry(), self.runs()] {
            if path.try_exists().map_err(DiskError::io("look at", &path))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Its folders in which gradwatch itself writes files.
    pub(super) fn folders(&self) -> [PathBuf; 9] {
        ["datasets", "outside", "locks", "features", "weights", "runs", "reports", "outbox", "quarantine"]
            .map(|folder| self.root.join(folder))
    }

    /// sled's folder.
    pub fn registry(&self) -> PathBuf {
        self.root.join("registry")
    }

    /// The append-only second copy of every state change.
    pub fn journal(&self) -> PathBuf {
        self.root.join("journal.ndjson")
    }

    /// What was begun and has not ended.
    pub fn attempts(&self) -> PathBuf {
        self.root.join("attempts.ndjson")
    }

    /// What the service is doing, for people and scripts.
    pub fn status(&self) -> PathBuf {
        self.root.join("status.json")
    }

    /// The same for Prometheus' textfile collector.
    pub fn metrics(&self) -> PathBuf {
        self.root.join("gradwatch.prom")
    }

    /// Folders of the inbox that were seen to be mounted.
    pub fn mounts(&self) -> PathBuf {
        self.root.join("mounts.json")
    }

    /// What pseudonyms are made with.
    pub fn site_key(&self) -> PathBuf {
        self.root.join("site.key")
    }

    /// The socket on which a running service answers other gradwatch commands.
    pub fn control_socket(&self) -> PathBuf {
        self.root.join("control.sock")
    }

    /// What augmentation made of the datasets in the inbox.
    pub fn datasets(&self) -> PathBuf {
        self.root.join("datasets")
    }

    /// What augmentation made of one dataset: `augmented/` and `manifest.jsonl` lie here.
    pub fn expansion(&self, dataset: &DatasetName) -> PathBuf {
        self.datasets().join(dataset.as_str())
    }

    /// The same for a dataset in a `folder` outside the inbox.
    pub fn expansion_of(&self, dataset: &DatasetName, folder: &Path) -> PathBuf {
        let hash = ContentHash::of(folder.as_os_str().as_encoded_bytes());
        self.outside().join(Self::report_folder(Some(dataset.as_str()), &hash))
    }

    /// What is kept of datasets outside the inbox.
    pub fn outside(&self) -> PathBuf {
        self.root.join("outside")
    }

    /// Names the folder outside the inbox whose dataset this is.
    pub fn folder_note(&self, dataset: &DatasetName) -> PathBuf {
        self.outside().join(format!("{dataset}.folder"))
    }

    /// Locked while a program trains on the dataset.
    pub fn training_lock(&self, dataset: &DatasetName) -> PathBuf {
        self.root.join("locks").join(dataset.as_str())
    }

    /// The feature cache.
    pub fn features(&self) -> PathBuf {
        self.root.join("features")
    }

    /// Weight files: imported ones, and the built-in backbone once it is made.
    pub fn weights(&self) -> PathBuf {
        self.root.join("weights")
    }

    /// All runs of all datasets.
    pub fn runs(&self) -> PathBuf {
        self.root.join("runs")
    }

    /// One run's folder.
    pub fn run(&self, dataset: &DatasetName, run: &RunId) -> PathBuf {
        self.runs().join(dataset.as_str()).join(run.as_str())
    }

    /// All reports; the gallery lies directly in it.
    pub fn reports(&self) -> PathBuf {
        self.root.join("reports")
    }

    /// One scan's report folder, relative to [`Self::reports`]: `<dataset>/<stem>-<hash8>`.
    pub fn report_name(dataset: &DatasetName, stem: &str, hash: &ContentHash) -> String {
        format!("{dataset}/{}", Self::report_folder(Some(stem), hash))
    }

    /// The last part of it, whatever characters the stem holds and however long it is; without a stem, the first 16 digits
    /// of the hash.
    pub fn report_folder(stem: Option<&str>, hash: &ContentHash) -> String {
        match stem {
            Some(stem) => format!("{}-{}", safe_stem(stem), hash.short()),
            None => hash.to_string()[..16].to_owned(),
        }
    }

    /// Reason files for inputs that could not be used.
    pub fn quarantine(&self) -> PathBuf {
        self.root.join("quarantine")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn report_folders_fit_any_file_system() {
        let hash = ContentHash::of(b"abc");
        let dataset = DatasetName::new("x").unwrap();
        assert_eq!(Workspace::report_name(&dataset, "a/b", &hash), "x/a_b-ba7816bf");
        assert!(Workspace::report_folder(Some(&"\u{1d11e}".repeat(255)), &hash).len() <= 255);
    }
}

//! The folders of the inbox that were seen to be mounted, kept in `mounts.json`: after a restart, too, an unmounted folder is
//! distinguished from an emptied one, and another file system from the one that was there.

use std::collections::BTreeSet;
use std::{fs, io};

use serde::Deserialize;

use crate::disk::{DiskError, Workspace, write_atomic};
use crate::watch::{FileSystemId, SeenMounts};

/// What is in the file.
#[derive(Debug)]
pub(super) struct KnownMounts {
    workspace: Workspace,
    stored: Option<SeenMounts>,
    is_failing: bool,
}

/// The forms that the file had.
#[derive(Deserialize)]
#[serde(untagged)]
enum StoredMounts {
    Named(BTreeSet<String>),
    Identified(SeenMounts),
}

impl KnownMounts {
    /// Reads the file. Without it nobody remembers.
    pub(super) fn open(workspace: &Workspace) -> Self {
        let path = workspace.mounts();
        let stored = match fs::read(&path).and_then(|bytes| Ok(serde_json::from_slice::<StoredMounts>(&bytes)?)) {
            Ok(stored) => Some(stored.into_seen()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                let advice =
                    "check that everything is mounted; an unmounted folder counts as an emptied one until then";
                tracing::warn!(file = %path.display(), %error, advice, "List of mounted folders not read");
                None
            }
        };
        Self { workspace: workspace.clone(), stored, is_failing: false }
    }

    /// The folders; `None` when nobody remembers.
    pub(super) fn seen(&self) -> Option<&SeenMounts> {
        self.stored.as_ref()
    }

    /// Writes them if they are others; what fails is tried again with the next call.
    pub(super) fn store(&mut self, seen: Option<&SeenMounts>) {
        let Some(seen) = seen.filter(|seen| self.stored.as_ref() != Some(*seen)) else { return };
        match self.write(seen) {
            Ok(()) => {
                self.stored = Some(seen.clone());
                self.is_failing = false;
            }
            Err(error) if !self.is_failing => {
                self.is_failing = true;
                tracing::warn!(%error, "List of mounted folders not written; it is tried again");
            }
            Err(_) => {}
        }
    }

    fn write(&self, seen: &SeenMounts) -> Result<(), DiskError> {
        write_atomic(&self.workspace.mounts(), serde_json::json!(seen).to_string().as_bytes())
    }
}

impl StoredMounts {
    fn into_seen(self) -> SeenMounts {
        match self {
            Self::Named(folders) => folders.into_iter().map(|folder| (folder, FileSystemId::default())).collect(),
            Self::Identified(seen) => seen,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_stored_is_there_again() {
        let dir = tempfile::tempdir().unwrap();
        let workspace = Workspace::new(dir.path());
        let seen: SeenMounts = serde_json::from_str(r#"{"datasets/x": "ef53 1f 2"}"#).unwrap();
        let mut known = KnownMounts::open(&workspace);
        assert_eq!(known.seen(), None);
        known.store(None);
        assert!(!workspace.mounts().exists());
        known.store(Some(&seen));
        assert_eq!(KnownMounts::open(&workspace).seen(), Some(&seen));
        fs::write(workspace.mounts(), b"torn").unwrap();
        assert_eq!(KnownMounts::open(&workspace).seen(), None);
    }

    #[test]
    fn a_list_of_an_older_version_names_folders_alone() {
        let dir = tempfile::tempdir().unwrap();
        let workspace = Workspace::new(dir.path());
        fs::create_dir_all(workspace.mounts().parent().unwrap()).unwrap();
        fs::write(workspace.mounts(), r#"["datasets/x"]"#).unwrap();
        let seen = SeenMounts::from([("datasets/x".to_owned(), FileSystemId::default())]);
        assert_eq!(KnownMounts::open(&workspace).seen(), Some(&seen));
    }
}

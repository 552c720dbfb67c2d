//! The folders of the inbox that were seen to be mounted, kept in `mounts.json`: after a restart, too, an unmounted folder is
//! distinguished from an emptied one.

use std::collections::BTreeSet;
use std::{fs, io};

use crate::disk::{DiskError, Workspace, write_atomic};

/// What is in the file.
#[derive(Debug)]
pub(super) struct KnownMounts {
    workspace: Workspace,
    stored: BTreeSet<String>,
    is_failing: bool,
}

impl KnownMounts {
    /// Reads the file. Without it nothing was mounted.
    pub(super) fn open(workspace: &Workspace) -> Self {
        let path = workspace.mounts();
        let stored = match fs::read(&path).and_then(|bytes| Ok(serde_json::from_slice(&bytes)?)) {
            Ok(stored) => stored,
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeSet::new(),
            Err(error) => {
                let advice =
                    "check that everything is mounted; an unmounted folder counts as an emptied one until then";
                tracing::warn!(file = %path.display(), %error, advice, "List of mounted folders not read");
                BTreeSet::new()
            }
        };
        Self { workspace: workspace.clone(), stored, is_failing: false }
    }

    /// The folders.
    pub(super) fn folders(&self) -> &BTreeSet<String> {
        &self.stored
    }

    /// Writes them if they are others; what fails is tried again with the next call.
    pub(super) fn store(&mut self, folders: &BTreeSet<String>) {
        if *folders == self.stored {
            return;
        }
        match self.write(folders) {
            Ok(()) => {
                self.stored.clone_from(folders);
                self.is_failing = false;
            }
            Err(error) if !self.is_failing => {
                self.is_failing = true;
                tracing::warn!(%error, "List of mounted folders not written; it is tried again");
            }
            Err(_) => {}
        }
    }

    fn write(&self, folders: &BTreeSet<String>) -> Result<(), DiskError> {
        write_atomic(&self.workspace.mounts(), serde_json::json!(folders).to_string().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_stored_is_there_again() {
        let dir = tempfile::tempdir().unwrap();
        let workspace = Workspace::new(dir.path());
        let folders = BTreeSet::from(["datasets/x".to_owned()]);
        let mut known = KnownMounts::open(&workspace);
        assert!(known.folders().is_empty());
        known.store(&BTreeSet::new());
        assert!(!workspace.mounts().exists());
        known.store(&folders);
        assert_eq!(*KnownMounts::open(&workspace).folders(), folders);
        fs::write(workspace.mounts(), b"torn").unwrap();
        assert!(KnownMounts::open(&workspace).folders().is_empty());
    }
}

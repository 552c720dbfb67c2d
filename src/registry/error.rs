//! What can go wrong with the registry: what, where, how to fix.

use std::path::{Path, PathBuf};

use crate::disk::DiskError;

/// A registry that cannot be opened or written.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// Another gradwatch works in this state folder; while it is the service, it answers on its control socket.
    #[error(transparent)]
    Locked(DiskError),
    /// A file operation failed.
    #[error(transparent)]
    Disk(DiskError),
    /// A journal line was written, but the disk did not confirm it: nobody knows whether it is committed.
    #[error(transparent)]
    Unsynced(DiskError),
    /// A newer gradwatch wrote this.
    #[error(
        "`{}` was written by a newer gradwatch (schema {found}, this one reads {known}); use that version, or set another storage.state_dir",
        path.display()
    )]
    NewerSchema {
        /// Journal or sled folder.
        path: PathBuf,
        /// As written.
        found: u16,
        /// The newest this program knows.
        known: u16,
    },
    /// An older gradwatch wrote sled's records, and the journal lacks some of them.
    #[error(
        "`{}` was written by an older gradwatch and `{}` lacks some of its changes; start version 0.1.0 once, which repairs it, or remove the folder to continue with the rest",
        path.display(),
        journal.display()
    )]
    OldLayout {
        /// sled's folder.
        path: PathBuf,
        /// The journal beside it.
        journal: PathBuf,
    },
    /// A journal line is whole, but this program cannot read it.
    #[error("commit {seq} in `{}` is complete but cannot be read: {source}; use the gradwatch version that wrote it", path.display())]
    Unknown {
        /// The journal.
        path: PathBuf,
        /// Which commit.
        seq: u64,
        /// What is unknown.
        source: serde_json::Error,
    },
    /// sled failed in a way that is no damage.
    #[error("cannot {doing} the registry in `{}`: {message}; check the disk, the journal is complete", path.display())]
    Store {
        /// `open`, `read`, `write`.
        doing: &'static str,
        /// sled's folder.
        path: PathBuf,
        /// What it says.
        message: String,
    },
    /// sled failed earlier in this process.
    #[error(
        "an earlier change did not reach the registry, so no more are accepted; start gradwatch again, it resumes from the journal"
    )]
    Behind,
    /// A record that cannot be written as JSON.
    #[error("cannot write a record as JSON: {0}; please report this")]
    Unwritable(#[from] serde_json::Error),
}

impl RegistryError {
    /// Whether its cause lies in the disk alone, so that another opening may succeed.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Disk(_) | Self::Unsynced(_) | Self::Store { .. } | Self::Behind)
    }

    pub(super) fn store(doing: &'static str, path: &Path, message: impl Into<String>) -> Self {
        Self::Store { doing, path: path.to_owned(), message: message.into() }
    }
}

impl From<DiskError> for RegistryError {
    fn from(error: DiskError) -> Self {
        match error {
            DiskError::Locked { .. } => Self::Locked(error),
            DiskError::Io { .. } | DiskError::NoRoom { .. } | DiskError::Training { .. } | DiskError::Busy { .. } => {
                Self::Disk(error)
            }
        }
    }
}

//! Why the inbox cannot be looked at.

use std::io;
use std::path::PathBuf;

/// An inbox that cannot be read. Never treated as an inbox that was emptied.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// There is no such folder.
    #[error("the inbox `{}` does not exist; create or mount it, or set watch.inbox to another folder", .0.display())]
    Missing(PathBuf),
    /// The folder is there, but nothing of what was in it.
    #[error("the inbox `{}` looks unmounted: {n_known} files are known, but it contains neither `datasets` nor `scans`; \
        mount it, or create one of the two if all files were removed on purpose", path.display())]
    Unmounted {
        /// The inbox.
        path: PathBuf,
        /// Files known from before.
        n_known: usize,
    },
    /// The system refuses to list it.
    #[error("cannot list the inbox `{}`: {source}; give the user that runs gradwatch read access to it", path.display())]
    Unreadable {
        /// The inbox.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The watching thread cannot be started.
    #[error("cannot start the thread that watches the inbox: {0}; raise the limit of processes for this user")]
    Thread(io::Error),
}

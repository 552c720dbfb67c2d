//! What the watched folder reports: a file can be read, or a file no longer exists.

use super::FileStamp;

/// News of one file in the inbox. Paths are relative to the inbox, `/`-separated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arrival {
    /// Nothing has changed it for long enough: it may be read.
    Settled {
        /// The file.
        path: String,
        /// As it was when it settled.
        stamp: FileStamp,
        /// Its time is over: if it still looks unfinished, it is quarantined.
        last_try: bool,
    },
    /// A file that was reported before no longer exists.
    Gone {
        /// The file.
        path: String,
    },
}

impl Arrival {
    /// The file it is about.
    pub fn path(&self) -> &str {
        match self {
            Self::Settled { path, .. } | Self::Gone { path } => path,
        }
    }
}

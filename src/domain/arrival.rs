//! What the watched folder tells: a file may be read, or a file is no more.

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
        /// It was given all the time it gets: when it still looks unfinished, it is to be set aside.
        last_try: bool,
    },
    /// A file that was told of before is not there any more.
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

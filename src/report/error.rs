//! What can go wrong with a report.

use std::io;
use std::path::PathBuf;

use crate::disk::DiskError;
use crate::domain::Explanation;
use crate::imaging::EncodeError;

/// Why a report or the gallery could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A file could not be written.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// An image could not be encoded.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The explanation and the model do not speak of the same classes.
    #[error("the explanation of `{scan}` does not match model {model}: {what}; explain the scan again")]
    Unfit {
        /// File name of the scan.
        scan: String,
        /// The model's run.
        model: String,
        /// What differs.
        what: &'static str,
    },
    /// The record holds something that JSON cannot say.
    #[error("cannot write the record of `{scan}`: {source}; please report this error")]
    Json {
        /// File name of the scan.
        scan: String,
        /// Why.
        source: serde_json::Error,
    },
    /// `results.csv` could not be written.
    #[error("cannot write `results.csv`: {0}; please report this error")]
    Table(#[from] csv::Error),
    /// A curve could not be drawn.
    #[error("cannot draw a curve ({0}); please report this error")]
    Plot(String),
    /// A file that the system refuses to read: which, why and what to do.
    #[error("{0}")]
    Unread(String),
    /// A file of others has the name of one of ours.
    #[error("`{}` was not written by gradwatch and is not overwritten; move it and run again", path.display())]
    InTheWay {
        /// Which.
        path: PathBuf,
    },
    /// The folder of reports cannot be listed.
    #[error("cannot list `{}`: {source}; check its permissions", path.display())]
    List {
        /// Which folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl ReportError {
    pub(super) fn unfit(explanation: &Explanation, what: &'static str) -> Self {
        Self::Unfit { scan: explanation.name.clone(), model: explanation.model.to_string(), what }
    }
}

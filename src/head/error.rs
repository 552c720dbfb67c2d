//! What can go wrong with a saved head. Every message is one line: what, where, how to fix.

use std::io;
use std::path::PathBuf;

use crate::domain::ContentHash;
use crate::weights::WeightsError;

/// Why a head cannot be made, read, written or taken out of a user's model.
#[derive(Debug, thiserror::Error)]
pub enum HeadError {
    /// A run's saved head cannot be read.
    #[error("cannot read `{}`: {source}; restore the run's folder, or train again", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A saved file of the run is not the one its record names.
    #[error("`{}` is not the file that its record names (SHA-256 {found}, recorded {expected}); train again, or restore the file", path.display())]
    Foreign {
        /// Which file.
        path: PathBuf,
        /// Recorded.
        expected: Box<ContentHash>,
        /// Found.
        found: Box<ContentHash>,
    },
    /// Bytes that are no saved head, or numbers that are none.
    #[error("not a saved classifier layer: {reason}")]
    Unusable {
        /// What is wrong.
        reason: String,
    },
    /// Bytes that are no features of training images.
    #[error("not saved features of training images: {reason}; train again")]
    NoFeatures {
        /// What is wrong.
        reason: String,
    },
    /// A weights or model file.
    #[error(transparent)]
    Weights(#[from] WeightsError),
}

//! Why a scan could not be explained.

use crate::domain::RunId;

/// Why a scan could not be explained.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// The layer has other classes than its record.
    #[error(
        "model {model}: its saved layer and its record do not speak of the same classes; restore the run's folder, or train again"
    )]
    ForeignHead {
        /// The model's run.
        model: RunId,
    },
    /// A score is no number.
    #[error("`{scan}`: model {model} gives a score that is no number; train again with a smaller train.learning_rate")]
    NotFinite {
        /// File name of the scan.
        scan: String,
        /// The model's run.
        model: RunId,
    },
}

//! Why a scan could not be explained.

use crate::domain::RunId;

/// Why a scan could not be explained.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// The layer has other classes than its record.
    #[error(
        "model {model}: head.safetensors and model.json list different classes; restore the run's folder, or train again"
    )]
    ForeignHead {
        /// The model's run.
        model: RunId,
    },
    /// A score is no number.
    #[error("`{scan}`: a score of model {model} is not a number; train again with a smaller train.learning_rate")]
    NotFinite {
        /// File name of the scan.
        scan: String,
        /// The model's run.
        model: RunId,
    },
}

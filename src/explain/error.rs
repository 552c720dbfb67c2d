//! Why a scan could not be explained.

use crate::domain::{RunId, TrainingDistance};

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
    /// `report.ood = "refuse"`, and the scan is unlike what the model learned from.
    #[error(
        "`{scan}` is unlike the images that model {model} learned from (distance {:.1}, limit {:.1}), and report.ood is \"refuse\"; check \
         that it is the right kind of image, or set report.ood = \"flag\"", distance.distance, distance.limit
    )]
    Unlike {
        /// File name of the scan.
        scan: String,
        /// The model's run.
        model: RunId,
        /// How far it is.
        distance: TrainingDistance,
    },
    /// `report.ood = "refuse"`, and the distance to the training images is not known.
    #[error(
        "`{scan}`: it is not known whether it is like the images that model {model} learned from, and report.ood is \"refuse\"; train \
         again with at least 5 validation images, or set report.ood = \"flag\""
    )]
    UnknownDistance {
        /// File name of the scan.
        scan: String,
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

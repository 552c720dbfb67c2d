//! Why a use case ended without its result.

use crate::augment::AugmentError;
use crate::disk::DiskError;
use crate::domain::Stopped;
use crate::nn::NnError;
use crate::train::TrainError;

/// Why a training ended without a model.
#[derive(Debug, thiserror::Error)]
pub enum WorkflowError {
    /// On request.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// Copies could not be made.
    #[error(transparent)]
    Augment(AugmentError),
    /// The dataset cannot be locked.
    #[error(transparent)]
    Lock(#[from] DiskError),
    /// The network cannot be used.
    #[error(transparent)]
    Network(NnError),
    /// The head could not be trained.
    #[error(transparent)]
    Train(TrainError),
    /// A training that was done once more did not come to the same model.
    #[error(transparent)]
    OtherModel(TrainError),
    /// An ablation of what is not there.
    #[error(
        "there is no augmentation to omit: augment.mode = \"expand\" with augment.copies = 0 makes no copies; set augment.copies to 1 or more"
    )]
    NothingToLeaveOut,
    /// A cross-validation of data that cannot be shared out so.
    #[error("the images cannot be divided into {n} parts: {reason}")]
    Unfoldable {
        /// Parts that were asked for.
        n: usize,
        /// Why, and what to do.
        reason: String,
    },
    /// A model from elsewhere whose outputs are no numbers.
    #[error(
        "the model's outputs for `{image}` are not finite numbers; check --preprocessing and --input-side, and that the file is whole"
    )]
    NoScores {
        /// An image that it was asked for.
        image: String,
    },
    /// Two trainings that answered no image both.
    #[error("no image could be measured in both trainings; see the warnings above")]
    NothingInCommon,
}

impl From<AugmentError> for WorkflowError {
    fn from(error: AugmentError) -> Self {
        match error {
            AugmentError::Stopped(stopped) => Self::Stopped(stopped),
            other => Self::Augment(other),
        }
    }
}

impl From<NnError> for WorkflowError {
    fn from(error: NnError) -> Self {
        match error {
            NnError::Stopped(stopped) => Self::Stopped(stopped),
            other => Self::Network(other),
        }
    }
}

impl From<TrainError> for WorkflowError {
    fn from(error: TrainError) -> Self {
        match error {
            TrainError::Stopped(stopped) => Self::Stopped(stopped),
            other @ TrainError::OtherModel { .. } => Self::OtherModel(other),
            other => Self::Train(other),
        }
    }
}

//! Why a training came to no model. Every message is one line: what, where, how to fix.

use std::io;
use std::path::PathBuf;

use crate::content::FileFailure;
use crate::disk::DiskError;
use crate::domain::{RunId, Stopped};
use crate::head::HeadError;
use crate::nn::NnError;

/// What ended a training.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The images do not make a classification task.
    #[error("dataset `{dataset}` cannot be trained on: {reason}")]
    NotTrainable {
        /// Its name.
        dataset: String,
        /// What is missing, and what to add.
        reason: String,
    },
    /// No epoch gave a number to compare.
    #[error("the training diverged: no epoch has a finite {monitor}; lower train.learning_rate")]
    Diverged {
        /// The metric that early stopping looks at.
        monitor: &'static str,
    },
    /// Every epoch fell short of what was asked for.
    #[error(
        "no epoch's {monitor} was better than train.checkpoint.initial_value_threshold ({threshold}); {advice} it, or set it to \"none\""
    )]
    NothingSaved {
        /// The metric that the checkpoint looks at.
        monitor: &'static str,
        /// What it had to beat.
        threshold: f64,
        /// `lower` where greater is better, else `raise`.
        advice: &'static str,
    },
    /// Features that 16-bit floats cannot hold.
    #[error(
        "the network's features are not finite or exceed 65504, because backbone.preprocessing does not fit the weights; set it to \"auto\""
    )]
    FeatureRange,
    /// A cached feature file vanished during the training.
    #[error("cannot read cached features `{}`: {source}; train again to recompute them", path.display())]
    Features {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Originals that may be readable soon.
    #[error("{n} image(s) cannot be read now, and the training waits for them: {first}")]
    Unread {
        /// How many.
        n: usize,
        /// The first of them.
        first: Box<FileFailure>,
    },
    /// Copies that the program made itself are not what they were, or cannot be read.
    #[error("{n} augmented image(s) cannot be used ({first}), and were removed; train again to make them anew")]
    LostCopies {
        /// How many.
        n: usize,
        /// What is wrong with the first of them.
        first: String,
    },
    /// A training that was done once more did not come to the same model.
    #[error(
        "trained once more, model {run_id} is not what it was: another device, version or image file; its missing files stay so"
    )]
    OtherModel {
        /// Which model.
        run_id: RunId,
    },
    /// A bug: the record of the model cannot be written as JSON.
    #[error("cannot write the model's record ({0}); please report it")]
    Record(#[from] serde_json::Error),
    /// A bug: the training cannot be saved.
    #[error("cannot save the training ({0}); please report it")]
    Save(#[from] safetensors::SafeTensorError),
    /// The head.
    #[error(transparent)]
    Head(#[from] HeadError),
    /// The network.
    #[error(transparent)]
    Nn(#[from] NnError),
    /// The disk.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// Asked to end; finished features are kept.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

impl TrainError {
    /// Of the originals that a disk, a share or a permission keeps from being read, if any do.
    pub fn unread<'a>(failures: impl IntoIterator<Item = &'a FileFailure>) -> Option<Self> {
        let mut unread = failures.into_iter().filter(|failure| failure.is_refused());
        let first = Box::new(unread.next()?.clone());
        Some(Self::Unread { n: 1 + unread.count(), first })
    }
}

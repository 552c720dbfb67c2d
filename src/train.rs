//! Training: features of every image, once; then epochs over them until early stopping, and the run's folder.
//!
//! It does not depend on the inbox, the registry, promotion, or how copies are made; the job names what it trains on.

mod batches;
mod cache;
mod callbacks;
mod epochs;
mod error;
mod evaluation;
mod features;
mod forget;
mod gather;
mod held_out;
mod history;
mod job;
mod map_check;
mod misclassified;
mod predict;
mod predictions;
mod prefetch;
mod resume;
mod run;
mod shortcuts;
mod statistics;
mod tested;
mod training_features;
mod training_manifest;
mod training_set;
mod trim;

pub use error::TrainError;
pub use features::{FeatureFolder, cache_features, store_features};
pub use forget::{forget_features, forget_resume};
pub use held_out::{HeldOut, train_held_out};
pub use job::{Augmented, FreshCopy, TrainJob};
pub use predict::{ModelPredictor, NamedImage};
pub use predictions::ImagePredictions;
pub use run::{FinishedRun, measure, train};
pub use statistics::{PixelStatistics, channel_statistics};
pub use training_manifest::trained_on;
pub use trim::trim_features;

#[cfg(test)]
mod tests;

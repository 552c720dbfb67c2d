//! The head on the frozen network's features: Flatten and one Dense layer, or the layers of an imported model. Its fit, its
//! file, and the maps that explain it.
//!
//! Plain arithmetic on arrays. The room does not know libtorch, how features are computed, nor datasets, splits or runs.

mod cam;
mod chain;
mod classifier;
mod error;
mod fit;
mod import;
mod linear;
#[cfg(test)]
mod peer_tests;
mod saved;
mod training_features;

pub use cam::{Activations, class_maps, evidence, grad_cam_of_pool5};
pub use classifier::Head;
pub use error::HeadError;
pub use fit::{Adam, BatchLoss, ChannelScale, FeatureStatistics, FitSettings, FitState, HeadFit};
pub use import::ImportedModel;
pub(crate) use import::import_model;
pub use linear::LinearHead;
pub use training_features::{LearnedImage, TRAINING_FEATURES, TrainingFeatures, TrainingMap, channel_means};

#[cfg(test)]
pub(crate) use cam::tests::{activations_of_side, random_activations};
#[cfg(test)]
pub(crate) use chain::tests::random_chain;
#[cfg(test)]
pub(crate) use classifier::tests::random_head;
#[cfg(test)]
pub(crate) use import::head_of;

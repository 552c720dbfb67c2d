//! The head: Flatten and one Dense layer on the frozen network's features. Its fit, its file, and the maps that explain it.
//!
//! Plain arithmetic on arrays. The room does not know libtorch, how features are computed, nor datasets, splits or runs.

mod cam;
mod dense;
mod error;
mod fit;
mod import;
mod saved;

pub use cam::{Activations, class_maps, evidence};
pub use dense::Head;
pub use error::HeadError;
pub use fit::{Adam, BatchLoss, ChannelScale, FeatureStatistics, FitSettings, FitState, HeadFit};
pub use import::ImportedModel;
pub(crate) use import::import_model;

#[cfg(test)]
pub(crate) use cam::tests::random_activations;
#[cfg(test)]
pub(crate) use dense::tests::random_head;

//! The network: a frozen VGG16 on libtorch, the layer above it, its fitting, and the maps that explain it.
//!
//! The only room that names `tch`. Public items are plain data; no tensor leaves. It knows nothing of datasets,
//! files of images, splits or runs.

#![allow(clippy::cast_possible_wrap, reason = "libtorch counts in i64, which holds the size of anything in memory")]

mod activations;
mod allocation;
mod builtin;
mod cam;
mod cuda;
mod cuda_event;
mod device;
mod engine;
mod error;
mod filtered;
mod fit;
mod gpu;
mod head;
mod input;
mod network;
mod pattern;
mod pinned;
mod placed;
mod precision;
mod rescue;
mod rounding;
mod self_test;
mod torch;
mod version;
mod weights;
mod worker;

pub use activations::Activations;
pub use cam::{class_maps, evidence};
pub use device::count_gpus;
pub use engine::{Backbone, Engine};
pub use error::NnError;
pub use fit::{Adam, BatchLoss, ChannelScale, ChannelStatistics, FitSettings, FitState, HeadFit};
pub use head::Head;
pub use self_test::self_test;
pub use version::FEATURES;
pub use weights::{ImportedModel, WeightsFile, count_model_classes, import_model, import_weights, list_weights};

/// A full-size network that is soon there, shared by all tests.
#[cfg(test)]
pub(crate) fn engine_for_tests() -> Engine {
    engine::tests::engine()
}

//! The network: a frozen VGG16 on the processor or on a GPU.
//!
//! The only room that names `tch` (libtorch) and `winograd`. Public items are plain data; no tensor leaves. The room must
//! not know formats of weight files, nor datasets, files of images, splits or runs.

#![allow(clippy::cast_possible_wrap, reason = "libtorch counts in i64, which holds the size of anything in memory")]

mod arithmetic;
mod backbone;
mod builtin;
mod calibration_images;
mod cuda;
mod cuda_event;
mod device;
mod engine;
mod error;
mod filters;
mod gpu_backend;
mod gpu_fallback;
#[cfg(test)]
mod gradients;
mod input;
mod kept_filters;
mod large_memory;
mod libtorch;
mod malloc;
mod network;
mod network_image;
mod pinned;
mod prepared;
mod processor_peak;
mod rounding;
mod running_network;
mod self_test;
mod torch_backend;
mod version;
mod winograd_backend;
mod worker;

pub use backbone::{Backbone, NetworkChoice, check_weights, configured_backbone};
pub use device::{check_device, count_gpus};
pub use engine::Engine;
pub use error::NnError;
pub use libtorch::{LibtorchBinding, defer_libtorch};
pub use network_image::NetworkImage;
pub use processor_peak::processor_peak;
pub use self_test::self_test;
pub use version::FEATURES;

#[cfg(test)]
mod tests;

/// A full-size network that is soon there, shared by all tests.
#[cfg(test)]
pub(crate) fn engine_for_tests() -> Engine {
    engine::tests::engine()
}

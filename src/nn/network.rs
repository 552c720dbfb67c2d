//! The frozen network on its device: images in, activations out.
//!
//! On a processor with fused products the convolutions run by minimal filtering, which takes less than half of oneDNN's
//! processor time and is nearly as exact.

use std::path::Path;

use tch::Device;
use winograd::Instructions;

use super::arithmetic::Arithmetic;
use super::backbone::About;
use super::error::NnError;
use super::gpu_backend::{GpuBackend, InFlight};
use super::input::Input;
use super::network_image::NetworkImage;
use super::torch_backend::{Tensors, TorchBackend};
use super::winograd_backend::{Planes, WinogradBackend};
use crate::config::Preparation;
use crate::domain::ContentHash;
use crate::domain::vgg16::{Conv, INPUT_SIDE, VGG16};
use crate::head::Activations;
use crate::weights::ConvWeights;

/// The convolutions with their weights on the device.
pub(super) enum Network {
    /// At the processor.
    Processor(ProcessorBackend),
    /// On a GPU, in batches of one size.
    Gpu(Box<GpuBackend>),
}

/// How a processor computes, always in f32.
pub(super) enum ProcessorBackend {
    Winograd(Box<WinogradBackend>),
    Torch(Input, TorchBackend),
}

/// The last convolution's output after `ReLU`, and what the last pool makes of it.
enum Output {
    Planes(Vec<Planes>),
    Tensors(Tensors),
}

/// A batch's features: there, or to come while the next batch is prepared.
pub(super) enum PendingFeatures {
    /// One row an image.
    Ready(Vec<Vec<f32>>),
    /// A GPU works on them.
    InFlight(InFlight),
}

impl PendingFeatures {
    /// One row an image, once they are there.
    pub(super) fn rows(self) -> Result<Vec<Vec<f32>>, NnError> {
        match self {
            Self::Ready(rows) => Ok(rows),
            Self::InFlight(batch) => batch.rows(),
        }
    }
}

impl Network {
    /// For images of `side` x `side` pixels. `arithmetic` is that of a GPU; a processor has f32 alone.
    pub(super) fn new(
        plan: &[Conv],
        weights: &[ConvWeights],
        input: Preparation,
        side: u32,
        device: Device,
        arithmetic: Arithmetic,
    ) -> Result<Self, NnError> {
        Ok(match device {
            Device::Cuda(index) => {
                let input = Input::new(input, side, device)?;
                Self::Gpu(Box::new(GpuBackend::new(plan, weights, input, index, arithmetic)?))
            }
            _ => Self::Processor(ProcessorBackend::new(plan, weights, input, side)?),
        })
    }

    /// On the processor, by filters that were kept in `folder`; `None` where there are none that can be used.
    pub(super) fn kept(folder: &Path, about: &About, side: u32) -> Option<Self> {
        let instructions = Instructions::of_this_processor()?;
        let backend = WinogradBackend::kept(&VGG16, (folder, about.sha256), about.input, side, instructions)?;
        Some(Self::Processor(ProcessorBackend::Winograd(Box::new(backend))))
    }

    /// Keeps its filters in `folder`, if it has any: the next start is quicker.
    pub(super) fn keep(&self, folder: &Path, weights: ContentHash) {
        if let Self::Processor(ProcessorBackend::Winograd(backend)) = self {
            backend.keep(folder, weights);
        }
    }

    /// How it computes, in a few words: what its last bits depend on besides the weights. Cached features are named by it.
    pub(super) fn manner(&self) -> String {
        let (side, manner) = match self {
            Self::Gpu(backend) => (backend.side(), backend.manner()),
            Self::Processor(ProcessorBackend::Winograd(backend)) => (backend.side(), "f32, filtered".to_owned()),
            Self::Processor(ProcessorBackend::Torch(input, _)) => (input.side(), "f32".to_owned()),
        };
        // Features of the usual size keep their name.
        if side as usize == INPUT_SIDE { manner } else { format!("{manner}, {side} x {side}") }
    }

    /// All activations of images of the network's size.
    pub(super) fn forward(&self, images: &[NetworkImage]) -> Result<Vec<Activations>, NnError> {
        match self {
            Self::Gpu(backend) => backend.forward(images),
            Self::Processor(backend) => backend.run(images)?.activations(images.len()),
        }
    }

    /// Begins with pool5 alone, which is all that a training needs, of at most `batch` images.
    pub(super) fn start(&self, images: &[NetworkImage], batch: usize) -> Result<PendingFeatures, NnError> {
        match self {
            Self::Gpu(backend) => backend.start(images, batch).map(PendingFeatures::InFlight),
            Self::Processor(backend) => backend.run(images)?.features(images.len()).map(PendingFeatures::Ready),
        }
    }

    /// Gives its memory back, unless it lies on a GPU that is lost: freeing it would ask the GPU, for which libtorch ends the
    /// program.
    pub(super) fn release(self) {
        match self {
            Self::Gpu(backend) if !backend.is_alive() => std::mem::forget(backend),
            alive => drop(alive),
        }
    }
}

/// Whether the network runs without libtorch there.
pub(super) fn is_filtered(device: Device) -> bool {
    device == Device::Cpu && Instructions::of_this_processor().is_some()
}

impl ProcessorBackend {
    fn new(plan: &[Conv], weights: &[ConvWeights], input: Preparation, side: u32) -> Result<Self, NnError> {
        Ok(match Instructions::of_this_processor() {
            Some(instructions) => {
                Self::Winograd(Box::new(WinogradBackend::new(plan, weights, input, side, instructions)?))
            }
            None => Self::Torch(Input::new(input, side, Device::Cpu)?, TorchBackend::new(plan, weights)?),
        })
    }

    fn run(&self, images: &[NetworkImage]) -> Result<Output, NnError> {
        Ok(match self {
            Self::Winograd(backend) => Output::Planes(backend.run(images)),
            Self::Torch(input, backend) => Output::Tensors(backend.run(&input.tensor(images)?)?),
        })
    }
}

impl Output {
    fn activations(self, n: usize) -> Result<Vec<Activations>, NnError> {
        match self {
            Self::Planes(planes) => {
                let answer = |planes: Planes| Activations { pool5: planes.pooled(), conv5_3: planes.values };
                Ok(planes.into_iter().map(answer).collect())
            }
            Self::Tensors(tensors) => {
                let pairs = tensors.conv5_3(n)?.into_iter().zip(tensors.pool5(n)?);
                Ok(pairs.map(|(conv5_3, pool5)| Activations { conv5_3, pool5 }).collect())
            }
        }
    }

    fn features(&self, n: usize) -> Result<Vec<Vec<f32>>, NnError> {
        match self {
            Self::Planes(planes) => Ok(planes.iter().map(Planes::pooled).collect()),
            Self::Tensors(tensors) => tensors.pool5(n),
        }
    }
}

#[cfg(test)]
mod tests;

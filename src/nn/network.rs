//! The frozen network on its device: pictures in, activations out.
//!
//! On a processor with fused products the layers are filtered, which takes less than half of oneDNN's processor time and is
//! nearly as exact. In bf16 the first blocks are too: what is rounded early grows most on its way to the end.

use tch::{Device, TchError, Tensor};
use winograd::Instructions;

use super::error::NnError;
use super::error::Torch;
use super::gpu::{GpuLayers, InFlight};
use super::input::Input;
use super::precision::{EXACT_BLOCKS, Precision};
use super::torch_backend::{Placed, Tensors, to_vec};
use super::winograd_backend::{Filtered, Planes};
use crate::config::Preparation;
use crate::domain::vgg16::{Conv, INPUT_SIDE};
use crate::head::Activations;
use crate::imaging::Rgb8;
use crate::weights::ConvWeights;

/// The convolutions with their weights on the device.
pub(super) enum Network {
    /// At the processor.
    Processor(Input, Layers),
    /// On a GPU, in batches of one size.
    Gpu(Box<GpuLayers>),
}

/// How a processor computes.
pub(super) enum Layers {
    /// All by minimal filtering.
    Filtered(Filtered),
    /// All by oneDNN.
    Placed(Placed),
    /// One after the other.
    Both(Filtered, Placed),
}

/// The last convolution's output after `ReLU`, and what the last pool makes of it.
enum Output {
    Planes(Vec<Planes>),
    Tensors(Tensors),
}

/// A batch's features: there, or to come while the next batch is prepared.
pub(super) enum Features {
    /// One row a picture.
    Ready(Vec<Vec<f32>>),
    /// A GPU works on them.
    InFlight(InFlight),
}

impl Features {
    /// One row of 25,088 numbers a picture, once they are there.
    pub(super) fn rows(self) -> Result<Vec<Vec<f32>>, NnError> {
        match self {
            Self::Ready(rows) => Ok(rows),
            Self::InFlight(batch) => batch.rows(),
        }
    }
}

impl Network {
    pub(super) fn new(
        plan: &[Conv],
        weights: &[ConvWeights],
        input: Preparation,
        device: Device,
        precision: Precision,
    ) -> Result<Self, NnError> {
        Ok(match device {
            Device::Cuda(index) => Self::Gpu(Box::new(GpuLayers::new(plan, weights, input, index, precision)?)),
            _ => Self::Processor(Input::new(input, device)?, Layers::new(plan, weights, precision)?),
        })
    }

    /// How it computes, in a few words: what its last bits depend on besides the weights.
    pub(super) fn manner(&self) -> String {
        match self {
            Self::Gpu(layers) => layers.manner(),
            Self::Processor(_, Layers::Filtered(_)) => "f32, filtered".to_owned(),
            Self::Processor(_, Layers::Placed(placed)) => placed.precision().name().to_owned(),
            Self::Processor(_, Layers::Both(..)) => "bf16 after three blocks in f32, filtered".to_owned(),
        }
    }

    /// All activations of pictures of 224x224.
    pub(super) fn forward(&self, pictures: &[Rgb8]) -> Result<Vec<Activations>, NnError> {
        match self {
            Self::Gpu(layers) => layers.forward(pictures),
            Self::Processor(input, layers) => layers.run(&input.tensor(pictures)?)?.activations(pictures.len()),
        }
    }

    /// Begins with pool5 alone, which is all that a training needs, of at most `batch` pictures.
    pub(super) fn start(&self, pictures: &[Rgb8], batch: usize) -> Result<Features, NnError> {
        match self {
            Self::Gpu(layers) => layers.start(pictures, batch).map(Features::InFlight),
            Self::Processor(input, layers) => {
                layers.run(&input.tensor(pictures)?)?.features(pictures.len()).map(Features::Ready)
            }
        }
    }
}

impl Layers {
    fn new(plan: &[Conv], weights: &[ConvWeights], precision: Precision) -> Result<Self, NnError> {
        let n_exact = match precision {
            Precision::F32 | Precision::F16 => plan.len(),
            Precision::Bf16 => first_blocks(plan),
        };
        Ok(match Instructions::of_this_processor() {
            None => Self::Placed(Placed::new(plan, weights, precision)?),
            Some(instructions) if n_exact == plan.len() => {
                Self::Filtered(Filtered::new(plan, weights, false, instructions)?)
            }
            Some(instructions) => {
                let filtered = Filtered::new(&plan[..n_exact], weights, true, instructions)?;
                Self::Both(filtered, Placed::new(&plan[n_exact..], &weights[n_exact..], precision)?)
            }
        })
    }

    fn run(&self, x: &Tensor) -> Result<Output, NnError> {
        Ok(match self {
            Self::Filtered(filtered) => Output::Planes(filter(filtered, x)?),
            Self::Placed(placed) => Output::Tensors(placed.run(x)?),
            Self::Both(filtered, placed) => {
                let x = stacked(&filter(filtered, x)?).named("stack the pictures")?;
                Output::Tensors(placed.run(&x)?)
            }
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

/// `x` is `[n, 3, rows, columns]`.
fn filter(filtered: &Filtered, x: &Tensor) -> Result<Vec<Planes>, NnError> {
    let channels_last = x.f_permute([0, 2, 3, 1]).and_then(|x| to_vec(&x)).named("lay out the pictures")?;
    let pictures = channels_last.chunks_exact(3 * INPUT_SIDE.pow(2));
    Ok(pictures.map(|picture| filtered.run(picture)).collect())
}

/// `[n, channels, rows, columns]`
fn stacked(pictures: &[Planes]) -> Result<Tensor, TchError> {
    let side = pictures.first().map_or(1, |planes| planes.side) as i64;
    let values: Vec<f32> = pictures.iter().flat_map(|planes| &planes.values).copied().collect();
    Tensor::f_from_slice(&values)?.f_view([pictures.len() as i64, -1, side, side])
}

/// Layers of the first blocks of `plan`.
fn first_blocks(plan: &[Conv]) -> usize {
    let mut ends = plan.iter().enumerate().filter(|(_, conv)| conv.ends_block).map(|(at, _)| at + 1);
    ends.nth(EXACT_BLOCKS - 1).unwrap_or(plan.len())
}

#[cfg(test)]
mod tests;

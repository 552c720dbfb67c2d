//! The frozen network on its device: pictures in, activations out.
//!
//! On a processor with fused products the layers are filtered, which takes less than half of oneDNN's processor time and is
//! nearly as exact. In bf16 the first blocks are too: what is rounded early grows most on its way to the end.

use tch::{Device, TchError, Tensor};
use winograd::Instructions;

use super::architecture::{Conv, INPUT_SIDE};
use super::filtered::{Filtered, Planes};
use super::placed::{Placed, Tensors, to_vec};
use super::precision::Precision;
use super::torch::Torch;
use super::weights::Layer;
use super::{Activations, NnError};
use crate::config::Preparation;
use crate::imaging::Rgb8;

/// Blocks that a processor computes in f32 even where bf16 is asked for. Filtered, they take no longer; and rounding them
/// too moves a class's probability by up to 0.03.
const EXACT_BLOCKS: usize = 3;

/// The convolutions with their weights on the device.
pub(super) struct Network {
    layers: Layers,
    input: Preparation,
    device: Device,
}

enum Layers {
    Filtered(Filtered),
    Placed(Placed),
    /// One after the other.
    Both(Filtered, Placed),
}

/// The last convolution's output after `ReLU`, and what the last pool makes of it.
enum Output {
    Planes(Vec<Planes>),
    Tensors(Tensors),
}

impl Network {
    pub(super) fn new(
        plan: &[Conv],
        weights: &[Layer],
        input: Preparation,
        device: Device,
        precision: Precision,
    ) -> Result<Self, NnError> {
        let n_exact = match precision {
            Precision::F32 => plan.len(),
            Precision::Bf16 => first_blocks(plan),
        };
        let layers = match Instructions::of_this_processor().filter(|_| device == Device::Cpu) {
            None => Layers::Placed(Placed::new(plan, weights, device, precision)?),
            Some(instructions) if n_exact == plan.len() => {
                Layers::Filtered(Filtered::new(plan, weights, false, instructions)?)
            }
            Some(instructions) => {
                let filtered = Filtered::new(&plan[..n_exact], weights, true, instructions)?;
                Layers::Both(filtered, Placed::new(&plan[n_exact..], &weights[n_exact..], device, precision)?)
            }
        };
        Ok(Self { layers, input, device })
    }

    /// How it computes, in a few words: what its last bits depend on besides the weights.
    pub(super) fn manner(&self) -> &'static str {
        match &self.layers {
            Layers::Filtered(_) => "f32, filtered",
            Layers::Placed(placed) => placed.precision().name(),
            Layers::Both(..) => "bf16 after three blocks in f32, filtered",
        }
    }

    /// All activations of pictures of 224x224, as many as asked; the caller holds to one batch size.
    pub(super) fn forward(&self, pictures: &[Rgb8]) -> Result<Vec<Activations>, NnError> {
        match self.run(pictures)? {
            Output::Planes(planes) => {
                let answer = |planes: Planes| Activations { pool5: planes.pooled(), conv5_3: planes.values };
                Ok(planes.into_iter().map(answer).collect())
            }
            Output::Tensors(tensors) => {
                let pairs = tensors.conv5_3(pictures.len())?.into_iter().zip(tensors.pool5(pictures.len())?);
                Ok(pairs.map(|(conv5_3, pool5)| Activations { conv5_3, pool5 }).collect())
            }
        }
    }

    /// pool5 alone, which is all that a training needs.
    pub(super) fn features(&self, pictures: &[Rgb8]) -> Result<Vec<Vec<f32>>, NnError> {
        match self.run(pictures)? {
            Output::Planes(planes) => Ok(planes.iter().map(Planes::pooled).collect()),
            Output::Tensors(tensors) => tensors.pool5(pictures.len()),
        }
    }

    fn run(&self, pictures: &[Rgb8]) -> Result<Output, NnError> {
        let x = self.input.tensor(pictures, self.device)?;
        Ok(match &self.layers {
            Layers::Filtered(filtered) => Output::Planes(filter(filtered, &x)?),
            Layers::Placed(placed) => Output::Tensors(placed.run(&x)?),
            Layers::Both(filtered, placed) => {
                let x = stacked(&filter(filtered, &x)?).named("stack the pictures")?;
                Output::Tensors(placed.run(&x)?)
            }
        })
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

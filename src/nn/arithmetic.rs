//! The floating-point numbers that the network computes with.

use tch::{Kind, TchError, Tensor};

use super::error::NnError;
use super::rounding::rounded;
use crate::config::Precision;
use crate::weights::ConvWeights;

/// Blocks that are computed in f16 where bf16 is asked for: what is rounded early grows most on its way to the end.
/// In bf16 they would move a class's probability by up to 0.03.
const N_F16_BLOCKS: usize = 3;

/// Of products and what is stored between layers; sums are 32-bit floats in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arithmetic {
    /// 32-bit floats.
    F32,
    /// Half of the bits: 11 significant ones, up to 65504. On GPUs alone.
    F16,
    /// The upper half of 32-bit floats: the same range, 8 significant bits. On GPUs alone.
    Bf16,
}

impl Arithmetic {
    /// 32 bits: 16-bit floats gain no time on a processor.
    ///
    /// # Errors
    /// [`NnError::OnGpusAlone`] where 16-bit floats are asked for.
    pub(super) fn on_processor(wanted: Precision) -> Result<Self, NnError> {
        match wanted {
            Precision::Auto | Precision::F32 => Ok(Self::F32),
            Precision::F16 => Err(NnError::OnGpusAlone { precision: Self::F16.name() }),
            Precision::Bf16 => Err(NnError::OnGpusAlone { precision: Self::Bf16.name() }),
        }
    }

    /// On a GPU f16, as fast as bf16 and eight times as exact, unless something is asked for.
    pub(super) fn on_gpu(wanted: Precision) -> Self {
        match wanted {
            Precision::F32 => Self::F32,
            Precision::F16 | Precision::Auto => Self::F16,
            Precision::Bf16 => Self::Bf16,
        }
    }

    /// Of the layers of block `block`, from 0, on a GPU.
    pub(super) fn of_block_on_gpu(self, block: usize) -> Self {
        match self {
            Self::Bf16 if block < N_F16_BLOCKS => Self::F16,
            other => other,
        }
    }

    /// The word in `compute.precision`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Bf16 => "bf16",
        }
    }

    /// libtorch's name of it.
    pub(super) fn kind(self) -> Kind {
        match self {
            Self::F32 => Kind::Float,
            Self::F16 => Kind::Half,
            Self::Bf16 => Kind::BFloat16,
        }
    }

    /// A convolution's weights in 32-bit floats, in their files' order; for bf16, numbers that it has.
    pub(super) fn weights(self, conv: &ConvWeights) -> Result<Tensor, TchError> {
        match self {
            Self::F32 | Self::F16 => Tensor::f_from_slice(&conv.weight),
            Self::Bf16 => Tensor::f_from_slice(&rounded(&conv.weight)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_device_has_its_own_choice_and_a_gpu_rounds_early_blocks_less() {
        assert_eq!(Arithmetic::on_gpu(Precision::Auto), Arithmetic::F16);
        assert_eq!(Arithmetic::on_processor(Precision::Auto).unwrap(), Arithmetic::F32);
        let blocks = [0, 1, 2, 3, 4].map(|block| Arithmetic::Bf16.of_block_on_gpu(block));
        let expected = [Arithmetic::F16, Arithmetic::F16, Arithmetic::F16, Arithmetic::Bf16, Arithmetic::Bf16];
        assert_eq!(blocks, expected);
        assert_eq!(Arithmetic::F32.of_block_on_gpu(0), Arithmetic::F32);
    }

    #[test]
    fn a_processor_refuses_16_bit_floats_in_one_line() {
        for (wanted, word) in [(Precision::F16, "f16"), (Precision::Bf16, "bf16")] {
            let refused = Arithmetic::on_processor(wanted).unwrap_err().to_string();
            let expected = format!("compute.precision is \"{word}\", which needs a GPU; set it to \"auto\" or \"f32\"");
            assert_eq!(refused, expected);
        }
    }
}

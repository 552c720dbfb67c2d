//! The arithmetic that the network runs in.

use std::arch::is_x86_feature_detected;

use tch::{Kind, TchError, Tensor};

use super::error::NnError;
use super::rounding::rounded;
use crate::config;
use crate::weights::ConvWeights;

/// Blocks that are computed more exactly where bf16 is asked for: what is rounded early grows most on its way to the end.
/// Rounding them too moves a class's probability by up to 0.03.
pub(super) const EXACT_BLOCKS: usize = 3;

/// Of products and what is stored between layers; sums are 32-bit floats in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Precision {
    /// 32-bit floats.
    F32,
    /// Half of the bits: 11 significant ones, up to 65504.
    F16,
    /// The upper half of 32-bit floats: the same range, 8 significant bits.
    Bf16,
}

impl Precision {
    /// 32 bits on the processor, unless something is asked for.
    pub(super) fn on_processor(wanted: config::Precision) -> Result<Self, NnError> {
        match wanted {
            config::Precision::F16 => Err(NnError::NoF16),
            config::Precision::Bf16 if !is_x86_feature_detected!("avx512bw") => Err(NnError::NoBf16),
            config::Precision::Bf16 => Ok(Self::Bf16),
            // A filtered layer in f32 is quicker than one of oneDNN in bf16.
            config::Precision::Auto | config::Precision::F32 => Ok(Self::F32),
        }
    }

    /// On a GPU f16, as fast as bf16 and eight times as exact, unless something is asked for.
    pub(super) fn on_gpu(wanted: config::Precision) -> Self {
        match wanted {
            config::Precision::F32 => Self::F32,
            config::Precision::F16 | config::Precision::Auto => Self::F16,
            config::Precision::Bf16 => Self::Bf16,
        }
    }

    /// Of the layers of block `block`, from 0, on a GPU.
    pub(super) fn of_block_on_gpu(self, block: usize) -> Self {
        match self {
            Self::Bf16 if block < EXACT_BLOCKS => Self::F16,
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

    pub(super) fn kind(self) -> Kind {
        match self {
            Self::F32 => Kind::Float,
            Self::F16 => Kind::Half,
            Self::Bf16 => Kind::BFloat16,
        }
    }

    /// A layer's weights in 32-bit floats, in their files' order; for bf16, numbers that it has.
    pub(super) fn weights(self, layer: &ConvWeights) -> Result<Tensor, TchError> {
        match self {
            Self::F32 | Self::F16 => Tensor::f_from_slice(&layer.weight),
            Self::Bf16 => Tensor::f_from_slice(&rounded(&layer.weight)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_device_has_its_own_choice_and_a_gpu_rounds_early_blocks_less() {
        assert_eq!(Precision::on_gpu(config::Precision::Auto), Precision::F16);
        assert_eq!(Precision::on_processor(config::Precision::Auto).unwrap(), Precision::F32);
        let refused = Precision::on_processor(config::Precision::F16).unwrap_err().to_string();
        assert!(refused.contains("compute.precision is \"f16\"") && refused.contains("\"auto\""), "{refused}");
        let blocks = [0, 1, 2, 3, 4].map(|block| Precision::Bf16.of_block_on_gpu(block));
        assert_eq!(blocks, [Precision::F16, Precision::F16, Precision::F16, Precision::Bf16, Precision::Bf16]);
        assert_eq!(Precision::F32.of_block_on_gpu(0), Precision::F32);
    }
}

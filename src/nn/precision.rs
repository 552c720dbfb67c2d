//! The arithmetic that the network runs in.

use std::arch::is_x86_feature_detected;

use tch::Kind;

use super::NnError;
use crate::config;

/// Of products and what is stored between layers; sums are 32-bit floats in both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Precision {
    /// 32-bit floats.
    F32,
    /// The upper half of 32-bit floats: the same range, 8 significant bits.
    Bf16,
}

impl Precision {
    /// 32 bits on the processor, unless something is asked for.
    pub(super) fn on_processor(wanted: config::Precision) -> Result<Self, NnError> {
        match wanted {
            config::Precision::Bf16 if !is_x86_feature_detected!("avx512bw") => Err(NnError::NoBf16),
            config::Precision::Bf16 => Ok(Self::Bf16),
            // A filtered layer in f32 is quicker than one of oneDNN in bf16.
            config::Precision::Auto | config::Precision::F32 => Ok(Self::F32),
        }
    }

    /// What is fast on a GPU, unless something is asked for.
    pub(super) fn on_gpu(wanted: config::Precision) -> Self {
        match wanted {
            config::Precision::F32 => Self::F32,
            config::Precision::Bf16 | config::Precision::Auto => Self::Bf16,
        }
    }

    /// The word in `compute.precision`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
        }
    }

    pub(super) fn kind(self) -> Kind {
        match self {
            Self::F32 => Kind::Float,
            Self::Bf16 => Kind::BFloat16,
        }
    }
}

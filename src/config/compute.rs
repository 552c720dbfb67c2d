//! `[compute]`: where the network runs, and how.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Where the network runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Device {
    /// The GPU where there is one.
    Auto,
    /// The processor.
    Cpu,
    /// This GPU.
    Cuda(usize),
}

impl TryFrom<String> for Device {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let cuda = || text.strip_prefix("cuda:").and_then(|n| n.parse().ok()).map(Self::Cuda);
        match text.as_str() {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            _ => cuda().ok_or_else(|| format!("`{text}` is not a device; use \"auto\", \"cpu\" or \"cuda:0\"")),
        }
    }
}

/// The network's arithmetic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// f16 on a GPU, f32 on a processor.
    Auto,
    /// 32-bit floats.
    F32,
    /// 16-bit floats with 11 significant bits; on GPUs alone.
    F16,
    /// 16-bit floats with the range of 32-bit ones and 8 significant bits; on GPUs alone.
    Bf16,
}

/// `[compute]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComputeSettings {
    /// Where the network runs.
    pub device: Device,
    /// The network's arithmetic.
    pub precision: Precision,
    /// Where libtorch's CUDA part lies; empty: it is looked for. Absolute.
    pub cuda_folder: PathBuf,
    /// For images and for the network; 0 means one a core.
    pub threads: usize,
    /// Networks that are kept in memory, if more are not in use at once. At least 1.
    pub models_in_memory: usize,
}

impl ComputeSettings {
    /// Relative paths start at `base`; an empty one stays empty.
    pub(super) fn based_on(mut self, base: &Path) -> Self {
        if !self.cuda_folder.as_os_str().is_empty() {
            self.cuda_folder = base.join(self.cuda_folder);
        }
        self
    }
}

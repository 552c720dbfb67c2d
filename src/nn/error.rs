//! What can go wrong around the network. Every message is one line: what, where, how to fix.

use std::path::PathBuf;

use crate::disk::DiskError;
use crate::domain::Stopped;
use crate::weights::WeightsError;

/// Why the network could not be made or asked.
#[derive(Debug, thiserror::Error)]
pub enum NnError {
    /// The configured GPU is not there.
    #[error("device `cuda:{index}` is not available: {why}; set compute.device to \"cpu\" or \"auto\"")]
    NoSuchDevice {
        /// Which GPU.
        index: usize,
        /// What was found.
        why: String,
    },
    /// The configured GPU is there and fails before its first batch.
    #[error(
        "device `cuda:{index}` failed at the start: {cause}; start gradwatch again, or set compute.device to \"auto\" or \"cpu\""
    )]
    DeviceFailed {
        /// Which GPU.
        index: usize,
        /// The error that it gave.
        cause: Box<NnError>,
    },
    /// 16-bit floats are asked for, and there is no GPU.
    #[error("compute.precision is \"{precision}\", which needs a GPU; set it to \"auto\" or \"f32\"")]
    OnGpusAlone {
        /// Which of them.
        precision: &'static str,
    },
    /// A model's weights are gone.
    #[error(
        "the model's VGG16 weights (SHA-256 {sha256}...) are not in `{}`; restore the file there, import the file that it was made on (gradwatch weights import), or name that file in backbone.weights", folder.display()
    )]
    NoWeights {
        /// The beginning of their hash.
        sha256: String,
        /// Where they should lie.
        folder: PathBuf,
    },
    /// Activations that 16-bit floats cannot hold.
    #[error("the network's activations are beyond 16-bit floats; set compute.precision to \"f32\"")]
    BeyondHalf,
    /// An image of another size than the network takes.
    #[error("the network takes images of {side}x{side} pixels, not of {found}x{found}")]
    WrongInput {
        /// Pixels a side that the network takes.
        side: u32,
        /// Pixels a side that the image has.
        found: u32,
    },
    /// A network for images of which nothing would be left.
    #[error("VGG16 takes images of at least {least}x{least} pixels, not of {side}x{side}")]
    SmallInput {
        /// Pixels a side that were asked for.
        side: u32,
        /// Pixels a side that leave something.
        least: u32,
    },
    /// libtorch refused.
    #[error("libtorch failed to {doing}: {cause}")]
    Torch {
        /// What was tried.
        doing: &'static str,
        /// The first line of its message.
        cause: String,
    },
    /// Features were wanted of a GPU that was lost meanwhile, or in a precision that did not do.
    #[error("the GPU was lost or its precision changed, which gives other features; start the command again")]
    ArithmeticChanged,
    /// libtorch is not where the program looks for it, or cannot be loaded.
    #[error(
        "libtorch cannot be opened ({cause}); put its folder beside the program (systemd/README.md), or fetch it again (make setup)"
    )]
    NoLibtorch {
        /// The loader's own line.
        cause: String,
    },
    /// libtorch computes, but wrongly.
    #[error(
        "libtorch computes {found} instead of {expected}: it is damaged or does not fit this processor; fetch it again (make setup)"
    )]
    SelfTest {
        /// Its answer.
        found: f64,
        /// The right one.
        expected: f64,
    },
    /// A bug: work on the network's thread panicked. The thread goes on.
    #[error("the network's thread ran into a bug ({cause}); please report it")]
    Panicked {
        /// The panic's message.
        cause: String,
    },
    /// The network's thread is gone.
    #[error("the network's thread has ended; start gradwatch again")]
    EngineGone,
    /// The network's threads could not be started.
    #[error("the network's threads could not be started ({cause}); set compute.threads to fewer")]
    NoThreads {
        /// The system's own words.
        cause: String,
    },
    /// There is no memory for the network.
    #[error(
        "there is no memory for the network ({cause}); end other programs, or set compute.models_in_memory to fewer"
    )]
    NoMemory {
        /// The system's own words.
        cause: String,
    },
    /// A weights file.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// A file could not be written.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// Asked to end.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

/// From libtorch's errors to this room's: one line each.
pub(super) trait TorchResult<T> {
    /// Names what was tried; of libtorch's message (often a page with a C++ backtrace) the first line is kept.
    fn named(self, doing: &'static str) -> Result<T, NnError>;
}

impl<T> TorchResult<T> for Result<T, tch::TchError> {
    fn named(self, doing: &'static str) -> Result<T, NnError> {
        self.map_err(|error| {
            let text = error.to_string();
            NnError::Torch { doing, cause: text.lines().next().unwrap_or_default().trim().to_owned() }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_one_line() {
        let wrong = tch::Tensor::f_from_slice(&[1.0_f32]).and_then(|tensor| tensor.f_reshape([2, 2]));
        let error = wrong.map(drop).named("reshape").unwrap_err().to_string();
        assert!(error.starts_with("libtorch failed to reshape: "), "{error}");
        assert!(error.contains("shape '[2, 2]' is invalid") && !error.contains('\n'), "{error}");
    }
}

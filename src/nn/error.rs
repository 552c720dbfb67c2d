//! What can go wrong around the network. Every message is one line: what, where, how to fix.

use std::io;
use std::path::PathBuf;

use crate::disk::DiskError;
use crate::domain::{ContentHash, Stopped};

/// Why the network could not be made, asked, or its layer read.
#[derive(Debug, thiserror::Error)]
pub enum NnError {
    /// The file cannot be opened or read.
    #[error("cannot read `{}`: {source}; check backbone.weights and the file's permissions", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is shorter than its own header says.
    #[error(
        "`{}` is cut off: {found} bytes of {expected}; download or copy it again",
        path.display()
    )]
    Truncated {
        /// Which file.
        path: PathBuf,
        /// Bytes that its header promises.
        expected: u64,
        /// Bytes that are there.
        found: u64,
    },
    /// Not a weights file.
    #[error("`{}` is no weights file: {found}; give a VGG16 as .safetensors, .pth, .pt, .ot, .h5, .weights.h5 or .keras", path.display())]
    UnknownFormat {
        /// Which file.
        path: PathBuf,
        /// What it looks like instead.
        found: String,
    },
    /// Of a known format, but its parts do not fit together.
    #[error("`{}` is damaged or cut off ({cause}); download or copy it again", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// The reader's words.
        cause: String,
    },
    /// Whole, but not VGG16.
    #[error("`{}` holds another network than plain VGG16: {found}", path.display())]
    OtherNetwork {
        /// Which file.
        path: PathBuf,
        /// What it has that VGG16 has not, or the other way round.
        found: String,
    },
    /// A whole Keras model, but not one of the kind.
    #[error("`{}` is no model that gradwatch can take over (VGG16, Flatten and one Dense layer): {reason}", path.display())]
    ForeignModel {
        /// Which file.
        path: PathBuf,
        /// What is other about it.
        reason: String,
    },
    /// A tensor of another network.
    #[error("`{}`: `{tensor}` is {found:?}, VGG16 needs {expected:?}: the file holds another network", path.display())]
    WrongShape {
        /// Which file.
        path: PathBuf,
        /// Which tensor.
        tensor: String,
        /// The shape it should have.
        expected: Vec<usize>,
        /// The shape it has.
        found: Vec<usize>,
    },
    /// Integers, 8-bit floats and the like.
    #[error("`{}`: `{tensor}` holds {found} numbers; give a file with f32, f16, bf16 or f64 weights", path.display())]
    WrongType {
        /// Which file.
        path: PathBuf,
        /// Which tensor.
        tensor: String,
        /// The file's name of the type.
        found: String,
    },
    /// A weight that is no number.
    #[error("`{}`: `{tensor}` holds values that are not finite; download or copy it again", path.display())]
    NotFinite {
        /// Which file.
        path: PathBuf,
        /// Which tensor.
        tensor: String,
    },
    /// `weights = "auto"` cannot choose.
    #[error("several weights files in `{}` ({names}); name one in backbone.weights", folder.display())]
    SeveralWeights {
        /// The folder of imported files.
        folder: PathBuf,
        /// Their names.
        names: String,
    },
    /// The configured GPU is not there.
    #[error("device `cuda:{index}` is not there: {why}; set compute.device to \"cpu\" or \"auto\"")]
    NoSuchDevice {
        /// Which GPU.
        index: usize,
        /// What was found.
        why: String,
    },
    /// bf16 is asked for, and the processor has none.
    #[error(
        "compute.precision is \"bf16\", but this processor has no AVX-512 to compute it with; set it to \"auto\" or \"f32\""
    )]
    NoBf16,
    /// f16 is asked for, and there is no GPU.
    #[error("compute.precision is \"f16\", which is for GPUs alone; set it to \"auto\" or \"f32\"")]
    NoF16,
    /// Activations that 16-bit floats cannot hold.
    #[error("the network's activations are beyond 16-bit floats; set compute.precision to \"f32\"")]
    BeyondHalf,
    /// A run's saved layer cannot be read.
    #[error("cannot read `{}`: {source}; restore the run's folder, or train again", path.display())]
    UnreadableHead {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The saved layer is not the one its record names.
    #[error("`{}` is not the layer its record names (SHA-256 {found}, recorded {expected}); train again, or restore the file", path.display())]
    ForeignHead {
        /// Which file.
        path: PathBuf,
        /// Recorded.
        expected: Box<ContentHash>,
        /// Found.
        found: Box<ContentHash>,
    },
    /// Bytes that are no saved layer.
    #[error("not a saved classifier layer: {reason}")]
    BadHead {
        /// What is wrong.
        reason: String,
    },
    /// Numbers that could not be put into a file: a bug.
    #[error("cannot write the weights as safetensors ({cause}); please report it")]
    Unwritable {
        /// What the format's library says.
        cause: String,
    },
    /// A picture of another size than the network takes.
    #[error("the network takes 224x224 RGB pictures, not {width}x{height} with {len} bytes")]
    WrongInput {
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
        /// Bytes.
        len: usize,
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
    /// libtorch computes, but wrongly.
    #[error(
        "libtorch says {found} where {expected} is right: it is damaged or does not fit this processor; fetch it again (make setup)"
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
    #[error("the network's threads could not be started ({cause}): set compute.threads to fewer")]
    NoThreads {
        /// The system's own words.
        cause: String,
    },
    /// A file could not be written.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// Asked to end.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

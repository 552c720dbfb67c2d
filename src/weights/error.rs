//! What can go wrong with a weights or model file. Every message is one line: what, where, how to fix.

use std::io;
use std::path::{Path, PathBuf};

use crate::disk::DiskError;

/// Why a weights or model file cannot be read, used or written.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// The file cannot be opened or read.
    #[error("cannot read `{}`: {source}; check the path (backbone.weights, if it is configured) and the file's permissions", path.display())]
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
    #[error("`{}` is not a weights file: {found}; give a VGG16 as .safetensors, .pth, .pt, .ot, .h5, .weights.h5 or .keras", path.display())]
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
    #[error("`{}` is not a plain VGG16: {found}; give the weights of one", path.display())]
    OtherNetwork {
        /// Which file.
        path: PathBuf,
        /// What it has that VGG16 has not, or the other way round.
        found: String,
    },
    /// A whole Keras model, but not one of the kind.
    #[error("`{}` is not a model that gradwatch can import (VGG16 and layers above it): {reason}; see docs/WEIGHTS.md", path.display())]
    ForeignModel {
        /// Which file.
        path: PathBuf,
        /// What is other about it.
        reason: String,
    },
    /// A tensor of another network.
    #[error("`{}`: `{tensor}` is {found:?}, VGG16 needs {expected:?}; give the weights of a VGG16", path.display())]
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
    /// Compressed by a filter that gradwatch does not have.
    #[error("`{}`: `{tensor}` is compressed with {filter}, which gradwatch does not read; save the file again without compression, or with gzip", path.display())]
    Compressed {
        /// Which file.
        path: PathBuf,
        /// Which tensor.
        tensor: String,
        /// The filter's name, or its number.
        filter: String,
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
    /// Numbers that could not be put into a file: a bug.
    #[error("cannot write the weights as safetensors ({cause}); please report it")]
    Unwritable {
        /// What the format's library says.
        cause: String,
    },
    /// A file could not be written.
    #[error(transparent)]
    Disk(#[from] DiskError),
}

/// What a reader finds wrong with a file, before the file's path is added.
#[derive(Debug)]
pub(super) enum ReadFault {
    Io(io::Error),
    /// Shorter than its header says.
    Truncated {
        expected: u64,
        found: u64,
    },
    /// No weights file at all; what it is instead.
    Unknown(String),
    /// Of a known format, but inconsistent; the reader's words.
    Damaged(String),
    /// Numbers of this type.
    Type(String),
    /// Numbers behind this filter of HDF5.
    Filter(String),
}

impl From<io::Error> for ReadFault {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData => Self::Damaged(error.to_string()),
            _ => Self::Io(error),
        }
    }
}

impl ReadFault {
    /// The error for the user, about `tensor` of the file at `path`.
    pub(super) fn of(self, path: &Path, tensor: &str) -> WeightsError {
        let path = path.to_owned();
        match self {
            Self::Io(source) => WeightsError::Unreadable { path, source },
            Self::Truncated { expected, found } => WeightsError::Truncated { path, expected, found },
            Self::Unknown(found) => WeightsError::UnknownFormat { path, found },
            Self::Damaged(cause) => WeightsError::Damaged { path, cause: cause.replace('\n', " ") },
            Self::Type(found) => WeightsError::WrongType { path, tensor: tensor.to_owned(), found },
            Self::Filter(filter) => WeightsError::Compressed { path, tensor: tensor.to_owned(), filter },
        }
    }
}

//! The errors of this folder, in one line each.

use crate::imaging::error::DecodeError;

pub(super) const FORMAT: &str = "tiff";

/// The file ends before something that it announces.
pub(super) fn truncated() -> DecodeError {
    DecodeError::Truncated { format: FORMAT }
}

/// The file contradicts itself or the specification.
pub(super) fn damaged(cause: impl Into<String>) -> DecodeError {
    DecodeError::Damaged { format: FORMAT, cause: cause.into() }
}

/// A kind of image that is not read.
pub(super) fn unsupported(cause: impl Into<String>) -> DecodeError {
    DecodeError::Unsupported { format: FORMAT, cause: cause.into() }
}

//! The errors of this folder, in one line each. They name facts of the image, never the value of another element: values
//! say who the patient is.

use crate::imaging::error::DecodeError;

pub(super) const FORMAT: &str = "dicom";

/// The file ends before something that it announces.
pub(super) fn truncated() -> DecodeError {
    DecodeError::Truncated { format: FORMAT }
}

/// The file contradicts itself or the standard.
pub(super) fn damaged(cause: impl Into<String>) -> DecodeError {
    DecodeError::Damaged { format: FORMAT, cause: cause.into() }
}

/// A kind of image that is not read.
pub(super) fn unsupported(cause: impl Into<String>) -> DecodeError {
    DecodeError::Unsupported { format: FORMAT, cause: cause.into() }
}

/// What a codec says of compressed pixels. The whole stream is in the file, so that one that ends early is damaged.
pub(super) fn of_codec(error: DecodeError) -> DecodeError {
    match error {
        DecodeError::Unsupported { cause, .. } => unsupported(cause),
        DecodeError::Damaged { cause, .. } => damaged(format!("its compressed pixels: {cause}")),
        DecodeError::TooLarge { .. } => damaged("its compressed pixels are of another size than its header says"),
        _ => damaged("its compressed pixels end early"),
    }
}

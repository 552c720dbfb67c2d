//! libjpeg-turbo, the reference decoder: it reports missing data, and every one of its warnings is an error here.
//!
//! A C library, and why it is trusted: browsers decode the images of the web with it, it is fuzzed continuously, it is
//! built from the source that its crate contains, and it is given only what was read here first: the kind of the
//! file, the size of its image and its number of scans are within limits before it allocates memory. The accurate
//! DCT and smooth upsampling are its defaults.

use turbojpeg::{Colorspace, Decompressor, Error, Image, PixelFormat, ScalingFactor};

use super::frame::{FORMAT, damaged, unsupported};
use crate::imaging::error::DecodeError;

/// What is wanted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target {
    /// Channels, in their order.
    pub(super) format: PixelFormat,
    /// Of the size of the image.
    pub(super) scale: ScalingFactor,
}

/// The samples of `stream`, interleaved as `target` has them, and what was wrong with its data. A new instance for each
/// file: an instance keeps tables, and would decode a file without tables with those of the file before.
///
/// # Errors
/// As its header has it.
pub(super) fn decode(stream: &[u8], target: Target) -> Result<(Vec<u8>, Result<(), DecodeError>), DecodeError> {
    let mut decompressor = Decompressor::new().map_err(refusal)?;
    let header = decompressor.read_header(stream).map_err(refusal)?;
    if header.is_lossless && header.colorspace == Colorspace::YCbCr {
        return Err(unsupported("lossless JPEG in YCbCr"));
    }
    let Target { format, scale } = target;
    decompressor.set_scaling_factor(scale).map_err(refusal)?;
    let header = header.scaled(scale);
    let (width, height, pitch) = (header.width, header.height, header.width * format.size());
    let mut pixels = vec![0; pitch * height];
    let image = Image { pixels: pixels.as_mut_slice(), width, pitch, height, format };
    let outcome = decompressor.decompress(stream, image).map_err(refusal);
    Ok((pixels, outcome))
}

/// The library's message as an error; of several warnings it keeps the last.
fn refusal(error: Error) -> DecodeError {
    match error {
        Error::TurboJpegError(message) => refused(&message),
        other => refused(&other.to_string()),
    }
}

/// The same for its text.
pub(super) fn refused(message: &str) -> DecodeError {
    const KINDS: [&str; 2] = ["Unsupported", "Sampling factors too large"];
    let message = message.replace('\n', " ");
    let cause = message.strip_prefix("Corrupt JPEG data: ").unwrap_or(&message);
    match cause {
        _ if cause.starts_with("premature end") => DecodeError::Truncated { format: FORMAT },
        _ if KINDS.iter().any(|kind| cause.starts_with(kind)) => unsupported(cause),
        _ => damaged(cause),
    }
}

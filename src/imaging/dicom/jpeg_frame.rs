//! A frame that is a JPEG stream. What its colours are, DICOM says.

use std::borrow::Cow;

use super::image_header::{ImageHeader, Photometric};
use super::refusal::{damaged, of_codec};
use crate::imaging::decode_options::DecodeOptions;
use crate::imaging::error::DecodeError;
use crate::imaging::jpeg::{self, JpegSamples, StreamColours};

/// The samples of a frame, interleaved: grey, or RGB; what is lossless is not transformed.
///
/// # Errors
/// `Unsupported`, `Damaged`.
pub(super) fn samples(stream: &[u8], header: &ImageHeader, is_lossless: bool) -> Result<Vec<u16>, DecodeError> {
    let limits = DecodeOptions {
        max_side: header.width.max(header.height),
        max_pixels: u64::from(header.width) * u64::from(header.height),
        background: 0,
        least_side: None,
        frame: 1,
    };
    let stream = recoloured(stream, header, is_lossless);
    let decoded = jpeg::decode_samples(&stream, &limits).map_err(of_codec)?;
    let JpegSamples { width, height, n_channels, samples } = decoded;
    let is_as_stated = (width, height, n_channels) == (header.width, header.height, header.n_channels());
    is_as_stated
        .then_some(samples)
        .ok_or_else(|| damaged("its compressed pixels are of another size than its header says"))
}

/// The stream with colours as DICOM says; unchanged where it is grey, or no JPEG at all, which its decoder says.
fn recoloured<'a>(stream: &'a [u8], header: &ImageHeader, is_lossless: bool) -> Cow<'a, [u8]> {
    let colours = match header.photometric {
        Photometric::YbrFull | Photometric::YbrFull422 if !is_lossless => StreamColours::Ycbcr,
        Photometric::YbrFull | Photometric::YbrFull422 | Photometric::Rgb => StreamColours::Rgb,
        _ => return Cow::Borrowed(stream),
    };
    jpeg::with_colours(stream, &[], colours).map_or(Cow::Borrowed(stream), Cow::Owned)
}

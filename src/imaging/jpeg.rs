//! JPEG, decoded strictly: `image` lets its decoder paint over broken data, and a partly grey image must never be
//! learned from. The header is read leniently, as programs differ in how they write it.

use image::metadata::Orientation;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::decode_options::DecodeOptions;
use super::error::DecodeError;
use super::exif::orientation_of;
use super::picture::{Origin, Picture, Pixels};

const FORMAT: &str = "jpeg";

/// The image as stored, and how it has to be turned.
pub(super) fn decode(bytes: &[u8], limits: &DecodeOptions) -> Result<(Picture, Orientation), DecodeError> {
    let options = DecoderOptions::default().set_max_width(65_535).set_max_height(65_535);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options.set_strict_mode(false));
    decoder.decode_headers().map_err(refusal)?;
    let (Some((width, height)), Some(stored)) = (decoder.dimensions(), decoder.input_colorspace()) else {
        return Err(DecodeError::Damaged { format: FORMAT, cause: "its header is incomplete".into() });
    };
    let (width, height) = (width as u32, height as u32);
    limits.check(width, height)?;
    let exif = decoder.exif().and_then(|block| orientation_of(block));
    let (shown, channels, colour) = match stored {
        ColorSpace::Luma => (ColorSpace::Luma, 1, "grey"),
        ColorSpace::CMYK | ColorSpace::YCCK => (ColorSpace::RGB, 3, "cmyk"),
        _ => (ColorSpace::RGB, 3, "rgb"),
    };
    decoder.set_options(options.set_strict_mode(true).jpeg_set_out_colorspace(shown));
    let pixels = Pixels::U8(decoder.decode().map_err(refusal)?);
    let picture = Picture::new(width, height, channels, pixels);
    let picture = picture.ok_or(DecodeError::Damaged { format: FORMAT, cause: "its size is contradictory".into() })?;
    let origin = Some(Origin { format: FORMAT, colour, bits: Some(8), part: None });
    Ok((Picture { origin, ..picture }, exif.unwrap_or(Orientation::NoTransforms)))
}

fn refusal(error: DecodeErrors) -> DecodeError {
    match error {
        DecodeErrors::Unsupported(kind) => DecodeError::Unsupported { format: FORMAT, cause: format!("{kind:?}") },
        DecodeErrors::ExhaustedData | DecodeErrors::IoErrors(_) => DecodeError::Truncated { format: FORMAT },
        other => DecodeError::Damaged { format: FORMAT, cause: other.to_string().replace('\n', " ") },
    }
}

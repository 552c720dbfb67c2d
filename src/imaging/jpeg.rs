//! JPEG, decoded strictly: a partly grey image must never be learned from, and a kind that is not decoded is refused by
//! its name. The file is read here first, then its pixels by the library.

use image::metadata::Orientation;
use turbojpeg::{PixelFormat, ScalingFactor};

use self::frame::{FORMAT, damaged, unsupported};
use self::header::Header;
use self::library::Target;
use super::decode_options::DecodeOptions;
use super::error::DecodeError;
use super::exif::orientation_of;
use super::picture::{Origin, Picture, Pixels};

mod arithmetic;
mod cmyk;
mod colours;
mod deep;
mod frame;
mod header;
mod kinds;
mod library;
mod scale;
mod scans;
mod segments;
mod stream;
mod tables;

pub(super) use colours::{StreamColours, with_colours};
pub(super) use segments::reaches_its_end;

/// The image as stored, and how it has to be turned.
///
/// # Errors
/// `Truncated` where data are missing, even if an end mark follows; `Unsupported` by the name of the kind; `Damaged`.
pub(super) fn decode(bytes: &[u8], limits: &DecodeOptions) -> Result<(Picture, Orientation), DecodeError> {
    let header = Header::read(bytes)?;
    kinds::check(&header)?;
    let (width, height) = (header.frame.width, header.frame.height);
    limits.check(width, height)?;
    if !scans::are_complete(&header.frame, &header.scans) {
        return Err(DecodeError::Truncated { format: FORMAT });
    }
    let (format, channels, colour) = match header.frame.channels.len() {
        1 => (PixelFormat::GRAY, 1, "grey"),
        4 => (PixelFormat::CMYK, 3, "cmyk"),
        _ => (PixelFormat::RGB, 3, "rgb"),
    };
    let scale = scale::chosen(&header.frame, limits.least_side);
    let samples = samples(bytes, &header, Target { format, scale })?;
    let (shown_width, shown_height) = scale::size(&header.frame, scale);
    let picture = Picture::new(shown_width, shown_height, channels, Pixels::U8(samples));
    let picture = picture.ok_or_else(|| damaged("its size is contradictory"))?;
    let full_size = (scale != ScalingFactor::ONE).then_some((width, height));
    let origin =
        Some(Origin { format: FORMAT, colour, bits: Some(8), part: None, left_out: None, full_size, says_text: false });
    let orientation = header.exif.and_then(orientation_of).unwrap_or(Orientation::NoTransforms);
    Ok((Picture { origin, ..picture }, orientation))
}

/// The most bytes that decoding holds at once; 0 of an image that is refused before any is decoded.
pub(super) fn decoding_bytes(bytes: &[u8], limits: &DecodeOptions) -> u64 {
    let Ok(header) = Header::read(bytes) else { return 0 };
    let frame = &header.frame;
    if kinds::check(&header).is_err() || limits.check(frame.width, frame.height).is_err() {
        return 0;
    }
    let (width, height) = scale::size(frame, scale::chosen(frame, limits.least_side));
    let n_channels = frame.channels.len() as u64;
    let samples = u64::from(width) * u64::from(height) * n_channels;
    // Coefficients of 16 bits in full size, where passes refine them.
    let coefficients = 2 * u64::from(frame.width) * u64::from(frame.height) * n_channels;
    let coefficients = if frame.coding.is_progressive() || header.scans.len() > 1 { coefficients } else { 0 };
    // The result is held twice where it is turned, or converted from CMYK.
    let again = if header.exif.is_some() || n_channels == 4 { samples } else { 0 };
    samples + coefficients.max(again)
}

/// Grey or RGB, interleaved.
fn samples(jpeg: &[u8], header: &Header, target: Target) -> Result<Vec<u8>, DecodeError> {
    let (samples, outcome) = library::decode(&stream::bare(jpeg, header, &[]), target)?;
    outcome?;
    if header.frame.coding.is_arithmetic() {
        arithmetic::check_end(jpeg, header, target, &samples)?;
    }
    Ok(if target.format == PixelFormat::CMYK { cmyk::to_rgb(&samples) } else { samples })
}

/// The samples of a stream inside another file.
#[derive(Debug)]
pub(super) struct JpegSamples {
    /// Pixels.
    pub(super) width: u32,
    /// Pixels.
    pub(super) height: u32,
    /// 1 (grey) or 3 (RGB).
    pub(super) n_channels: usize,
    /// Interleaved, as stored: not spread.
    pub(super) samples: Vec<u16>,
}

/// The samples of 2 to 16 bits of a stream of one or three channels, whose colours are said by its markers.
///
/// # Errors
/// As [`decode`].
pub(super) fn decode_samples(bytes: &[u8], limits: &DecodeOptions) -> Result<JpegSamples, DecodeError> {
    let header = Header::read(bytes)?;
    kinds::check_coding(&header)?;
    let (width, height, n_channels) = (header.frame.width, header.frame.height, header.frame.channels.len());
    limits.check(width, height)?;
    if !scans::are_complete(&header.frame, &header.scans) {
        return Err(DecodeError::Truncated { format: FORMAT });
    }
    let samples = match (header.frame.precision, n_channels) {
        (9.., _) => deep::samples(&stream::bare(bytes, &header, &[]), &header)?,
        (_, 1) => shallow(bytes, &header, PixelFormat::GRAY)?,
        (_, 3) => shallow(bytes, &header, PixelFormat::RGB)?,
        _ => return Err(unsupported("JPEG with neither one nor three channels")),
    };
    Ok(JpegSamples { width, height, n_channels, samples })
}

fn shallow(bytes: &[u8], header: &Header, format: PixelFormat) -> Result<Vec<u16>, DecodeError> {
    let samples = samples(bytes, header, Target { format, scale: ScalingFactor::ONE })?;
    Ok(samples.into_iter().map(u16::from).collect())
}

#[cfg(test)]
mod tests;

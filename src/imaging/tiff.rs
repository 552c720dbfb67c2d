//! TIFF, in the combinations of tags that are proven to be right; all others are refused by name.
//!
//! Why not the decoder inside `image`: it goes by one tag at a time, so that some files of combined tags become garbage,
//! and some whole files are called cut off. Here all tags are read first.

mod colours;
mod compression;
mod directory;
mod grid;
mod jpeg_chunk;
mod layout;
mod levels;
mod meaning;
mod pages;
mod planes;
mod range;
mod refusal;
mod rows;
mod sample_kind;
mod tags;

use image::metadata::Orientation;

use self::directory::{Directory, TiffFile};
use self::layout::Layout;
use self::meaning::Meaning;
use self::planes::Stored;
use self::refusal::{FORMAT, damaged};
use self::sample_kind::SampleKind;
use super::decode_options::DecodeOptions;
use super::error::DecodeError;
use super::picture::{Origin, Picture};

/// Whether a file begins as a TIFF, classic or `BigTIFF`, in either byte order.
pub(super) fn begins(bytes: &[u8]) -> bool {
    [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"].iter().any(|start| bytes.starts_with(*start))
}

/// The image as stored, and how it has to be turned: the first page, or the largest where the first is its thumbnail.
///
/// # Errors
/// [`DecodeError`]; `Truncated` only where the file ends before something that it announces.
pub(super) fn decode(bytes: &[u8], options: &DecodeOptions) -> Result<(Picture, Orientation), DecodeError> {
    let file = TiffFile::new(bytes)?;
    let (directory, part) = pages::chosen(&file)?;
    let (width, height) = grid::size_of(&directory)?;
    options.check(width, height)?;
    let layout = Layout::of(&directory)?;
    let max_chunk = options.max_bytes();
    let stored = Stored { file, layout: &layout, jpeg_tables: directory.data(tags::JPEG_TABLES), max_chunk };
    let (levels, bits) = levels::levels(&stored, &directory)?;
    let pixels = colours::pixels(levels, &layout, &directory, options.background)?;
    let channels = if matches!(layout.meaning, Meaning::Grey | Meaning::InvertedGrey) { 1 } else { 3 };
    let picture = Picture::new(width, height, channels, pixels);
    let picture = picture.ok_or_else(|| damaged("its size is contradictory"))?;
    let bits = (layout.meaning != Meaning::Palette).then_some(bits);
    let origin = Some(Origin {
        format: FORMAT,
        colour: colour_of(&layout),
        bits,
        part,
        left_out: None,
        full_size: None,
        says_text: false,
    });
    Ok((Picture { origin, ..picture }, orientation_of(&directory)))
}

/// The most bytes that decoding holds at once; 0 of an image that is refused before any is decoded.
pub(super) fn decoding_bytes(bytes: &[u8], options: &DecodeOptions) -> u64 {
    memory(bytes, options).unwrap_or(0)
}

/// A strip that holds the whole image, its levels in planes, and the result, which may be turned.
fn memory(bytes: &[u8], options: &DecodeOptions) -> Result<u64, DecodeError> {
    let (directory, _) = pages::chosen(&TiffFile::new(bytes)?)?;
    let (width, height) = grid::size_of(&directory)?;
    options.check(width, height)?;
    let layout = Layout::of(&directory)?;
    let stored = u64::from(layout.kind.bits().div_ceil(8));
    let plane = if stored > 2 { 8 } else { stored };
    let result = 2 * stored.min(2);
    Ok(u64::from(width) * u64::from(height) * layout.n_samples as u64 * (stored + plane + result))
}

fn colour_of(layout: &Layout) -> &'static str {
    match (layout.meaning, layout.kind, layout.alpha) {
        (_, SampleKind::Float(_), _) => "float",
        (Meaning::Grey | Meaning::InvertedGrey, _, None) => "grey",
        (Meaning::Grey | Meaning::InvertedGrey, ..) => "greya",
        (Meaning::Rgb | Meaning::JpegYcbcr, _, None) => "rgb",
        (Meaning::Rgb | Meaning::JpegYcbcr, ..) => "rgba",
        (Meaning::Palette, ..) => "palette",
        (Meaning::Cmyk, ..) => "cmyk",
    }
}

/// A tag of another value than the eight is no reason to lose the image.
fn orientation_of(directory: &Directory) -> Orientation {
    let stated = directory.number(tags::ORIENTATION).ok().flatten();
    let stated = stated.and_then(|value| u8::try_from(value).ok()).and_then(Orientation::from_exif);
    stated.unwrap_or(Orientation::NoTransforms)
}

#[cfg(test)]
mod tests;

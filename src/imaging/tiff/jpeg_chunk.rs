//! A strip or tile that is a JPEG stream, whose tables may stand in a tag, and whose colours are as TIFF's tags say.

use super::meaning::Meaning;
use super::refusal::{damaged, unsupported};
use crate::imaging::decode_options::DecodeOptions;
use crate::imaging::error::DecodeError;
use crate::imaging::jpeg::{self, StreamColours};
use crate::imaging::picture::{Picture, Pixels};

/// What a stream is expected to hold.
#[derive(Debug, Clone, Copy)]
pub(super) struct JpegForm {
    pub(super) meaning: Meaning,
    /// Pixels.
    pub(super) width: u32,
    /// Rows that are used; a stream may have more.
    pub(super) n_shown: usize,
    /// 1 or 3.
    pub(super) n_channels: usize,
}

/// Rows of `width * n_channels` bytes.
///
/// # Errors
/// `Damaged` or `Unsupported`, as of a JPEG file, or where the size is not that of the strip or tile.
pub(super) fn decoded(stream: &[u8], tables: &[u8], form: JpegForm) -> Result<Vec<u8>, DecodeError> {
    const LARGEST_SIDE: u32 = 65_535;
    let rows_at_most = (form.n_shown as u64 + 15).max(1 << 10);
    let limits = DecodeOptions {
        max_side: LARGEST_SIDE,
        max_pixels: u64::from(form.width).saturating_mul(rows_at_most),
        background: 0,
        least_side: None,
        frame: 1,
    };
    let (picture, _) = jpeg::decode(&merged(stream, tables, form)?, &limits).map_err(of_tiff)?;
    let Picture { width, height, channels, pixels: Pixels::U8(data), .. } = picture else {
        return Err(unsupported("JPEG compression of other than 8 bits"));
    };
    let is_as_stated = width == form.width && height as usize >= form.n_shown && channels as usize == form.n_channels;
    is_as_stated.then_some(data).ok_or_else(|| damaged("a JPEG strip or tile is of another size or other channels"))
}

/// One JPEG file of the tables and the stream. Its colours are as TIFF's tags say.
fn merged(stream: &[u8], tables: &[u8], form: JpegForm) -> Result<Vec<u8>, DecodeError> {
    let colours = if form.meaning == Meaning::JpegYcbcr { StreamColours::Ycbcr } else { StreamColours::Rgb };
    let colours = if form.n_channels == 3 { colours } else { StreamColours::Grey };
    jpeg::with_colours(stream, tables, colours).ok_or_else(|| damaged("a strip or tile is no JPEG stream"))
}

/// The whole stream is in the file, so that one that ends early is damaged and not cut off.
fn of_tiff(error: DecodeError) -> DecodeError {
    match error {
        DecodeError::Unsupported { cause, .. } => unsupported(format!("JPEG compression: {cause}")),
        DecodeError::Damaged { cause, .. } => damaged(format!("a JPEG strip or tile: {cause}")),
        _ => damaged("a JPEG strip or tile ends early or is of another size"),
    }
}

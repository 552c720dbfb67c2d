//! A strip or tile that is a JPEG stream, whose tables may stand in a tag, and whose colours are as TIFF's tags say.

use super::meaning::Meaning;
use super::refusal::{damaged, unsupported};
use crate::imaging::decode_options::DecodeOptions;
use crate::imaging::error::DecodeError;
use crate::imaging::jpeg;
use crate::imaging::picture::{Picture, Pixels};

const START_OF_IMAGE: [u8; 2] = [0xFF, 0xD8];
const END_OF_IMAGE: [u8; 2] = [0xFF, 0xD9];

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
    };
    let (picture, _) = jpeg::decode(&merged(stream, tables, form)?, &limits).map_err(of_tiff)?;
    let Picture { width, height, channels, pixels: Pixels::U8(data), .. } = picture else {
        return Err(unsupported("JPEG compression of other than 8 bits"));
    };
    let is_as_stated = width == form.width && height as usize >= form.n_shown && channels as usize == form.n_channels;
    is_as_stated.then_some(data).ok_or_else(|| damaged("a JPEG strip or tile is of another size or other channels"))
}

/// One JPEG file of the tables and the stream. Its colours are as TIFF's tags say: an application segment of the stream
/// may contradict them, so these are left out.
fn merged(stream: &[u8], tables: &[u8], form: JpegForm) -> Result<Vec<u8>, DecodeError> {
    let begins = |bytes: &[u8]| bytes.starts_with(&START_OF_IMAGE);
    if !begins(stream) || !(tables.is_empty() || begins(tables)) {
        return Err(damaged("a strip or tile is no JPEG stream"));
    }
    let tables = tables.strip_suffix(&END_OF_IMAGE).unwrap_or(tables);
    let mut merged = START_OF_IMAGE.to_vec();
    if form.n_channels == 3 {
        merged.extend(adobe(form.meaning));
    }
    merged.extend(tables.get(2..).unwrap_or_default());
    merged.extend(without_application_segments(&stream[2..]));
    Ok(merged)
}

/// Adobe's segment says whether three channels are RGB (0) or YCbCr (1).
fn adobe(meaning: Meaning) -> [u8; 16] {
    let transform = u8::from(meaning == Meaning::JpegYcbcr);
    [0xFF, 0xEE, 0, 14, b'A', b'd', b'o', b'b', b'e', 0, 100, 0, 0, 0, 0, transform]
}

/// The segments before the first scan but for those of applications, and all that follows.
fn without_application_segments(mut rest: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(rest.len());
    while let [0xFF, marker @ 0xC0..=0xFE, high, low, ..] = *rest {
        let length = 2 + usize::from(u16::from_be_bytes([high, low]));
        let Some((segment, after)) = rest.split_at_checked(length).filter(|_| marker != 0xDA) else { break };
        if !(0xE0..=0xEF).contains(&marker) {
            kept.extend(segment);
        }
        rest = after;
    }
    kept.extend(rest);
    kept
}

/// The whole stream is in the file, so that one that ends early is damaged and not cut off.
fn of_tiff(error: DecodeError) -> DecodeError {
    match error {
        DecodeError::Unsupported { cause, .. } => unsupported(format!("JPEG compression: {cause}")),
        DecodeError::Damaged { cause, .. } => damaged(format!("a JPEG strip or tile: {cause}")),
        _ => damaged("a JPEG strip or tile ends early or is of another size"),
    }
}

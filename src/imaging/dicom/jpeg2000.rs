//! A frame that is a JPEG 2000 codestream.
//!
//! The decoder is pure Rust without `unsafe`, and gives samples as floating-point numbers, in which 16 bits are exact. It
//! does not know signs: signed samples come with half of their range added.

use hayro_jpeg2000::{DecodeSettings, DecoderContext, Image};

use super::image_header::ImageHeader;
use super::refusal::{damaged, unsupported};
use crate::imaging::error::DecodeError;

/// Start of codestream, and the marker that must follow it, which states the size.
const BEGIN: &[u8] = b"\xFF\x4F\xFF\x51";

const MOST_TILES: u64 = 65_535;

/// What the codestream says of itself.
struct StreamForm {
    bits: u8,
    is_signed: bool,
}

/// The samples of a frame, interleaved; of signed ones the lower 16 bits in two's complement.
///
/// # Errors
/// `Unsupported`, `Damaged`.
pub(super) fn samples(frame: &[u8], header: &ImageHeader) -> Result<Vec<u16>, DecodeError> {
    // Some programs write the boxes of a file around the codestream.
    let begin = frame.windows(BEGIN.len()).position(|bytes| bytes == BEGIN);
    let stream = &frame[begin.ok_or_else(|| damaged("its compressed pixels are no JPEG 2000 codestream"))?..];
    let form = StreamForm::read(stream, header)?;
    let settings = DecodeSettings { resolve_palette_indices: false, strict: true, target_resolution: None };
    let invalid = |error| damaged(format!("its compressed pixels: {error}"));
    let image = Image::new(stream, &settings).map_err(invalid)?;
    let mut context = DecoderContext::default();
    let decoded = image.decode(&mut context).map_err(invalid)?;
    let planes: Vec<&[f32]> = decoded.components().iter().map(hayro_jpeg2000::ComponentData::samples).collect();
    let n_pixels = header.n_samples() / header.n_channels();
    if planes.len() != header.n_channels() || planes.iter().any(|plane| plane.len() != n_pixels) {
        return Err(damaged("its compressed pixels are of another size than its header says"));
    }
    Ok((0..n_pixels).flat_map(|at| planes.iter().map(move |plane| plane[at])).map(|level| form.sample(level)).collect())
}

impl StreamForm {
    /// From the first marker segment; checks that the image is the one of the header before anything is decoded.
    fn read(stream: &[u8], header: &ImageHeader) -> Result<Self, DecodeError> {
        let short = || damaged("the header of its compressed pixels is incomplete");
        let u32_at = |at: usize| {
            let bytes = stream.get(at..).and_then(<[u8]>::first_chunk).ok_or_else(short)?;
            Ok(u32::from_be_bytes(*bytes))
        };
        let (right, bottom, left, top) = (u32_at(8)?, u32_at(12)?, u32_at(16)?, u32_at(20)?);
        let n_channels = stream.get(40..42).ok_or_else(short)?;
        let size = (right.checked_sub(left), bottom.checked_sub(top), usize::from(n_channels[1]));
        if size != (Some(header.width), Some(header.height), header.n_channels()) || n_channels[0] > 0 {
            return Err(damaged("its compressed pixels are of another size than its header says"));
        }
        let (across, down) = (u32_at(24)?, u32_at(28)?);
        let n_tiles = u64::from(right.div_ceil(across.max(1))) * u64::from(bottom.div_ceil(down.max(1)));
        if n_tiles > MOST_TILES {
            return Err(damaged("its compressed pixels are in more tiles than JPEG 2000 can number"));
        }
        let channels = stream.get(42..42 + 3 * size.2).ok_or_else(short)?.as_chunks::<3>().0;
        let first = channels[0][0];
        if channels.iter().any(|&channel| channel != [first, 1, 1]) {
            return Err(unsupported("JPEG 2000 with channels of other size or depth"));
        }
        let bits = (first & 0x7F) + 1;
        if bits > 16 {
            return Err(unsupported("JPEG 2000 with more than 16 bits a sample"));
        }
        Ok(Self { bits, is_signed: first & 0x80 != 0 })
    }

    fn sample(&self, level: f32) -> u16 {
        let level = (level.round() as i32).clamp(0, (1 << self.bits) - 1);
        let middle = if self.is_signed { 1 << (self.bits - 1) } else { 0 };
        (level - middle) as u16
    }
}

//! EXIF orientation: how an image has to be turned to be upright, wherever its file says so.

use image::ImageFormat;
use image::metadata::Orientation;

use super::{png_chunks, webp_chunks};

/// What stands before the block in a JPEG, and what some programs write into other formats as well.
const PREFIX: &[u8] = b"Exif\0\0";
const ORIENTATION: u16 = 0x0112;
const BYTE: u16 = 1;
const SHORT: u16 = 3;
const LONG: u16 = 4;

/// The first valid orientation that a PNG or WebP file states, before its pixels or behind them. A damaged block is no
/// reason to lose the image: it is passed over.
pub(super) fn orientation_in(bytes: &[u8], format: ImageFormat) -> Option<Orientation> {
    match format {
        ImageFormat::Png => png_chunks::exif(bytes).find_map(|block| orientation_of(&block)),
        ImageFormat::WebP => {
            webp_chunks::chunks(bytes).filter(|(kind, _)| kind == b"EXIF").find_map(|(_, block)| orientation_of(block))
        }
        _ => None,
    }
}

/// The orientation in an EXIF block, with or without the prefix; `None` of a block that is damaged or states none. The
/// standard demands a SHORT; bytes and LONGs are understood as well.
pub(super) fn orientation_of(block: &[u8]) -> Option<Orientation> {
    let block = block.strip_prefix(PREFIX).unwrap_or(block);
    let numbers = Numbers { block, is_big_endian: block.starts_with(b"MM") };
    if !numbers.is_big_endian && !block.starts_with(b"II") || numbers.short(2)? != 42 {
        return None;
    }
    let first = numbers.long(4)? as usize;
    let entries = (0..usize::from(numbers.short(first)?)).map(|i| first + 2 + 12 * i);
    entries.map_while(|at| Some((at, numbers.short(at)?))).filter(|(_, tag)| *tag == ORIENTATION).find_map(|(at, _)| {
        let value = match (numbers.short(at + 2)?, numbers.long(at + 4)?) {
            (BYTE, 1) => u32::from(*block.get(at + 8)?),
            (SHORT, 1) => u32::from(numbers.short(at + 8)?),
            (LONG, 1) => numbers.long(at + 8)?,
            _ => return None,
        };
        Orientation::from_exif(u8::try_from(value).ok()?)
    })
}

/// Numbers in a block, in its byte order; `None` beyond its end.
struct Numbers<'a> {
    block: &'a [u8],
    is_big_endian: bool,
}

impl Numbers<'_> {
    fn short(&self, at: usize) -> Option<u16> {
        let bytes = *self.block.get(at..)?.first_chunk()?;
        Some(if self.is_big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    }

    fn long(&self, at: usize) -> Option<u32> {
        let bytes = *self.block.get(at..)?.first_chunk()?;
        Some(if self.is_big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }
}

#[cfg(test)]
mod tests;

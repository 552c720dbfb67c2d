//! Which bytes of the pixel data are the chosen frame.

use std::borrow::Cow;
use std::ops::Range;

use super::data_set::DataSet;
use super::element::{Element, element};
use super::image_header::{ImageHeader, Photometric};
use super::refusal::{damaged, truncated, unsupported};
use super::tags;
use crate::imaging::error::DecodeError;

/// The beginnings of JPEG and JPEG 2000 streams.
const STREAM_STARTS: [&[u8]; 2] = [b"\xFF\xD8", b"\xFF\x4F"];

/// The bits of a frame that is not compressed, within the value of the pixel data.
///
/// # Errors
/// `Damaged` if the pixels are fewer than the header says.
pub(super) fn plain(pixels: &Element, header: &ImageHeader, frame: u32) -> Result<Range<usize>, DecodeError> {
    let samples = match header.photometric {
        // Two pixels share their differences of colour.
        Photometric::YbrFull422 => header.n_samples() / 3 * 2,
        _ => header.n_samples(),
    };
    let n_bits = samples as u64 * u64::from(header.bits_allocated);
    let begin = n_bits * u64::from(frame);
    let end = begin + n_bits;
    if end.div_ceil(8) > pixels.value.len() as u64 {
        return Err(damaged("its pixel data are fewer than its frames"));
    }
    Ok(begin as usize..end as usize)
}

/// The compressed stream of a frame.
///
/// # Errors
/// `Truncated` where the file ends before the frame does; `Damaged`; `Unsupported` if nothing says where it begins.
pub(super) fn compressed<'a>(
    set: &DataSet<'a>,
    pixels: &Element<'a>,
    n_frames: u32,
    frame: u32,
) -> Result<Cow<'a, [u8]>, DecodeError> {
    if !pixels.is_open {
        return Err(damaged("its compressed pixels are not in fragments"));
    }
    let (offsets, first) = element(pixels.value, pixels.encoding)?;
    let fragments = Fragments::read(first, pixels)?;
    let chosen = match n_frames {
        1 => fragments.list.as_slice(),
        _ => fragments.of_frame(&offset_table(set, offsets.value), n_frames, frame as usize)?,
    };
    match chosen {
        [] => Err(damaged("it has fewer compressed frames than it says")),
        [(_, one)] => Ok(Cow::Borrowed(one)),
        several => Ok(Cow::Owned(several.iter().flat_map(|(_, bytes)| *bytes).copied().collect())),
    }
}

/// Where frames begin behind the table, in bytes. The extended table goes before the basic one.
fn offset_table(set: &DataSet, basic: &[u8]) -> Vec<u64> {
    match set.element(tags::EXTENDED_OFFSET_TABLE) {
        Some(extended) => extended.value.as_chunks().0.iter().map(|&offset| u64::from_le_bytes(offset)).collect(),
        None => basic.as_chunks().0.iter().map(|&offset| u32::from_le_bytes(offset).into()).collect(),
    }
}

/// The pieces of compressed pixels, each with where it begins.
struct Fragments<'a> {
    list: Vec<(u64, &'a [u8])>,
}

impl<'a> Fragments<'a> {
    fn read(bytes: &'a [u8], pixels: &Element<'a>) -> Result<Self, DecodeError> {
        let (mut rest, mut list) = (bytes, Vec::new());
        loop {
            if rest.is_empty() {
                return Err(truncated());
            }
            let begin = (bytes.len() - rest.len()) as u64;
            let (fragment, after) = element(rest, pixels.encoding)?;
            match fragment.tag {
                tags::ITEM if !fragment.is_open => list.push((begin, fragment.value)),
                tags::END_OF_SEQUENCE => return Ok(Self { list }),
                _ => return Err(damaged("its compressed pixels hold what is no fragment")),
            }
            rest = after;
        }
    }

    /// The pieces of the frame number `frame`, from 0.
    fn of_frame(&self, offsets: &[u64], n_frames: u32, frame: usize) -> Result<&[(u64, &'a [u8])], DecodeError> {
        let begins = if offsets.len() == n_frames as usize {
            offsets
                .iter()
                .filter_map(|offset| self.list.binary_search_by_key(offset, |(begin, _)| *begin).ok())
                .collect()
        } else if self.list.len() == n_frames as usize {
            (0..self.list.len()).collect()
        } else {
            self.stream_begins()
        };
        if begins.len() != n_frames as usize {
            return Err(unsupported("compressed frames of which nothing says where they begin"));
        }
        let end = begins.get(frame + 1).copied().unwrap_or(self.list.len());
        self.list.get(begins[frame]..end).ok_or_else(|| damaged("its frames are not in their order"))
    }

    fn stream_begins(&self) -> Vec<usize> {
        let begins = |bytes: &[u8]| STREAM_STARTS.iter().any(|start| bytes.starts_with(start));
        self.list.iter().enumerate().filter(|(_, (_, bytes))| begins(bytes)).map(|(at, _)| at).collect()
    }
}

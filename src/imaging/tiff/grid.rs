//! Where the strips or tiles of an image lie, in the file and in the image.

use super::directory::{Directory, TiffFile};
use super::refusal::{damaged, unsupported};
use super::tags;
use crate::imaging::error::DecodeError;

/// Strips are tiles as wide as the image; the last of a column ends with the image, tiles overhang it.
#[derive(Debug, Clone)]
pub(super) struct ChunkGrid {
    /// Pixels, of the image.
    pub(super) width: u32,
    /// Pixels, of the image.
    pub(super) height: u32,
    /// Pixels, of a strip or tile.
    pub(super) chunk_width: u32,
    /// Pixels, of a strip or tile.
    chunk_height: u32,
    is_tiled: bool,
    places: Vec<ByteRange>,
}

/// Bytes of the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct ByteRange {
    pub(super) offset: u64,
    pub(super) length: u64,
}

/// One strip or tile.
#[derive(Debug, Clone, Copy)]
pub(super) struct TiffChunk {
    pub(super) place: ByteRange,
    /// Its left upper pixel in the image.
    pub(super) left: usize,
    /// Its left upper pixel in the image.
    pub(super) top: usize,
    /// Pixels a row, and rows, that lie in the image.
    pub(super) shown: (usize, usize),
    /// Rows that are stored.
    pub(super) n_rows: usize,
}

impl ChunkGrid {
    /// # Errors
    /// `Damaged` where there are fewer strips or tiles than the image needs.
    pub(super) fn of(directory: &Directory, n_planes: usize) -> Result<Self, DecodeError> {
        let (width, height) = size_of(directory)?;
        let is_tiled = directory.has(tags::TILE_WIDTH);
        let (chunk_width, chunk_height) = if is_tiled {
            (side_of(directory, tags::TILE_WIDTH)?, side_of(directory, tags::TILE_LENGTH)?)
        } else if directory.has(tags::ROWS_PER_STRIP) {
            (width, side_of(directory, tags::ROWS_PER_STRIP)?.min(height))
        } else {
            (width, height)
        };
        let mut grid = Self { width, height, chunk_width, chunk_height, is_tiled, places: Vec::new() };
        grid.places = grid.places_of(directory, n_planes)?;
        Ok(grid)
    }

    fn n_across(&self) -> usize {
        self.width.div_ceil(self.chunk_width) as usize
    }

    fn n_down(&self) -> usize {
        self.height.div_ceil(self.chunk_height) as usize
    }

    fn places_of(&self, directory: &Directory, n_planes: usize) -> Result<Vec<ByteRange>, DecodeError> {
        let (offsets, lengths) = if self.is_tiled {
            (tags::TILE_OFFSETS, tags::TILE_BYTE_COUNTS)
        } else {
            (tags::STRIP_OFFSETS, tags::STRIP_BYTE_COUNTS)
        };
        let (offsets, lengths) = (directory.numbers(offsets)?, directory.numbers(lengths)?);
        let n_needed = self.n_across().saturating_mul(self.n_down()).saturating_mul(n_planes);
        if offsets.len().min(lengths.len()) < n_needed {
            return Err(damaged("it lists fewer strips or tiles than its size needs"));
        }
        let places = offsets.into_iter().zip(lengths).take(n_needed);
        Ok(places.map(|(offset, length)| ByteRange { offset, length }).collect())
    }

    /// The strips or tiles of a plane, row by row.
    pub(super) fn chunks(&self, plane: usize) -> impl Iterator<Item = TiffChunk> + '_ {
        let (n_across, n_down) = (self.n_across(), self.n_down());
        let places = self.places.iter().skip(plane * n_across * n_down).take(n_across * n_down);
        places.enumerate().map(move |(at, &place)| {
            let (left, top) = (at % n_across * self.chunk_width as usize, at / n_across * self.chunk_height as usize);
            let n_columns = (self.width as usize - left).min(self.chunk_width as usize);
            let n_shown = (self.height as usize - top).min(self.chunk_height as usize);
            let n_rows = if self.is_tiled { self.chunk_height as usize } else { n_shown };
            TiffChunk { place, left, top, shown: (n_columns, n_shown), n_rows }
        })
    }
}

impl ByteRange {
    /// The bytes, of which no more than `n_used` need to be there: some programs state whole strips where the last is
    /// shorter.
    ///
    /// # Errors
    /// `Truncated` where the file ends before; `Unsupported` where they are left out.
    pub(super) fn data<'a>(self, file: &TiffFile<'a>, n_used: u64) -> Result<&'a [u8], DecodeError> {
        if self.offset == 0 || self.length == 0 {
            return Err(unsupported("a sparse file, in which strips or tiles are left out"));
        }
        file.slice(self.offset, self.length.min(n_used))
    }
}

/// Width and height in pixels.
///
/// # Errors
/// `Damaged` if one is missing or 0.
pub(super) fn size_of(directory: &Directory) -> Result<(u32, u32), DecodeError> {
    Ok((side_of(directory, tags::IMAGE_WIDTH)?, side_of(directory, tags::IMAGE_LENGTH)?))
}

/// A number of pixels. A strip may state more rows than any image has.
fn side_of(directory: &Directory, tag: u16) -> Result<u32, DecodeError> {
    let side = directory.number(tag)?.filter(|side| *side > 0);
    let side = side.ok_or_else(|| damaged(format!("its size is missing or 0 (tag {tag})")))?;
    Ok(u32::try_from(side).unwrap_or(u32::MAX))
}

//! The strips and tiles put together: the colours of all pixels, and their alpha.

use std::borrow::Cow;

use super::compression::Packing;
use super::directory::TiffFile;
use super::grid::TiffChunk;
use super::jpeg_chunk::{self, JpegForm};
use super::layout::Layout;
use super::refusal::unsupported;
use super::rows::RowForm;
use crate::imaging::error::DecodeError;

/// Samples as stored, row by row.
#[derive(Debug)]
pub(super) struct SamplePlanes<T> {
    /// Those of a pixel together.
    pub(super) colours: Vec<T>,
    /// Empty of an image without.
    pub(super) alpha: Vec<T>,
}

/// What is decoded: a file, how its samples lie, and the tables of its JPEG streams.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stored<'a> {
    pub(super) file: TiffFile<'a>,
    pub(super) layout: &'a Layout,
    pub(super) jpeg_tables: &'a [u8],
    /// Bytes that a strip or tile may hold at most.
    pub(super) max_chunk: u64,
}

/// Where a sample of a chunk goes.
struct PlaneTarget {
    /// Its place in the chunk's pixel.
    sample: usize,
    /// Its place in the colours of the image's pixel; `None` of the alpha.
    colour: Option<usize>,
}

impl Stored<'_> {
    /// All samples that the image needs, each made of its bit pattern by `convert`.
    ///
    /// # Errors
    /// [`DecodeError`] of the first strip or tile that cannot be read.
    pub(super) fn planes<T: Copy + Default>(&self, convert: impl Fn(u32) -> T) -> Result<SamplePlanes<T>, DecodeError> {
        let grid = &self.layout.grid;
        let (n_pixels, n_colours) = (grid.width as usize * grid.height as usize, self.layout.meaning.n_colours());
        let n_alphas = if self.layout.alpha.is_some() { n_pixels } else { 0 };
        let mut planes =
            SamplePlanes { colours: vec![T::default(); n_pixels * n_colours], alpha: vec![T::default(); n_alphas] };
        let n_planes = if self.layout.is_planar { self.layout.n_samples } else { 1 };
        for plane in 0..n_planes {
            let targets = self.targets(plane);
            for chunk in grid.chunks(plane).filter(|_| !targets.is_empty()) {
                self.read(chunk, &targets, &convert, &mut planes)?;
            }
        }
        Ok(planes)
    }

    /// The samples of a plane's pixel that are kept.
    fn targets(&self, plane: usize) -> Vec<PlaneTarget> {
        let Layout { meaning, alpha, is_planar, .. } = *self.layout;
        let colours = (0..meaning.n_colours()).map(|colour| (colour, Some(colour)));
        let kept = colours.chain(alpha.map(|(at, _)| (at, None)));
        let here = kept.filter(|(sample, _)| !is_planar || *sample == plane);
        here.map(|(sample, colour)| PlaneTarget { sample: if is_planar { 0 } else { sample }, colour }).collect()
    }

    fn read<T: Copy>(
        &self,
        chunk: TiffChunk,
        targets: &[PlaneTarget],
        convert: impl Fn(u32) -> T,
        planes: &mut SamplePlanes<T>,
    ) -> Result<(), DecodeError> {
        let form = RowForm::of(self.layout, self.file.is_big_endian);
        let (n_colours, n_together) = (self.layout.meaning.n_colours(), self.layout.n_together());
        let width = self.layout.grid.width as usize;
        let bytes = self.bytes(chunk, &form)?;
        let mut samples = Vec::new();
        for (row, stored) in bytes.chunks_exact(form.n_bytes()).take(chunk.shown.1).enumerate() {
            form.unpack(stored, &mut samples);
            let first = (chunk.top + row) * width + chunk.left;
            for PlaneTarget { sample, colour } in targets {
                let (out, step) = match colour {
                    Some(colour) => (&mut planes.colours[first * n_colours + colour..], n_colours),
                    None => (&mut planes.alpha[first..], 1),
                };
                let found = samples[*sample..].iter().step_by(n_together).take(chunk.shown.0);
                out.iter_mut().step_by(step).zip(found).for_each(|(out, found)| *out = convert(*found));
            }
        }
        Ok(())
    }

    /// The rows of a strip or tile, with the bits of each byte in order.
    fn bytes(&self, chunk: TiffChunk, form: &RowForm) -> Result<Cow<'_, [u8]>, DecodeError> {
        let layout = self.layout;
        let length = (chunk.n_rows as u64).saturating_mul(form.n_bytes() as u64);
        if length > self.max_chunk {
            return Err(unsupported(format!("strips or tiles of {length} bytes")));
        }
        let n_used = if layout.packing == Packing::None { length } else { u64::MAX };
        let data = chunk.place.data(&self.file, n_used)?;
        if layout.packing == Packing::Jpeg {
            let (n_channels, n_shown) = (layout.n_together(), chunk.shown.1);
            let form = JpegForm { meaning: layout.meaning, width: layout.grid.chunk_width, n_shown, n_channels };
            return jpeg_chunk::decoded(data, self.jpeg_tables, form).map(Cow::Owned);
        }
        if layout.is_bit_reversed {
            let data: Vec<u8> = data.iter().map(|byte| byte.reverse_bits()).collect();
            return layout.packing.unpacked(&data, length as usize).map(|bytes| Cow::Owned(bytes.into_owned()));
        }
        layout.packing.unpacked(data, length as usize)
    }
}

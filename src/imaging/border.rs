//! What the outermost ring of an image looks like, without a look at the rest.

use std::ops::Range;

use super::picture::{Picture, Pixels};
use crate::domain::Border;

/// 16-bit levels for one 8-bit level.
const LEVELS_16: u64 = 257;

impl Picture {
    /// The mean level of each border cell over its pixels and channels, rounded to 8 bits. No pixel of another cell has a
    /// part in it; where a side has fewer pixels than the grid has cells, neighbours share theirs.
    pub fn border(&self) -> Border {
        let mut levels = [0; Border::N_CELLS];
        for (level, (row, column)) in levels.iter_mut().zip(Border::cells()) {
            *level = self.mean_level(span(row, self.height), span(column, self.width));
        }
        Border::new(levels)
    }

    fn mean_level(&self, rows: Range<usize>, columns: Range<usize>) -> u8 {
        let (stride, channels) = ((self.width * self.channels) as usize, self.channels as usize);
        let strips = rows.map(|row| row * stride + columns.start * channels..row * stride + columns.end * channels);
        let (sum, n) = match &self.pixels {
            Pixels::U8(samples) => total(samples, strips),
            Pixels::U16(samples) => {
                let (sum, n) = total(samples, strips);
                (sum, n * LEVELS_16)
            }
        };
        ((sum + n / 2) / n) as u8
    }
}

/// The pixels of one cell along a side; at least one.
fn span(cell: usize, side: u32) -> Range<usize> {
    let start = |cell: usize| cell * side as usize / Border::GRID;
    start(cell)..start(cell + 1).max(start(cell) + 1)
}

/// Sum and number of the samples in `strips`.
fn total<T: Copy + Into<u64>>(samples: &[T], strips: impl Iterator<Item = Range<usize>>) -> (u64, u64) {
    strips.fold((0, 0), |(sum, n), strip| {
        let strip = &samples[strip];
        (sum + strip.iter().map(|level| (*level).into()).sum::<u64>(), n + strip.len() as u64)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 64 by 32, so that a cell is 4 by 2: level 10, but 200 in the right column of cells and 77 inside the ring.
    fn framed(channels: u32) -> Picture {
        let level = |row: usize, column: usize| match (row, column) {
            (_, 60..) => 200,
            (2..30, 4..60) => 77,
            _ => 10,
        };
        let pixels = (0..32).flat_map(|row| (0..64).map(move |column| level(row, column)));
        Picture::new(64, 32, channels, Pixels::U8(pixels.flat_map(|level| vec![level; channels as usize]).collect()))
            .unwrap()
    }

    #[test]
    fn only_the_ring_counts_and_each_cell_for_itself() {
        let expected: Vec<u8> = Border::cells().map(|(_, column)| if column == 15 { 200 } else { 10 }).collect();
        for channels in [1, 3] {
            assert_eq!(framed(channels).border().levels().as_slice(), expected);
        }
    }

    #[test]
    fn sixteen_bits_say_the_same_as_eight() {
        let picture = framed(1);
        let Pixels::U8(levels) = picture.pixels() else { panic!("8 bits") };
        let deep = levels.iter().map(|level| u16::from(*level) * 257).collect();
        assert_eq!(Picture::new(64, 32, 1, Pixels::U16(deep)).unwrap().border(), picture.border());
    }

    #[test]
    fn the_smallest_picture_has_a_border() {
        let one = Picture::new(1, 1, 1, Pixels::U8(vec![9])).unwrap();
        assert_eq!(one.border().levels(), &[9; Border::N_CELLS]);
        let wide = Picture::new(5, 1, 1, Pixels::U8(vec![1, 2, 3, 4, 5])).unwrap();
        assert_eq!((wide.border().levels()[0], wide.border().levels()[15]), (1, 5));
    }
}

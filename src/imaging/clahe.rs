//! Contrast-limited adaptive histogram equalisation.
//!
//! Source: K. Zuiderveld, "Contrast limited adaptive histogram equalization", Graphics Gems IV (1994), in the variant that
//! OpenCV made common (`createCLAHE`): the same tiles, clipping and rounding.

use super::picture::{Picture, Pixels};

/// The grid of tiles laid over an image.
struct Grid {
    tiles: usize,
    tile: [usize; 2],
    size: [usize; 2],
}

impl Picture {
    /// Local contrast evened out over `tiles` x `tiles` tiles (at least 1). `clip_limit`: how many times the even share a
    /// level may have, 1 and up; 0 or below clips nothing. A colour image's luma (BT.601) is equalised, and each
    /// channel moved by as much.
    #[must_use]
    pub fn equalized_locally(&self, clip_limit: f64, tiles: u32) -> Self {
        let grid = Grid::new([self.width as usize, self.height as usize], tiles.max(1) as usize);
        let pixels = match (&self.pixels, self.channels) {
            (Pixels::U8(data), 1) => Pixels::U8(grid.equalized(data, 256, clip_limit)),
            (Pixels::U16(data), 1) => Pixels::U16(grid.equalized(data, 65_536, clip_limit)),
            (Pixels::U8(data), _) => Pixels::U8(by_luma(data, |luma| grid.equalized(luma, 256, clip_limit))),
            (Pixels::U16(data), _) => Pixels::U16(by_luma(data, |luma| grid.equalized(luma, 65_536, clip_limit))),
        };
        self.with_pixels(self.width, self.height, pixels)
    }
}

/// What the equalisation of the luma adds to it is added to all three channels, within their range.
fn by_luma<T>(data: &[T], equalized: impl Fn(&[T]) -> Vec<T>) -> Vec<T>
where
    T: Copy + Into<i64> + TryFrom<i64> + MaxLevel,
{
    let (pixels, _) = data.as_chunks::<3>();
    // Weights in 1/65536, which add up to 1, so that grey keeps its level.
    let luma = |&[r, g, b]: &[T; 3]| (19_595 * r.into() + 38_470 * g.into() + 7_471 * b.into() + 32_768) >> 16;
    let before: Vec<T> = pixels.iter().map(|pixel| T::try_from(luma(pixel)).unwrap_or(T::MOST)).collect();
    let moved = pixels.iter().zip(before.iter().zip(equalized(&before)));
    let channels = moved.flat_map(|(pixel, (&before, after))| {
        pixel.map(|v| T::try_from((v.into() + after.into() - before.into()).clamp(0, T::MOST.into())).unwrap_or(v))
    });
    channels.collect()
}

/// The greatest level.
trait MaxLevel {
    const MOST: Self;
}

impl MaxLevel for u8 {
    const MOST: Self = Self::MAX;
}

impl MaxLevel for u16 {
    const MOST: Self = Self::MAX;
}

impl Grid {
    /// An image that the grid does not divide is continued to the right and below, in both directions if in one:
    /// OpenCV's way.
    fn new(size: [usize; 2], tiles: usize) -> Self {
        let divides = size.iter().all(|side| side % tiles == 0);
        let tile = size.map(|side| if divides { side / tiles } else { (side + tiles - side % tiles) / tiles });
        Self { tiles, tile, size }
    }

    /// One channel with `n_levels`, each pixel through the tables of the four tiles around it.
    fn equalized<T>(&self, data: &[T], n_levels: usize, clip_limit: f64) -> Vec<T>
    where
        T: Copy + Into<f32> + Into<usize> + TryFrom<usize>,
    {
        let tables = self.tables(data, n_levels, clip_limit);
        let table = |column: usize, row: usize| &tables[(row * self.tiles + column) * n_levels..][..n_levels];
        let across: Vec<_> = (0..self.size[0]).map(|x| self.around(x, self.tile[0])).collect();
        let mut out = Vec::with_capacity(data.len());
        for (y, line) in data.chunks_exact(self.size[0]).enumerate() {
            let (above, below, down) = self.around(y, self.tile[1]);
            for (&v, &(left, right, along)) in line.iter().zip(&across) {
                let level: usize = v.into();
                let of = |column, row| f32::from(table(column, row)[level]);
                let top = of(left, above) * (1.0 - along) + of(right, above) * along;
                let bottom = of(left, below) * (1.0 - along) + of(right, below) * along;
                let blended = top * (1.0 - down) + bottom * down;
                out.push(T::try_from(blended.round_ties_even() as usize).unwrap_or(v));
            }
        }
        out
    }

    /// The two tiles whose centres lie around place `i` along an axis, and how far it is from the first to the second.
    fn around(&self, i: usize, side: usize) -> (usize, usize, f32) {
        let place = i as f32 * (1.0 / side as f32) - 0.5;
        let first = place.floor();
        let second = ((first + 1.0) as usize).min(self.tiles - 1);
        (first.max(0.0) as usize, second, place - first)
    }

    /// One table of `n_levels` for each tile, row by row.
    fn tables<T: Copy + Into<usize>>(&self, data: &[T], n_levels: usize, clip_limit: f64) -> Vec<u16> {
        let area = self.tile[0] * self.tile[1];
        let limit = (clip_limit > 0.0).then(|| ((clip_limit * area as f64 / n_levels as f64) as u32).max(1));
        let scale = (n_levels - 1) as f32 / area as f32;
        let mut tables = Vec::with_capacity(self.tiles * self.tiles * n_levels);
        for (row, column) in (0..self.tiles).flat_map(|row| (0..self.tiles).map(move |column| (row, column))) {
            let mut counts = self.counts(data, column, row, n_levels);
            if let Some(limit) = limit {
                clip(&mut counts, limit);
            }
            let mut sum = 0;
            tables.extend(counts.iter().map(|count| {
                sum += count;
                (sum as f32 * scale).round_ties_even() as u16
            }));
        }
        tables
    }

    fn counts<T: Copy + Into<usize>>(&self, data: &[T], column: usize, row: usize, n_levels: usize) -> Vec<u32> {
        let span = |at: usize, axis: usize| {
            (at * self.tile[axis]..(at + 1) * self.tile[axis]).map(move |i| mirrored(i, self.size[axis]))
        };
        let columns: Vec<usize> = span(column, 0).collect();
        let mut counts = vec![0; n_levels];
        for y in span(row, 1) {
            let line = &data[y * self.size[0]..][..self.size[0]];
            for &x in &columns {
                let level: usize = line[x].into();
                counts[level] += 1;
            }
        }
        counts
    }
}

/// The place for `i` among `n`, mirrored about the last one.
fn mirrored(i: usize, n: usize) -> usize {
    let period = (2 * n - 2).max(1);
    (i % period).min(period - i % period)
}

/// Spreads what exceeds `limit` evenly over all levels; what is left over goes to levels at equal distances.
fn clip(counts: &mut [u32], limit: u32) {
    let mut excess = 0;
    for count in counts.iter_mut() {
        excess += count.saturating_sub(limit);
        *count = (*count).min(limit);
    }
    let n_levels = counts.len() as u32;
    let (share, left) = (excess / n_levels, excess % n_levels);
    for count in counts.iter_mut() {
        *count += share;
    }
    let step = (n_levels / left.max(1)) as usize;
    counts.iter_mut().step_by(step).take(left as usize).for_each(|count| *count += 1);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An image that no grid of these divides evenly, and its sixth row after OpenCV 5.0's `createCLAHE`, with the sum of
    /// all its levels.
    fn check(size: [u32; 2], tiles: u32, clip_limit: f64, row8: &[u8], sum8: u64, row16: &[u16], sum16: u64) {
        let [width, height] = size;
        let level = |i: u32| (i % width * (i % width) * 3 + i / width * 7 + (i % width) * (i / width)) as u8;
        let data: Vec<u8> = (0..width * height).map(level).collect();
        let deep = data.iter().map(|&v| u16::from(v) * 251).collect();
        let at = 5 * width as usize;
        let grey =
            Picture::new(width, height, 1, Pixels::U8(data.clone())).unwrap().equalized_locally(clip_limit, tiles);
        let Pixels::U8(found) = &grey.pixels else { panic!("8 bits stay 8") };
        assert_eq!((&found[at..][..row8.len()], found.iter().map(|&v| u64::from(v)).sum()), (row8, sum8));
        let deep = Picture::new(width, height, 1, Pixels::U16(deep)).unwrap().equalized_locally(clip_limit, tiles);
        let Pixels::U16(found) = &deep.pixels else { panic!("16 bits stay 16") };
        assert_eq!((&found[at..][..row16.len()], found.iter().map(|&v| u64::from(v)).sum()), (row16, sum16));
        let rgb = Picture::new(width, height, 3, Pixels::U8(data.iter().flat_map(|&v| [v; 3]).collect())).unwrap();
        assert_eq!(rgb.equalized_locally(clip_limit, tiles).to_rgb8(), grey.to_rgb8(), "grey in three channels");
    }

    #[test]
    fn equalises_as_opencv_does() {
        check(
            [20, 14],
            3,
            2.0,
            &[55, 69, 94, 131, 164, 194, 212, 235, 20, 85, 140, 200, 27, 103, 184, 26, 118, 225, 73, 193],
            37_376,
            &[14_044, 17_788, 24_342, 33_704, 42_063, 49_753, 53_565, 60_386, 5015, 21_867, 34_908, 51_492, 6888],
            9_573_713,
        );
        check(
            [24, 12],
            4,
            0.0,
            &[59, 85, 128, 160, 181, 197, 203, 233, 12, 57, 102, 189, 14, 91, 171, 26, 117, 216, 90, 213, 84, 220],
            38_735,
            &[15_170, 21_845, 32_767, 41_263, 46_622, 50_567, 52_185, 59_871, 3034, 14_563, 26_194, 48_747, 3641],
            9_958_883,
        );
        check(
            [18, 16],
            8,
            40.0,
            &[118, 170, 197, 161, 168, 204, 184, 207, 23, 56, 137, 233, 12, 107, 186, 26, 117, 202],
            42_590,
            &[30_340, 43_690, 50_567, 41_263, 43_285, 52_388, 47_331, 53_399, 6068, 14_564, 35_195, 59_872, 3034],
            10_946_966,
        );
    }

    #[test]
    fn a_colour_keeps_its_differences_and_a_single_pixel_is_no_failure() {
        let data =
            (0..32 * 32).flat_map(|i| [100 + (i % 32) as u8, 90 + (i % 32) as u8, 80 + (i % 32) as u8]).collect();
        let even = Picture::new(32, 32, 3, Pixels::U8(data)).unwrap().equalized_locally(1.5, 2).to_rgb8().data;
        let inner = even.chunks_exact(3).filter(|pixel| pixel[2] > 0 && pixel[0] < 255);
        assert!(inner.clone().count() > 500 && inner.clone().all(|p| (p[0] - p[1], p[1] - p[2]) == (10, 10)));
        let dot = Picture::new(1, 1, 1, Pixels::U8(vec![9])).unwrap();
        assert_eq!(dot.equalized_locally(2.0, 8).pixels(), &Pixels::U8(vec![255]));
    }
}

//! The warp kernel: one bilinear resampling through an affine pull map, in integers, with one rounding.
//!
//! Coordinates run along a row in Q32; within the span of columns whose four neighbours all lie inside, which is
//! found by division, no neighbour is checked. Weights are Q11 for 8-bit and Q20 for 16-bit samples. No threads:
//! who warps many pictures runs them side by side.

#![expect(clippy::cast_possible_wrap, reason = "sides and columns are far below 2^31")]

use std::ops::Range;

use super::affine::Affine;
use super::picture::{Picture, Pixels};
use crate::domain::Fill;

/// What lies outside the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Border {
    /// Which pixels come in.
    pub fill: Fill,
    /// The level for [`Fill::Constant`], 0 to 255 whatever the picture's depth.
    pub value: u8,
}

/// Fractional bits of a coordinate.
const Q: u32 = 32;

impl Picture {
    /// The picture seen through `map`, in its own size: identity, flips and quarter turns of a square give the very
    /// same samples; all else is within 1 level (of 255, or of 65535) of exact bilinear interpolation, unbiased.
    #[must_use]
    pub fn warped(&self, map: &Affine, border: Border) -> Self {
        if *map == Affine::IDENTITY {
            return self.clone();
        }
        let pixels = match (&self.pixels, self.channels) {
            (Pixels::U8(data), 1) => Pixels::U8(warp::<u8, 1>(self, data, map, border)),
            (Pixels::U8(data), _) => Pixels::U8(warp::<u8, 3>(self, data, map, border)),
            (Pixels::U16(data), 1) => Pixels::U16(warp::<u16, 1>(self, data, map, border)),
            (Pixels::U16(data), _) => Pixels::U16(warp::<u16, 3>(self, data, map, border)),
        };
        self.with_pixels(self.width, self.height, pixels)
    }
}

/// One sample of a pixel, and how four of them blend.
trait Level: Copy + Default {
    /// Bits of a weight.
    const WEIGHT: u32;
    /// `value` of 255 on this scale.
    fn of_byte(value: u8) -> Self;
    /// Bilinear interpolation of the samples at (0, 0), (1, 0), (0, 1), (1, 1), at `fx`, `fy` (0 to 2^WEIGHT - 1),
    /// rounded once, half up.
    fn blend(at: [Self; 4], fx: u32, fy: u32) -> Self;
}

impl Level for u8 {
    const WEIGHT: u32 = 11;

    fn of_byte(value: u8) -> Self {
        value
    }

    #[inline]
    fn blend(at: [Self; 4], fx: u32, fy: u32) -> Self {
        const ONE: u32 = 1 << u8::WEIGHT;
        let [a, b, c, d] = at.map(u32::from);
        let (top, bottom) = (a * (ONE - fx) + b * fx, c * (ONE - fx) + d * fx);
        ((top * (ONE - fy) + bottom * fy + (1 << (2 * Self::WEIGHT - 1))) >> (2 * Self::WEIGHT)) as Self
    }
}

impl Level for u16 {
    const WEIGHT: u32 = 20;

    fn of_byte(value: u8) -> Self {
        Self::from(value) * 257
    }

    #[inline]
    fn blend(at: [Self; 4], fx: u32, fy: u32) -> Self {
        const ONE: u64 = 1 << u16::WEIGHT;
        let ([a, b, c, d], fx, fy) = (at.map(u64::from), u64::from(fx), u64::from(fy));
        let (top, bottom) = (a * (ONE - fx) + b * fx, c * (ONE - fx) + d * fx);
        ((top * (ONE - fy) + bottom * fy + (1 << (2 * Self::WEIGHT - 1))) >> (2 * Self::WEIGHT)) as Self
    }
}

/// The source of a warp.
struct Frame<'a, T, const C: usize> {
    data: &'a [T],
    width: usize,
    height: usize,
    border: Border,
}

/// A coordinate in Q32 along a row of the output: `start + column * step`, half a weight's step added so that cutting
/// off the bits below a weight rounds.
#[derive(Clone, Copy)]
struct Run {
    start: i64,
    step: i64,
}

fn warp<T: Level, const C: usize>(picture: &Picture, data: &[T], map: &Affine, border: Border) -> Vec<T> {
    let frame = Frame::<T, C> { data, width: picture.width as usize, height: picture.height as usize, border };
    let mut out = vec![T::default(); data.len()];
    for (y, row) in out.chunks_exact_mut(frame.width * C).enumerate() {
        let start = map.apply(0.0, y as f64);
        frame.warp_row(row, Run::new::<T>(start[0], map.0[0]), Run::new::<T>(start[1], map.0[3]));
    }
    out
}

impl Run {
    fn new<T: Level>(start: f64, step: f64) -> Self {
        let fixed = |value: f64| (value * (1_i64 << Q) as f64).round() as i64;
        Self { start: fixed(start) + (1 << (Q - T::WEIGHT - 1)), step: fixed(step) }
    }

    fn at(self, column: usize) -> i64 {
        self.start.wrapping_add(self.step.wrapping_mul(column as i64))
    }

    /// The columns below `n` at which the coordinate lies in `0 .. side - 1`, so that it and its right neighbour are inside.
    fn inside(self, side: usize, n: usize) -> Range<usize> {
        let end = (side as i64 - 1) << Q;
        let (first, behind) = match self.step {
            0 if (0..end).contains(&self.start) => (0, n as i64),
            0 => (0, 0),
            step if step > 0 => (ceil_div(-self.start, step), ceil_div(end - self.start, step)),
            step => (ceil_div(self.start - end + 1, -step), ceil_div(self.start + 1, -step)),
        };
        let clamp = |column: i64| column.clamp(0, n as i64) as usize;
        clamp(first)..clamp(behind).max(clamp(first))
    }
}

fn ceil_div(a: i64, b: i64) -> i64 {
    a.div_euclid(b) + i64::from(a.rem_euclid(b) != 0)
}

impl<T: Level, const C: usize> Frame<'_, T, C> {
    fn warp_row(&self, row: &mut [T], x: Run, y: Run) {
        let (across, down) = (x.inside(self.width, self.width), y.inside(self.height, self.width));
        let first = across.start.max(down.start).min(self.width);
        let behind = across.end.min(down.end).max(first);
        for column in (0..first).chain(behind..self.width) {
            let pixel = self.checked(x.at(column), y.at(column));
            row[column * C..][..C].copy_from_slice(&pixel);
        }
        for (column, pixel) in (first..behind).zip(row[first * C..behind * C].chunks_exact_mut(C)) {
            pixel.copy_from_slice(&self.unchecked(x.at(column), y.at(column)));
        }
    }

    /// The pixel at a coordinate whose four neighbours lie inside.
    #[inline]
    fn unchecked(&self, x: i64, y: i64) -> [T; C] {
        let at = ((y >> Q) as usize * self.width + (x >> Q) as usize) * C;
        let (top, bottom) = (&self.data[at..][..2 * C], &self.data[at + self.width * C..][..2 * C]);
        let (fx, fy) = (fraction::<T>(x), fraction::<T>(y));
        std::array::from_fn(|c| T::blend([top[c], top[C + c], bottom[c], bottom[C + c]], fx, fy))
    }

    /// The pixel at any coordinate; what lies outside is the border's affair.
    fn checked(&self, x: i64, y: i64) -> [T; C] {
        let (left, above) = (x >> Q, y >> Q);
        let corners = [(left, above), (left + 1, above), (left, above + 1), (left + 1, above + 1)];
        let pixels = corners.map(|(x, y)| self.pixel(x, y));
        let (fx, fy) = (fraction::<T>(x), fraction::<T>(y));
        std::array::from_fn(|c| T::blend(pixels.map(|pixel| pixel[c]), fx, fy))
    }

    fn pixel(&self, x: i64, y: i64) -> [T; C] {
        let fill = self.border.fill;
        match (inward(x, self.width, fill), inward(y, self.height, fill)) {
            (Some(x), Some(y)) => std::array::from_fn(|c| self.data[(y * self.width + x) * C + c]),
            _ => [T::of_byte(self.border.value); C],
        }
    }
}

fn fraction<T: Level>(coordinate: i64) -> u32 {
    ((coordinate >> (Q - T::WEIGHT)) & ((1 << T::WEIGHT) - 1)) as u32
}

/// The index inside `0..n` that stands for index `i`; `None` where the constant does.
fn inward(i: i64, n: usize, fill: Fill) -> Option<usize> {
    let n = n as i64;
    let inside = match fill {
        Fill::Nearest => i.clamp(0, n - 1),
        Fill::Constant => return (0..n).contains(&i).then_some(i as usize),
        Fill::Reflect => match i.rem_euclid(2 * n) {
            i if i < n => i,
            i => 2 * n - 1 - i,
        },
        Fill::Wrap => i.rem_euclid(n),
    };
    Some(inside as usize)
}

#[cfg(test)]
mod tests;

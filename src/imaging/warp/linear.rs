//! The fast kernel: bilinear through an affine map, in integers, with one rounding.
//!
//! Coordinates run along a row in Q32; within the span of columns whose four neighbours all lie inside, which is
//! found by division, no neighbour is checked. Weights are Q14 for 8-bit and Q20 for 16-bit samples. Outside that span
//! each neighbour is looked up; where a rule hangs on the last bit of a coordinate, the reference sampler is asked.

#![expect(clippy::cast_possible_wrap, reason = "sides and columns are far below 2^31")]

use std::ops::Range;

use super::axis::Extension;
use super::exact::Exact;
use super::level::Level;
use super::run::{Q, Run};
use super::sampling::Sampling;
use crate::imaging::affine::Affine;

/// Whether the processor's own wide instructions are used; the bytes are the same.
#[derive(Clone, Copy)]
pub(super) enum Kernel {
    /// Where it has them.
    Fastest,
    /// Never.
    Portable,
}

/// The whole frame of `size` seen through `map`.
pub(super) fn warp<T: Level, const C: usize>(
    data: &[T],
    size: [usize; 2],
    map: &Affine,
    sampling: Sampling,
    kernel: Kernel,
) -> Vec<T> {
    let [width, height] = size;
    let border = BorderSampler::<T, C>::new(data, size, sampling);
    let mut out = vec![T::default(); data.len()];
    for (y, row) in out.chunks_exact_mut(width * C).enumerate() {
        let start = map.apply(0.0, y as f64);
        let [x_run, y_run] =
            [(start[0], map.0[0]), (start[1], map.0[3])].map(|(start, step)| Run::new(start, step, T::WEIGHT));
        let (across, down) = (x_run.inside(width, width, T::WEIGHT), y_run.inside(height, width, T::WEIGHT));
        let first = across.start.max(down.start);
        let span = first..across.end.min(down.end).max(first);
        for columns in [0..span.start, span.end..width] {
            border.fill(&mut row[columns.start * C..columns.end * C], columns, y, map, (x_run, y_run));
        }
        let inner = &mut row[span.start * C..span.end * C];
        let n_done = match kernel {
            Kernel::Fastest => T::fast_row::<C>((data, width), inner, span.start, (x_run, y_run)),
            Kernel::Portable => 0,
        };
        for (x, pixel) in span.zip(inner.chunks_exact_mut(C)).skip(n_done) {
            pixel.copy_from_slice(&inner_pixel::<T, C>(data, width, x_run.at(x), y_run.at(x)));
        }
    }
    out
}

/// The pixel at a coordinate whose four neighbours lie inside.
#[inline]
fn inner_pixel<T: Level, const C: usize>(data: &[T], width: usize, x: i64, y: i64) -> [T; C] {
    let at = ((y >> Q) as usize * width + (x >> Q) as usize) * C;
    let (top, bottom) = (&data[at..][..2 * C], &data[at + width * C..][..2 * C]);
    let (fx, fy) = (fraction::<T>(x), fraction::<T>(y));
    std::array::from_fn(|c| T::blend([top[c], top[C + c], bottom[c], bottom[C + c]], fx, fy))
}

fn fraction<T: Level>(coordinate: i64) -> u32 {
    ((coordinate >> (Q - T::WEIGHT)) & ((1 << T::WEIGHT) - 1)) as u32
}

/// The pixels around the border, and beyond it.
struct BorderSampler<'a, T, const C: usize> {
    data: &'a [T],
    size: [usize; 2],
    extension: Extension,
    outside: T,
    exact: Exact<'a, T, C, 2>,
}

impl<'a, T: Level, const C: usize> BorderSampler<'a, T, C> {
    fn new(data: &'a [T], size: [usize; 2], sampling: Sampling) -> Self {
        let (extension, outside) = (sampling.into(), T::of_byte(sampling.value));
        Self { data, size, extension, outside, exact: Exact::new(data, size, 0, extension, outside.into()) }
    }

    /// Writes `columns` of row `y` to `out`. The extension is selected once for all of them.
    fn fill(&self, out: &mut [T], columns: Range<usize>, y: usize, map: &Affine, (across, down): (Run, Run)) {
        let places = columns.clone().map(|x| (across.at(x), down.at(x)));
        let pixels = out.chunks_exact_mut(C);
        let last = self.size.map(|side| side as i64 - 1);
        match self.extension {
            Extension::Nearest => {
                let inward = |i: i64, axis: usize| Some(i.clamp(0, last[axis]));
                for (pixel, at) in pixels.zip(places) {
                    pixel.copy_from_slice(&self.blended(at, inward));
                }
            }
            Extension::Reflect | Extension::GridConstant | Extension::GridWrap => {
                let inward = |i: i64, axis: usize| self.extension.index(i, last[axis] + 1);
                for (pixel, at) in pixels.zip(places) {
                    pixel.copy_from_slice(&self.blended(at, inward));
                }
            }
            Extension::Constant | Extension::Wrap => {
                for (pixel, (x, at)) in pixels.zip(columns.zip(places)) {
                    pixel.copy_from_slice(&self.exactly(at, x, y, map));
                }
            }
        }
    }

    /// The pixel at a coordinate, of which `map` gives the last bit.
    fn exactly(&self, at: (i64, i64), x: usize, y: usize, map: &Affine) -> [T; C] {
        if self.extension == Extension::Constant && (self.is_far(at.0, 0) || self.is_far(at.1, 1)) {
            return [self.outside; C];
        }
        let [u, v] = map.apply(x as f64, y as f64);
        self.exact.pixel(u, v).map(T::rounded)
    }

    /// Whether a coordinate lies outside by more than its rounding.
    fn is_far(&self, at: i64, axis: usize) -> bool {
        let margin = 1_i64 << (Q - T::WEIGHT + 1);
        at < -margin || at > ((self.size[axis] as i64 - 1) << Q) + margin
    }

    /// The pixel at a coordinate, of whose neighbours `inward` says which samples stand for them.
    #[inline]
    fn blended(&self, (x, y): (i64, i64), inward: impl Fn(i64, usize) -> Option<i64>) -> [T; C] {
        let places = |at: i64, axis: usize| [0, 1].map(|next| inward((at >> Q) + next, axis));
        let ([left, right], [above, below]) = (places(x, 0), places(y, 1));
        let corners = [(left, above), (right, above), (left, below), (right, below)];
        let pixels = corners.map(|corner| self.sample(corner));
        let (fx, fy) = (fraction::<T>(x), fraction::<T>(y));
        std::array::from_fn(|c| T::blend(pixels.map(|pixel| pixel[c]), fx, fy))
    }

    #[inline]
    fn sample(&self, place: (Option<i64>, Option<i64>)) -> [T; C] {
        let (Some(x), Some(y)) = place else { return [self.outside; C] };
        let at = (y as usize * self.size[0] + x as usize) * C;
        std::array::from_fn(|c| self.data[at + c])
    }
}

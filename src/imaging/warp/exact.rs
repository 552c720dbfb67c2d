//! The reference sampler: any interpolation, fill and rule, in double precision with one rounding.
//!
//! It is the oracle of the fast kernel, takes the pixels at whose border that kernel ends, and does all that is asked
//! for more rarely.

use super::axis::{Axis, Extension, OUTSIDE, Taps};
use super::level::Level;
use super::sampling::Sampling;
use super::spline;
use crate::domain::Interpolation;
use crate::imaging::affine::Affine;
use crate::imaging::displacement::Displacement;

/// Samples to read from, `C` interleaved channels of levels or of a spline's coefficients, `N` of them along each axis
/// for a pixel.
pub(super) struct Exact<'a, T, const C: usize, const N: usize> {
    data: &'a [T],
    stride: usize,
    across: Axis,
    down: Axis,
    outside: f64,
}

impl<'a, T: Copy + Into<f64>, const C: usize, const N: usize> Exact<'a, T, C, N> {
    /// `data` holds `width + 2 pad` columns of `height + 2 pad` rows; `outside` is the level of the constant.
    pub(super) fn new(
        data: &'a [T],
        [width, height]: [usize; 2],
        pad: usize,
        extension: Extension,
        outside: f64,
    ) -> Self {
        let stride = (width + 2 * pad) * C;
        let [across, down] = [width, height].map(|side| Axis::new(side, pad, extension));
        Self { data, stride, across, down, outside }
    }

    /// The pixel at (`x`, `y`), unrounded.
    #[inline]
    pub(super) fn pixel(&self, x: f64, y: f64) -> [f64; C] {
        let taps: Option<(Taps<N>, Taps<N>)> = self.across.taps(x).zip(self.down.taps(y));
        let Some((across, down)) = taps else { return [self.outside; C] };
        let mut sum = [0.0; C];
        for (row, share) in down.at.into_iter().zip(down.weight) {
            for (column, weight) in across.at.into_iter().zip(across.weight) {
                let pixel = self.sample(row, column);
                for (sum, level) in sum.iter_mut().zip(pixel) {
                    *sum += weight * share * level;
                }
            }
        }
        sum
    }

    #[inline]
    fn sample(&self, row: usize, column: usize) -> [f64; C] {
        if row == OUTSIDE || column == OUTSIDE {
            return [self.outside; C];
        }
        let pixel = &self.data[row * self.stride + column * C..][..C];
        std::array::from_fn(|c| pixel[c].into())
    }
}

/// The whole frame of `size` seen through `map` and, before it, `field`: levels, unrounded.
pub(super) fn levels<T: Level, const C: usize>(
    data: &[T],
    size: [usize; 2],
    map: &Affine,
    field: Option<&Displacement>,
    sampling: Sampling,
) -> Vec<f64> {
    let (outside, extension) = (T::of_byte(sampling.value).into(), sampling.into());
    match sampling.interpolation {
        Interpolation::Nearest => {
            resampled(&Exact::<T, C, 1>::new(data, size, 0, extension, outside), size, map, field)
        }
        Interpolation::Bilinear => {
            resampled(&Exact::<T, C, 2>::new(data, size, 0, extension, outside), size, map, field)
        }
        Interpolation::Bicubic => {
            let data = spline::coefficients::<T, C>(data, size, sampling);
            resampled(&Exact::<f64, C, 4>::new(&data, size, spline::PAD, extension, outside), size, map, field)
        }
    }
}

fn resampled<S: Copy + Into<f64>, const C: usize, const N: usize>(
    source: &Exact<S, C, N>,
    [width, height]: [usize; 2],
    map: &Affine,
    field: Option<&Displacement>,
) -> Vec<f64> {
    let mut out = Vec::with_capacity(width * height * C);
    for y in 0..height {
        let along = field.map(|field| field.row(y, height));
        for x in 0..width {
            let [dx, dy] = along.as_ref().map_or([0.0; 2], |along| along.at(x, width));
            let [u, v] = map.apply(x as f64 + dx, y as f64 + dy);
            out.extend(source.pixel(u, v));
        }
    }
    out
}

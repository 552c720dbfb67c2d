//! The reference sampler: any interpolation, fill and rule, in double precision with one rounding.
//!
//! It is the oracle of the fast kernel, takes the pixels at whose border that kernel ends, and does all that is asked
//! for more rarely.

use super::axis::{Axis, OUTSIDE};
use super::level::Level;
use super::{Sampling, spline};
use crate::domain::Interpolation;
use crate::imaging::affine::Affine;
use crate::imaging::displacement::Displacement;

/// Samples to read from: `C` channels, interleaved, either levels or the coefficients of a spline.
pub(super) struct Exact<'a, T, const C: usize> {
    data: &'a [T],
    stride: usize,
    across: Axis,
    down: Axis,
    outside: f64,
}

impl<'a, T: Copy + Into<f64>, const C: usize> Exact<'a, T, C> {
    /// `data` holds `width + 2 pad` columns of `height + 2 pad` rows; `outside` is the level of the constant.
    pub(super) fn new(
        data: &'a [T],
        [width, height]: [usize; 2],
        pad: usize,
        sampling: Sampling,
        outside: f64,
    ) -> Self {
        Self {
            data,
            stride: (width + 2 * pad) * C,
            across: Axis::new(width, pad, sampling),
            down: Axis::new(height, pad, sampling),
            outside,
        }
    }

    /// The pixel at (`x`, `y`), unrounded.
    pub(super) fn pixel(&self, x: f64, y: f64) -> [f64; C] {
        let (Some(across), Some(down)) = (self.across.taps(x), self.down.taps(y)) else { return [self.outside; C] };
        let mut sum = [0.0; C];
        for (row, share) in down.iter() {
            for (column, weight) in across.iter() {
                let weight = weight * share;
                for (c, v) in sum.iter_mut().enumerate() {
                    let is_outside = row == OUTSIDE || column == OUTSIDE;
                    *v += weight
                        * if is_outside { self.outside } else { self.data[row * self.stride + column * C + c].into() };
                }
            }
        }
        sum
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
    let outside = T::of_byte(sampling.value).into();
    if sampling.interpolation == Interpolation::Bicubic {
        let coefficients = spline::coefficients::<T, C>(data, size, sampling);
        return resampled(&Exact::<f64, C>::new(&coefficients, size, spline::PAD, sampling, outside), size, map, field);
    }
    resampled(&Exact::<T, C>::new(data, size, 0, sampling, outside), size, map, field)
}

fn resampled<S: Copy + Into<f64>, const C: usize>(
    source: &Exact<S, C>,
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

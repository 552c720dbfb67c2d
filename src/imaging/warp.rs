//! An image seen through an affine map and, if wanted, an elastic field: one resampling in all.
//!
//! No threads: who warps many images runs them side by side.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod axis;
mod exact;
mod level;
mod linear;
mod run;
mod sampling;
mod spline;

use super::affine::Affine;
use super::displacement::Displacement;
use super::picture::{Picture, Pixels};
use crate::domain::Interpolation;
use level::Level;
use linear::Kernel;

pub use sampling::{BorderRule, Sampling};

impl Picture {
    /// The image seen through `map`, in its own size; with a `field`, each place is moved by it before `map` says where
    /// it is taken from. Identity, flips and quarter turns of a square give the very same samples; all else is within 1
    /// level (of 255, or of 65535) of exact interpolation, unbiased.
    #[must_use]
    pub fn warped(&self, map: &Affine, field: Option<&Displacement>, sampling: Sampling) -> Self {
        if *map == Affine::IDENTITY && field.is_none() {
            return self.clone();
        }
        self.sampled(&Lookup { map, field, sampling, kernel: Kernel::Fastest })
    }

    /// As [`Self::warped`] without a field, and without the processor's wide instructions. The bytes are the same: this is
    /// for the tests and benchmarks that say so.
    #[doc(hidden)]
    #[must_use]
    pub fn warped_portably(&self, map: &Affine, sampling: Sampling) -> Self {
        self.sampled(&Lookup { map, field: None, sampling, kernel: Kernel::Portable })
    }

    /// As [`Self::warped`], by the reference sampler, with `finish` applied to all levels (on the image's own scale)
    /// before each is rounded, and cut off at the ends of the scale.
    #[must_use]
    pub fn warped_and(
        &self,
        map: &Affine,
        field: Option<&Displacement>,
        sampling: Sampling,
        finish: impl FnOnce(&mut [f64]),
    ) -> Self {
        let size = [self.width as usize, self.height as usize];
        let mut levels = match (&self.pixels, self.channels) {
            (Pixels::U8(data), 1) => exact::levels::<u8, 1>(data, size, map, field, sampling),
            (Pixels::U8(data), _) => exact::levels::<u8, 3>(data, size, map, field, sampling),
            (Pixels::U16(data), 1) => exact::levels::<u16, 1>(data, size, map, field, sampling),
            (Pixels::U16(data), _) => exact::levels::<u16, 3>(data, size, map, field, sampling),
        };
        finish(&mut levels);
        let pixels = match self.pixels {
            Pixels::U8(_) => Pixels::U8(levels.into_iter().map(u8::rounded).collect()),
            Pixels::U16(_) => Pixels::U16(levels.into_iter().map(u16::rounded).collect()),
        };
        self.with_pixels(self.width, self.height, pixels)
    }

    fn sampled(&self, lookup: &Lookup) -> Self {
        let size = [self.width as usize, self.height as usize];
        let pixels = match (&self.pixels, self.channels) {
            (Pixels::U8(data), 1) => Pixels::U8(lookup.warp::<_, 1>(data, size)),
            (Pixels::U8(data), _) => Pixels::U8(lookup.warp::<_, 3>(data, size)),
            (Pixels::U16(data), 1) => Pixels::U16(lookup.warp::<_, 1>(data, size)),
            (Pixels::U16(data), _) => Pixels::U16(lookup.warp::<_, 3>(data, size)),
        };
        self.with_pixels(self.width, self.height, pixels)
    }
}

/// Where each pixel is taken from, and how.
struct Lookup<'a> {
    map: &'a Affine,
    field: Option<&'a Displacement>,
    sampling: Sampling,
    kernel: Kernel,
}

impl Lookup<'_> {
    fn warp<T: Level, const C: usize>(&self, data: &[T], size: [usize; 2]) -> Vec<T> {
        let Self { map, field, sampling, kernel } = *self;
        if sampling.interpolation == Interpolation::Bilinear && field.is_none() {
            return linear::warp::<T, C>(data, size, map, sampling, kernel);
        }
        exact::levels::<T, C>(data, size, map, field, sampling).into_iter().map(T::rounded).collect()
    }
}

#[cfg(test)]
mod tests;

//! One sample of a pixel in 8 or 16 bits, and how four of them blend in integers.

use super::run::Run;

/// A sample.
pub(super) trait Level: Copy + Default + Into<f64> {
    /// Bits of a weight.
    const WEIGHT: u32;
    /// `value` of 255 on this scale.
    fn of_byte(value: u8) -> Self;
    /// The nearest level; half a level goes up.
    fn rounded(value: f64) -> Self;
    /// Bilinear interpolation of the samples at (0, 0), (1, 0), (0, 1), (1, 1), at `fx`, `fy` (0 to 2^WEIGHT - 1),
    /// rounded once, half up.
    fn blend(at: [Self; 4], fx: u32, fy: u32) -> Self;

    /// Writes the first pixels of `out`, those of the columns from `first` on, faster than one by one where the processor
    /// can, and returns how many.
    fn fast_row<const C: usize>(_source: (&[Self], usize), _out: &mut [Self], _first: usize, _at: (Run, Run)) -> usize {
        0
    }
}

impl Level for u8 {
    const WEIGHT: u32 = 14;

    fn of_byte(value: u8) -> Self {
        value
    }

    fn rounded(value: f64) -> Self {
        value.round() as Self
    }

    /// The four weights are rounded to 14 bits so that they fit signed 16-bit lanes, and add up to 1 exactly.
    #[inline]
    fn blend(at: [Self; 4], fx: u32, fy: u32) -> Self {
        const HALF: u32 = 1 << (u8::WEIGHT - 1);
        let [a, b, c, d] = at.map(u32::from);
        let lower_right = (fx * fy + HALF) >> Self::WEIGHT;
        let (upper_right, lower_left) = (fx - lower_right, fy - lower_right);
        let upper_left = (1 << Self::WEIGHT) - fx - lower_left;
        ((a * upper_left + b * upper_right + c * lower_left + d * lower_right + HALF) >> Self::WEIGHT) as Self
    }

    #[cfg(target_arch = "x86_64")]
    fn fast_row<const C: usize>(source: (&[Self], usize), out: &mut [Self], first: usize, at: (Run, Run)) -> usize {
        super::avx2::row::<C>(source, out, first, at)
    }
}

impl Level for u16 {
    const WEIGHT: u32 = 20;

    fn of_byte(value: u8) -> Self {
        Self::from(value) * 257
    }

    fn rounded(value: f64) -> Self {
        value.round() as Self
    }

    #[inline]
    fn blend(at: [Self; 4], fx: u32, fy: u32) -> Self {
        const ONE: u64 = 1 << u16::WEIGHT;
        let ([a, b, c, d], fx, fy) = (at.map(u64::from), u64::from(fx), u64::from(fy));
        let (top, bottom) = (a * (ONE - fx) + b * fx, c * (ONE - fx) + d * fx);
        ((top * (ONE - fy) + bottom * fy + (1 << (2 * Self::WEIGHT - 1))) >> (2 * Self::WEIGHT)) as Self
    }
}

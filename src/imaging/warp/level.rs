//! One sample of a pixel in 8 or 16 bits, and how four of them blend in integers.

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
}

impl Level for u8 {
    const WEIGHT: u32 = 11;

    fn of_byte(value: u8) -> Self {
        value
    }

    fn rounded(value: f64) -> Self {
        value.round() as Self
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

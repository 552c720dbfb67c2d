//! One sample over the background, by an alpha that still has to be multiplied, or already is.

/// A level that an alpha can be: 255 or 65535 is opaque.
pub(super) trait Opacity: Copy + Into<u64> + TryFrom<u64> {
    const OPAQUE: u64;
}

impl Opacity for u8 {
    const OPAQUE: u64 = 255;
}

impl Opacity for u16 {
    const OPAQUE: u64 = 65_535;
}

/// `level * alpha + background * (1 - alpha)`, rounded once.
pub(super) fn over<T: Opacity>(level: T, alpha: T, background: T) -> T {
    blended(level.into() * alpha.into(), alpha, background, level)
}

/// `level + background * (1 - alpha)`, rounded once and at most opaque: `level` was multiplied by its alpha before.
pub(super) fn associated_over<T: Opacity>(level: T, alpha: T, background: T) -> T {
    blended(level.into() * T::OPAQUE, alpha, background, level)
}

/// `weighted` is a level times `OPAQUE`; `otherwise` is never needed, because the result is in the range of `T`.
fn blended<T: Opacity>(weighted: u64, alpha: T, background: T, otherwise: T) -> T {
    let sum = weighted + background.into() * (T::OPAQUE - alpha.into());
    T::try_from(((sum + T::OPAQUE / 2) / T::OPAQUE).min(T::OPAQUE)).unwrap_or(otherwise)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alpha_is_multiplied_once() {
        assert_eq!([over(200_u8, 128, 0), over(200, 0, 40), over(200, 255, 40)], [100, 40, 200]);
        assert_eq!([associated_over(100_u8, 128, 0), associated_over(100, 128, 40)], [100, 120]);
        assert_eq!(associated_over(40_000_u16, 0, 65_535), 65_535, "a level beyond its alpha is white at most");
    }
}

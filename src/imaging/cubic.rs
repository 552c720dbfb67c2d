//! Cubic interpolation.

/// The uniform cubic B-spline's weights of the four knots around a place `t` (0 to 1) of the way from the second to the
/// third.
#[inline]
pub(super) fn cubic_weights(t: f64) -> [f64; 4] {
    let s = 1.0 - t;
    let inner = |t: f64| (t * t * (t - 2.0) * 3.0 + 4.0) / 6.0;
    let first = s * s * s / 6.0;
    [first, inner(t), inner(s), 1.0 - first - inner(t) - inner(s)]
}

//! The 2x3 matrix that says where each pixel of the output is taken from.

use serde::{Deserialize, Serialize};

/// A pull map on pixel centres: output pixel (x, y) shows the input at
/// (`m[0] x + m[1] y + m[2]`, `m[3] x + m[4] y + m[5]`); the first pixel's centre is (0, 0), x runs right, y down.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Affine(pub [f64; 6]);

impl Affine {
    /// Everything stays.
    pub const IDENTITY: Self = Self([1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);

    /// Scales by 1 over `zoom`: a `zoom` above 1 enlarges what is seen.
    pub fn zoom([x, y]: [f64; 2]) -> Self {
        Self([1.0 / x, 0.0, 0.0, 0.0, 1.0 / y, 0.0])
    }

    /// Turns what is seen by `degrees`, counter-clockwise on screen; exact for quarter turns.
    pub fn rotation(degrees: f64) -> Self {
        let (sin, cos) = exact_sin_cos(degrees);
        Self([cos, -sin, 0.0, sin, cos, 0.0])
    }

    /// Slants what is seen: a vertical line leans to the right at its top by `degrees`; rows keep their length.
    pub fn shear(degrees: f64) -> Self {
        Self([1.0, libm::tan(degrees.to_radians()), 0.0, 0.0, 1.0, 0.0])
    }

    /// Moves what is seen by `x` pixels right and `y` down.
    pub fn shift([x, y]: [f64; 2]) -> Self {
        Self([1.0, 0.0, -x, 0.0, 1.0, -y])
    }

    /// Mirrors what is seen left to right, top to bottom, or both.
    pub fn flip([horizontal, vertical]: [bool; 2]) -> Self {
        let sign = |flipped| if flipped { -1.0 } else { 1.0 };
        Self([sign(horizontal), 0.0, 0.0, 0.0, sign(vertical), 0.0])
    }

    /// The map that does `self` first and `next` after it. As these are pull maps, that is `self * next`.
    #[must_use]
    pub fn then(self, next: Self) -> Self {
        let (outer, inner) = (self.0, next.0);
        let entry = |row: usize, column: usize| outer[row] * inner[column] + outer[row + 1] * inner[column + 3];
        Self([entry(0, 0), entry(0, 1), entry(0, 2) + outer[2], entry(3, 0), entry(3, 1), entry(3, 2) + outer[5]])
    }

    /// The same map with its fixed point moved from (0, 0) to the centre of a `width` x `height` frame, which lies
    /// at ((width - 1) / 2, (height - 1) / 2).
    #[must_use]
    pub fn about_centre(self, width: u32, height: u32) -> Self {
        let (x, y) = (f64::from(width - 1) / 2.0, f64::from(height - 1) / 2.0);
        Self::shift([-x, -y]).then(self).then(Self::shift([x, y])).without_negative_zero()
    }

    /// Where output pixel (`x`, `y`) is taken from. Added up as SciPy does it: whether a pixel at the very edge is
    /// inside hangs on the last bit.
    pub fn apply(&self, x: f64, y: f64) -> [f64; 2] {
        let m = &self.0;
        [m[2] + m[1] * y + m[0] * x, m[5] + m[4] * y + m[3] * x]
    }

    /// So that equal maps are written equally.
    fn without_negative_zero(self) -> Self {
        Self(self.0.map(|value| value + 0.0))
    }
}

/// Quarter turns without the rounding of pi.
fn exact_sin_cos(degrees: f64) -> (f64, f64) {
    match degrees.rem_euclid(360.0) {
        0.0 => (0.0, 1.0),
        90.0 => (1.0, 0.0),
        180.0 => (0.0, -1.0),
        270.0 => (-1.0, 0.0),
        other => libm::sincos(other.to_radians()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Output pixel `out` of a 5x3 frame must show input pixel `shown`.
    fn check(map: Affine, out: [f64; 2], shown: [f64; 2]) {
        let [x, y] = map.about_centre(5, 3).apply(out[0], out[1]);
        assert!((x - shown[0]).abs() < 1e-12 && (y - shown[1]).abs() < 1e-12, "{map:?}: {x} {y}");
    }

    #[test]
    fn each_part_moves_what_is_seen_the_way_it_says() {
        check(Affine::shift([1.0, 0.0]), [3.0, 1.0], [2.0, 1.0]);
        check(Affine::shift([0.0, 1.0]), [2.0, 2.0], [2.0, 1.0]);
        check(Affine::zoom([2.0, 2.0]), [4.0, 1.0], [3.0, 1.0]);
        check(Affine::flip([true, false]), [0.0, 0.0], [4.0, 0.0]);
        check(Affine::flip([false, true]), [0.0, 0.0], [0.0, 2.0]);
        // Counter-clockwise: what was right of the centre is now above it.
        check(Affine::rotation(90.0), [2.0, 0.0], [3.0, 1.0]);
        // Leaning right: the top row shows what was further left.
        check(Affine::shear(45.0), [2.0, 0.0], [1.0, 1.0 - 1.0]);
    }

    #[test]
    fn parts_happen_in_the_order_in_which_they_are_named() {
        // Turned first, moved after: the centre's pixel lies one to the right of the centre.
        let map = Affine::rotation(90.0).then(Affine::shift([1.0, 0.0]));
        check(map, [3.0, 1.0], [2.0, 1.0]);
        check(map, [3.0, 0.0], [3.0, 1.0]);
    }

    #[test]
    fn quarter_turns_are_exact() {
        for (degrees, expected) in
            [(90.0, [0.0, -1.0, 223.0, 1.0, 0.0, 0.0]), (180.0, [-1.0, 0.0, 223.0, 0.0, -1.0, 223.0])]
        {
            assert_eq!(Affine::rotation(degrees).about_centre(224, 224), Affine(expected));
        }
    }
}

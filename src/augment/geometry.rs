//! From drawn angles, scales and shifts to the one matrix of a copy, as each semantics has it.
//!
//! Keras' two meanings are those of `apply_affine_transform`, faults included: up to keras-preprocessing 1.1.2 the centre
//! lies one pixel off; since Keras 2.9 the matrix is built for columns and rows but centred for rows and columns, so that
//! images that are not square turn about a wrong point, and the two shifts change places.

use super::plan::SampledParams;
use crate::domain::Semantics;
use crate::imaging::{Affine, BorderRule, Sampling};

impl SampledParams {
    /// Where each pixel of a `width` x `height` copy is taken from.
    pub fn matrix(&self, width: u32, height: u32) -> Affine {
        match self.semantics {
            Semantics::Correct => Affine::flip(self.flip)
                .then(Affine::zoom(self.zoom))
                .then(Affine::shear(self.shear))
                .then(Affine::rotation(self.rotation))
                .then(Affine::shift(self.shift))
                .about_centre(width, height),
            Semantics::Keras11 => {
                let [rows, columns] = [f64::from(height) / 2.0 + 0.5, f64::from(width) / 2.0 + 0.5];
                flipped(transposed(self.keras(rows, columns)), self.flip, width, height)
            }
            Semantics::Keras29 => {
                let [rows, columns] = [f64::from(height) / 2.0 - 0.5, f64::from(width) / 2.0 - 0.5];
                flipped(self.keras(rows, columns), self.flip, width, height)
            }
        }
    }

    /// How places between and beyond pixels are looked up.
    pub(super) fn sampling(&self) -> Sampling {
        let rule = match self.semantics {
            Semantics::Correct => BorderRule::Grid,
            Semantics::Keras11 | Semantics::Keras29 => BorderRule::SciPy,
        };
        Sampling { interpolation: self.interpolation, fill: self.fill, value: self.fill_value, rule }
    }

    /// Keras' product of rotation, shift, shear and zoom in its own two axes, about the point that it takes for the
    /// centre. `tx` is the height's shift, `ty` the width's.
    fn keras(&self, x: f64, y: f64) -> Affine {
        let [ty, tx] = self.shift;
        let (sin, cos) = libm::sincos(self.rotation.to_radians());
        let (shear_sin, shear_cos) = libm::sincos(self.shear.to_radians());
        let rotation = Affine([cos, -sin, 0.0, sin, cos, 0.0]);
        let shift = Affine([1.0, 0.0, tx, 0.0, 1.0, ty]);
        let shear = Affine([1.0, -shear_sin, 0.0, 0.0, shear_cos, 0.0]);
        let zoom = Affine([self.zoom[0], 0.0, 0.0, 0.0, self.zoom[1], 0.0]);
        let product = rotation.then(shift).then(shear).then(zoom);
        Affine::shift([-x, -y]).then(product).then(Affine::shift([x, y]))
    }
}

/// A map on (row, column) as one on (column, row).
fn transposed(Affine(m): Affine) -> Affine {
    Affine([m[4], m[3], m[5], m[1], m[0], m[2]])
}

/// Keras reverses rows and columns after the resampling.
fn flipped(map: Affine, flip: [bool; 2], width: u32, height: u32) -> Affine {
    map.then(Affine::flip(flip).about_centre(width, height))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 10 degrees and 22.4 rows, as `apply_affine_transform(theta=10, tx=22.4)` of a 224x224 image.
    fn turned(semantics: Semantics) -> [f64; 6] {
        let draw = SampledParams { semantics, rotation: 10.0, shift: [0.0, 22.4], ..SampledParams::NOTHING };
        draw.matrix(224, 224).0
    }

    fn check(found: [f64; 6], expected: [f64; 6]) {
        for (a, b) in found.iter().zip(expected) {
            assert!((a - b).abs() < 1e-7, "{found:?}");
        }
    }

    #[test]
    fn keras_matrices_are_those_that_keras_computes() {
        // Published as 2x3 on (row, column).
        let rows_first = |m: [f64; 6]| transposed(Affine(m)).0;
        let old = [0.984_807_75, -0.173_648_18, 43.304_241_44, 0.173_648_18, 0.984_807_75, -13.936_573_02];
        check(turned(Semantics::Keras11), rows_first(old));
        let new = [0.984_807_75, 0.173_648_18, -13.778_117_09, -0.173_648_18, 0.984_807_75, 43.115_401_02];
        check(turned(Semantics::Keras29), rows_first(new));
    }

    #[test]
    fn the_fixed_point_of_a_rotation_is_where_each_semantics_puts_it() {
        for (semantics, fixed) in [
            (Semantics::Correct, [99.5, 49.5]),
            (Semantics::Keras11, [100.5, 50.5]),
            (Semantics::Keras29, [49.5, 99.5]),
        ] {
            let map = SampledParams { semantics, rotation: 30.0, ..SampledParams::NOTHING }.matrix(200, 100);
            let [x, y] = map.apply(fixed[0], fixed[1]);
            assert!((x - fixed[0]).abs() < 1e-9 && (y - fixed[1]).abs() < 1e-9, "{semantics:?}: {x} {y}");
        }
    }

    #[test]
    fn the_width_moves_columns_unless_keras_says_otherwise() {
        for (semantics, shown) in
            [(Semantics::Correct, [2.0, 5.0]), (Semantics::Keras11, [8.0, 5.0]), (Semantics::Keras29, [5.0, 8.0])]
        {
            let map = SampledParams { semantics, shift: [3.0, 0.0], ..SampledParams::NOTHING }.matrix(20, 20);
            let [x, y] = map.apply(5.0, 5.0);
            assert!((x - shown[0]).abs() < 1e-12 && (y - shown[1]).abs() < 1e-12, "{semantics:?}: {x} {y}");
        }
    }
}

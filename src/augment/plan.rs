//! What happens to each copy: everything that is random is drawn here, and nowhere else.

use serde::{Deserialize, Serialize};

use super::philox::{Operation, Stream};
use crate::domain::{ContentHash, Fill, Recipe};
use crate::imaging::{Affine, Patch};

/// Counted up when the same draw would give other pixels, so that old copies are made again.
const PIXELS_VERSION: u32 = 1;

/// Everything that was drawn for one copy. With the sample it says every pixel.
///
/// Order: flip, zoom, shear, rotation, shift (one resampling about the picture's centre); then brightness, contrast and
/// gamma (one table); then noise; then erasing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Draw {
    /// Left-right, top-bottom.
    pub flip: [bool; 2],
    /// Scale of width and height; above 1 enlarges.
    pub zoom: [f64; 2],
    /// Degrees; a vertical line leans right at its top.
    pub shear: f64,
    /// Degrees, counter-clockwise on screen.
    pub rotation: f64,
    /// Fractions of width and height, right and down.
    pub shift: [f64; 2],
    /// What comes in from outside.
    pub fill: Fill,
    /// Level for [`Fill::Constant`], of 255.
    pub fill_value: u8,
    /// Factor.
    pub brightness: f64,
    /// Factor about the middle grey.
    pub contrast: f64,
    /// Exponent.
    pub gamma: f64,
    /// Deviation, fraction of the full range.
    pub noise: f64,
    /// The blanked rectangle.
    pub erased: Option<Patch>,
}

impl Draw {
    /// Draws copy number `copy` of the sample of `stream` by `recipe`.
    pub(super) fn of(recipe: &Recipe, stream: Stream, copy: u32) -> Self {
        let unit = |operation| stream.unit(copy, operation);
        let [across, down] = stream.pair(copy, Operation::Shift);
        let [zx, zy] = stream.pair(copy, Operation::Zoom).map(|u| within(recipe.zoom, u));
        let [mirrored, upside_down] = stream.pair(copy, Operation::Flip);
        Self {
            flip: [mirrored < recipe.horizontal_flip, upside_down < recipe.vertical_flip],
            zoom: [zx, if recipe.zoom_keep_aspect { zx } else { zy }],
            shear: around(recipe.shear, unit(Operation::Shear)),
            rotation: around(recipe.rotation, unit(Operation::Rotation)),
            shift: [around(recipe.width_shift, across), around(recipe.height_shift, down)],
            fill: recipe.fill,
            fill_value: recipe.fill_value,
            brightness: within(recipe.brightness, unit(Operation::Brightness)),
            contrast: within(recipe.contrast, unit(Operation::Contrast)),
            gamma: within(recipe.gamma, unit(Operation::Gamma)),
            noise: recipe.noise,
            erased: (unit(Operation::EraseWhether) < recipe.erasing).then(|| patch(stream, copy)),
        }
    }

    /// Where each pixel of a `width` x `height` copy is taken from.
    pub fn matrix(&self, width: u32, height: u32) -> Affine {
        let pixels = [self.shift[0] * f64::from(width), self.shift[1] * f64::from(height)];
        Affine::flip(self.flip)
            .then(Affine::zoom(self.zoom))
            .then(Affine::shear(self.shear))
            .then(Affine::rotation(self.rotation))
            .then(Affine::shift(pixels))
            .about_centre(width, height)
    }

    /// Names the copy's pixels: equal identities mean equal pixels, so a copy on disk with this one is never made again.
    pub(super) fn identity(&self, seed: u64, size: u32, sample: &ContentHash, copy: u32) -> ContentHash {
        // The stream itself reaches the pixels through noise alone; without it a seed that draws the same is the same.
        let noise_stream = if self.noise > 0.0 { (seed, copy) } else { (0, 0) };
        let drawn = serde_json::to_vec(&(PIXELS_VERSION, size, noise_stream, self)).unwrap_or_default();
        ContentHash::of_parts([drawn.as_slice(), sample.as_bytes()])
    }
}

/// Names a recipe in the manifest.
pub(super) fn recipe_identity(recipe: &Recipe) -> ContentHash {
    ContentHash::of(&serde_json::to_vec(recipe).unwrap_or_default())
}

/// From `-range` to `range`; zero is never negative, so that it is written one way.
fn around(range: f64, unit: f64) -> f64 {
    range * (2.0 * unit - 1.0) + 0.0
}

fn within([low, high]: [f64; 2], unit: f64) -> f64 {
    low + (high - low) * unit
}

/// A rectangle of 2 to 20 % of the picture, up to three times as long as wide, wholly inside.
fn patch(stream: Stream, copy: u32) -> Patch {
    let [size, shape] = stream.pair(copy, Operation::EraseSize);
    let [x, y] = stream.pair(copy, Operation::ErasePlace);
    let (area, aspect) = (within([0.02, 0.2], size), libm::pow(3.0, 2.0 * shape - 1.0));
    let (width, height) = ((area * aspect).sqrt(), (area / aspect).sqrt());
    Patch { x: x * (1.0 - width), y: y * (1.0 - height), width, height }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::Preset;

    fn drawn(recipe: &Recipe, seed: u64, sample: u64, copy: u32) -> Draw {
        Draw::of(recipe, Stream::new(seed, &ContentHash::of(&sample.to_le_bytes())), copy)
    }

    proptest! {
        #[test]
        fn draws_stay_inside_the_recipe(seed: u64, sample: u64, copy in 0..1000_u32) {
            for preset in [Preset::Conservative, Preset::ChestXray, Preset::KerasNotebook, Preset::Natural] {
                let recipe = Recipe::of(preset);
                let draw = drawn(&recipe, seed, sample, copy);
                prop_assert!(draw.rotation.abs() <= recipe.rotation && draw.shear.abs() <= recipe.shear);
                prop_assert!(draw.shift[0].abs() <= recipe.width_shift && draw.shift[1].abs() <= recipe.height_shift);
                prop_assert!(draw.zoom.iter().all(|z| (recipe.zoom[0]..=recipe.zoom[1]).contains(z)));
                prop_assert!(!recipe.zoom_keep_aspect || draw.zoom[0].to_bits() == draw.zoom[1].to_bits());
                prop_assert!((recipe.brightness[0]..=recipe.brightness[1]).contains(&draw.brightness));
                prop_assert!((recipe.contrast[0]..=recipe.contrast[1]).contains(&draw.contrast));
                prop_assert!((recipe.gamma[0]..=recipe.gamma[1]).contains(&draw.gamma));
                prop_assert!(draw.erased.is_none_or(|p| p.x >= 0.0 && p.y >= 0.0 && p.x + p.width <= 1.0 && p.y + p.height <= 1.0));
                prop_assert!(recipe.horizontal_flip > 0.0 || !draw.flip[0], "a flip nobody asked for");
                prop_assert!(!draw.flip[1], "no preset turns pictures upside down");
            }
        }

        #[test]
        fn one_operation_does_not_disturb_the_others(seed: u64, sample: u64, copy in 0..1000_u32) {
            let plain = Recipe::of(Preset::Conservative);
            let bolder = Recipe { horizontal_flip: 0.5, erasing: 0.5, noise: 0.1, shear: 9.0, ..plain.clone() };
            let (a, b) = (drawn(&plain, seed, sample, copy), drawn(&bolder, seed, sample, copy));
            prop_assert_eq!((a.rotation, a.shift, a.zoom, a.brightness), (b.rotation, b.shift, b.zoom, b.brightness));
        }
    }

    #[test]
    fn the_plan_is_value_stable() {
        let draw = drawn(&Recipe::of(Preset::KerasNotebook), 1, 2, 3);
        insta::assert_snapshot!(serde_json::to_string_pretty(&draw).unwrap());
    }

    #[test]
    fn a_probability_is_met() {
        let recipe = Recipe { horizontal_flip: 0.25, erasing: 0.4, ..Recipe::of(Preset::Conservative) };
        let draws: Vec<_> = (0..4000).map(|sample| drawn(&recipe, 7, sample, 1)).collect();
        let share = |is: fn(&Draw) -> bool| draws.iter().filter(|draw| is(draw)).count() as f64 / 4000.0;
        assert!((share(|draw| draw.flip[0]) - 0.25).abs() < 0.03);
        assert!((share(|draw| draw.erased.is_some()) - 0.4).abs() < 0.03);
    }

    #[test]
    fn the_identity_changes_with_the_pixels_and_only_then() {
        let sample = ContentHash::of(b"x");
        let draw = drawn(&Recipe::of(Preset::Conservative), 1, 2, 3);
        let identity = draw.identity(1, 224, &sample, 3);
        assert_eq!(identity, draw.identity(2, 224, &sample, 4), "nothing drawn differs");
        assert_ne!(identity, draw.identity(1, 192, &sample, 3));
        assert_ne!(identity, draw.identity(1, 224, &ContentHash::of(b"y"), 3));
        assert_ne!(identity, Draw { gamma: 1.01, ..draw.clone() }.identity(1, 224, &sample, 3));
        let noisy = Draw { noise: 0.01, ..draw };
        assert_ne!(noisy.identity(1, 224, &sample, 3), noisy.identity(2, 224, &sample, 3));
    }
}

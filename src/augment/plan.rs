//! What happens to each copy: everything that is random is drawn here, and nowhere else.

use serde::{Deserialize, Serialize};

use super::chance::Chance;
use super::philox::{Operation, Stream};
use crate::domain::{ContentHash, Fill, Interpolation, Recipe, Semantics, Transform};
use crate::imaging::Patch;

/// Counted up when the same draw would give other pixels, or other bytes of the same pixels, so that old copies are made again.
pub(super) const BYTES_VERSION: u32 = 5;

/// Everything that was drawn for one copy. With the sample it says every pixel.
///
/// Order: flip, zoom, shear, rotation, shift and deformation (one resampling); then blur; then channel shift,
/// brightness, contrast, window, gamma and inversion (one table); then CLAHE, noise, JPEG and erasing. In the Keras
/// semantics the flips come after the rest of the geometry, and the brightness is cut to whole levels as there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SampledParams {
    /// Whose meaning the geometry, the channel shift and the brightness have.
    pub semantics: Semantics,
    /// Left-right, top-bottom.
    pub flip: [bool; 2],
    /// Scale of width and height, above 1 enlarges; in the Keras semantics Keras' `zx` and `zy`.
    pub zoom: [f64; 2],
    /// Degrees; a vertical line leans right at its top.
    pub shear: f64,
    /// Degrees, counter-clockwise on screen.
    pub rotation: f64,
    /// Pixels right and down; in the Keras semantics Keras' `ty` and `tx`.
    pub shift: [f64; 2],
    /// The smooth deformation.
    pub elastic: Option<Elastic>,
    /// How a level between pixels is found.
    pub interpolation: Interpolation,
    /// What comes in from outside.
    pub fill: Fill,
    /// Level for [`Fill::Constant`], of 255.
    pub fill_value: u8,
    /// Deviation of the blur, pixels.
    pub blur: f64,
    /// Levels of 255, within the image's own range.
    pub channel_shift: f64,
    /// Factor.
    pub brightness: f64,
    /// Factor about the middle grey.
    pub contrast: f64,
    /// Offset, fraction of the full range.
    pub window: f64,
    /// Exponent.
    pub gamma: f64,
    /// Black for white.
    pub invert: bool,
    /// Clip limit; 0 for none.
    pub clahe: f64,
    /// Deviation, fraction of the full range.
    pub noise: f64,
    /// Quality of the JPEG round trip.
    pub jpeg_quality: Option<u8>,
    /// The blanked rectangle.
    pub erased: Option<Patch>,
}

/// A deformation whose grid points are moved by as many random numbers of the copy's stream.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Elastic {
    /// Greatest displacement, pixels.
    pub displacement: f64,
    /// Cells a side of the grid.
    pub cells: u32,
}

impl SampledParams {
    /// A copy like its sample.
    #[cfg(test)]
    pub(super) const NOTHING: Self = Self {
        semantics: Semantics::Correct,
        flip: [false; 2],
        zoom: [1.0; 2],
        shear: 0.0,
        rotation: 0.0,
        shift: [0.0; 2],
        elastic: None,
        interpolation: Interpolation::Bilinear,
        fill: Fill::Nearest,
        fill_value: 0,
        blur: 0.0,
        channel_shift: 0.0,
        brightness: 1.0,
        contrast: 1.0,
        window: 0.0,
        gamma: 1.0,
        invert: false,
        clahe: 0.0,
        noise: 0.0,
        jpeg_quality: None,
        erased: None,
    };

    /// Draws copy number `copy` of the sample of `stream` by `recipe`, for a copy of `size` pixels a side.
    pub(super) fn of(recipe: &Recipe, stream: Stream, copy: u32, size: u32) -> Self {
        use Transform as T;
        let chance = Chance::new(recipe, stream, copy);
        let unit = |operation| stream.unit(copy, operation);
        let factor = |t, range, operation| if chance.takes(t) { within(range, unit(operation)) } else { 1.0 };
        let offset = |t, range, u| if chance.takes(t) { around(range, u) } else { 0.0 };
        let amount = |t, range, operation| if chance.takes(t) { within(range, unit(operation)) } else { 0.0 };
        let happens = |t, probability: f64, u: f64| chance.takes(t) && u < probability;
        let [across, down] = stream.pair(copy, Operation::Shift);
        let [mirrored, upside_down] = stream.pair(copy, Operation::Flip);
        let pixels = |range: f64| if range < 1.0 { range * f64::from(size) } else { range };
        Self {
            semantics: recipe.semantics,
            flip: [
                happens(T::HorizontalFlip, recipe.horizontal_flip, mirrored),
                happens(T::VerticalFlip, recipe.vertical_flip, upside_down),
            ],
            zoom: if chance.takes(T::Zoom) { zoom(recipe, stream, copy) } else { [1.0; 2] },
            shear: offset(T::Shear, recipe.shear, unit(Operation::Shear)),
            rotation: offset(T::Rotation, recipe.rotation, unit(Operation::Rotation)),
            shift: [
                offset(T::WidthShift, pixels(recipe.width_shift), across),
                offset(T::HeightShift, pixels(recipe.height_shift), down),
            ],
            elastic: (recipe.elastic > 0.0 && chance.takes(T::Elastic))
                .then(|| Elastic { displacement: recipe.elastic * f64::from(size), cells: recipe.elastic_cells }),
            interpolation: recipe.interpolation,
            fill: recipe.fill,
            fill_value: recipe.fill_value,
            blur: amount(T::Blur, recipe.blur, Operation::Blur),
            channel_shift: offset(T::ChannelShift, recipe.channel_shift, unit(Operation::ChannelShift)),
            brightness: factor(T::Brightness, recipe.brightness, Operation::Brightness),
            contrast: factor(T::Contrast, recipe.contrast, Operation::Contrast),
            window: offset(T::Window, recipe.window, unit(Operation::Window)),
            gamma: factor(T::Gamma, recipe.gamma, Operation::Gamma),
            invert: happens(T::Invert, recipe.invert, unit(Operation::Invert)),
            clahe: amount(T::Clahe, recipe.clahe, Operation::Clahe),
            noise: if chance.takes(T::Noise) { recipe.noise } else { 0.0 },
            jpeg_quality: (recipe.jpeg_quality[0] > 0 && chance.takes(T::JpegQuality))
                .then(|| quality(recipe.jpeg_quality, unit(Operation::Jpeg))),
            erased: happens(T::Erasing, recipe.erasing, unit(Operation::EraseWhether)).then(|| patch(stream, copy)),
        }
    }

    /// Names the copy's file: equal identities mean equal bytes, so a copy on disk with this one is never made again.
    /// `written` says how the pixels are read and written.
    pub(super) fn identity(&self, seed: u64, size: u32, written: &str, sample: &ContentHash, copy: u32) -> ContentHash {
        // The stream itself reaches the pixels through noise and deformation alone; without them a seed that draws the
        // same is the same.
        let stream = if self.noise > 0.0 || self.elastic.is_some() { (seed, copy) } else { (0, 0) };
        let drawn = serde_json::to_vec(&(BYTES_VERSION, size, written, stream, self)).unwrap_or_default();
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

fn zoom(recipe: &Recipe, stream: Stream, copy: u32) -> [f64; 2] {
    let [x, y] = stream.pair(copy, Operation::Zoom).map(|u| within(recipe.zoom, u));
    [x, if recipe.zoom_keep_aspect { x } else { y }]
}

/// Each quality from low to high as likely as the others.
fn quality([low, high]: [u8; 2], unit: f64) -> u8 {
    let n = f64::from(high - low) + 1.0;
    low + ((unit * n) as u8).min(high - low)
}

/// A rectangle of 2 to 20 % of the image, up to three times as long as wide, wholly inside.
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

    fn drawn(recipe: &Recipe, seed: u64, sample: u64, copy: u32) -> SampledParams {
        SampledParams::of(recipe, Stream::new(seed, &ContentHash::of(&sample.to_le_bytes())), copy, 224)
    }

    proptest! {
        #[test]
        fn draws_stay_inside_the_recipe(seed: u64, sample: u64, copy in 0..1000_u32) {
            for preset in [Preset::Conservative, Preset::ChestXray, Preset::KerasNotebook, Preset::Natural] {
                let recipe = Recipe::of(preset);
                let draw = drawn(&recipe, seed, sample, copy);
                prop_assert!(draw.rotation.abs() <= recipe.rotation && draw.shear.abs() <= recipe.shear);
                prop_assert!(draw.shift[0].abs() <= recipe.width_shift * 224.0);
                prop_assert!(draw.shift[1].abs() <= recipe.height_shift * 224.0);
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
    fn a_shift_from_one_on_is_in_pixels_and_a_quality_is_drawn_evenly() {
        let recipe = Recipe { width_shift: 3.0, height_shift: 0.5, ..Recipe::of(Preset::Conservative) };
        let draws: Vec<_> = (0..500).map(|sample| drawn(&recipe, 1, sample, 1)).collect();
        let greatest = |axis: usize| draws.iter().map(|draw| draw.shift[axis].abs()).fold(0.0, f64::max);
        assert!((2.9..=3.0).contains(&greatest(0)) && (110.0..=112.0).contains(&greatest(1)));
        let qualities: Vec<u8> = (0..8).map(|i| quality([90, 93], f64::from(i) / 8.0)).collect();
        assert_eq!(qualities, [90, 90, 91, 91, 92, 92, 93, 93]);
    }

    #[test]
    fn a_transform_that_is_not_taken_leaves_the_copy_as_it_is() {
        let never: std::collections::BTreeMap<_, _> =
            Transform::ALL.into_iter().filter(|t| !t.is_chance()).map(|t| (t, 0.0)).collect();
        let recipe = Recipe {
            elastic: 0.1,
            blur: [1.0, 2.0],
            channel_shift: 9.0,
            window: 0.1,
            clahe: [2.0, 4.0],
            noise: 0.1,
            jpeg_quality: [50, 60],
            probability: never,
            horizontal_flip: 0.0,
            ..Recipe::of(Preset::KerasNotebook)
        };
        assert_eq!(drawn(&recipe, 1, 2, 3), SampledParams::NOTHING);
    }

    #[test]
    fn a_probability_is_met() {
        let recipe = Recipe { horizontal_flip: 0.25, erasing: 0.4, ..Recipe::of(Preset::Conservative) };
        let draws: Vec<_> = (0..4000).map(|sample| drawn(&recipe, 7, sample, 1)).collect();
        let share = |is: fn(&SampledParams) -> bool| draws.iter().filter(|draw| is(draw)).count() as f64 / 4000.0;
        assert!((share(|draw| draw.flip[0]) - 0.25).abs() < 0.03);
        assert!((share(|draw| draw.erased.is_some()) - 0.4).abs() < 0.03);
    }

    #[test]
    fn the_identity_changes_with_the_pixels_and_only_then() {
        let sample = ContentHash::of(b"x");
        let draw = drawn(&Recipe::of(Preset::Conservative), 1, 2, 3);
        let identity = draw.identity(1, 224, "png", &sample, 3);
        assert_eq!(identity, draw.identity(2, 224, "png", &sample, 4), "nothing drawn differs");
        assert_ne!(identity, draw.identity(1, 224, "jpeg 95", &sample, 3));
        assert_ne!(identity, draw.identity(1, 192, "png", &sample, 3));
        assert_ne!(identity, draw.identity(1, 224, "png", &ContentHash::of(b"y"), 3));
        assert_ne!(identity, SampledParams { gamma: 1.01, ..draw.clone() }.identity(1, 224, "png", &sample, 3));
        let noisy = SampledParams { noise: 0.01, ..draw };
        assert_ne!(noisy.identity(1, 224, "png", &sample, 3), noisy.identity(2, 224, "png", &sample, 3));
    }
}

//! Recipes with a name, from careful to bold, and what each of them holds to be unsafe for the label.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::recipe::{Fill, Interpolation, Recipe, Semantics};
use super::transform::Transform;

/// A named set of ranges, from careful to bold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Preset {
    /// Small moves and tones, no shear, no flip: safe for anything with a fixed pose.
    Conservative,
    /// Conservative, with the tones of radiographs. A flipped chest X-ray shows wrong anatomy, so flips are refused.
    ChestXray,
    /// The ranges of the common Keras notebook.
    KerasNotebook,
    /// For photographs.
    Natural,
}

/// One way in which a recipe may make an image that no longer shows what its label says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Breach {
    /// The transform that goes too far.
    pub transform: Transform,
    /// What the preset holds against it.
    pub reason: &'static str,
}

/// Greatest rotation of a chest X-ray, degrees: beyond it a patient would have to lie askew.
const MAX_XRAY_ROTATION: f64 = 15.0;
/// Greatest shear of a chest X-ray, degrees.
const MAX_XRAY_SHEAR: f64 = 10.0;
/// Greatest deformation of a chest X-ray, fraction of the side: beyond it ribs and heart change their shape.
const MAX_XRAY_ELASTIC: f64 = 0.03;
/// Greatest shift of a chest X-ray, fraction of the side: beyond it a lung leaves the frame.
const MAX_XRAY_SHIFT: f64 = 0.15;
/// Factors and exponents between which lung markings stay visible.
const XRAY_TONE: [f64; 2] = [0.5, 2.0];
/// Scales between which the lungs stay in the frame.
const XRAY_ZOOM: [f64; 2] = [0.8, 1.25];

impl Preset {
    /// Where `recipe` goes beyond what this preset holds to be safe for the label, whether it is allowed or not.
    /// Only `chest-xray` knows enough of its images to set limits.
    pub fn breaches(self, recipe: &Recipe) -> Vec<Breach> {
        if self != Self::ChestXray {
            return Vec::new();
        }
        let within = |[low, high]: [f64; 2], [least, most]: [f64; 2]| least <= low && high <= most;
        let tones = "outside 0.5 to 2 the lung markings are lost in black or white";
        let shift = "above 0.15 of the side length a lung is outside the frame";
        let rules = [
            (Transform::HorizontalFlip, recipe.horizontal_flip > 0.0, "a flipped chest X-ray shows wrong anatomy"),
            (Transform::VerticalFlip, recipe.vertical_flip > 0.0, "chest X-rays are never upside down"),
            (Transform::Invert, recipe.invert > 0.0, "air would be white and bone black"),
            (
                Transform::Rotation,
                recipe.rotation > MAX_XRAY_ROTATION,
                "patients are not tilted by more than 15 degrees",
            ),
            (
                Transform::Shear,
                recipe.shear > MAX_XRAY_SHEAR,
                "a shear above 10 degrees changes the shape of the heart",
            ),
            (
                Transform::Elastic,
                recipe.elastic > MAX_XRAY_ELASTIC,
                "above 0.03 it changes the shape of heart and ribs",
            ),
            (Transform::WidthShift, recipe.width_shift > MAX_XRAY_SHIFT, shift),
            (Transform::HeightShift, recipe.height_shift > MAX_XRAY_SHIFT, shift),
            (Transform::Blur, recipe.blur[1] > 2.0, "above 2 pixels the lung markings are lost"),
            (Transform::Brightness, !within(recipe.brightness, XRAY_TONE), tones),
            (Transform::Contrast, !within(recipe.contrast, XRAY_TONE), tones),
            (Transform::Gamma, !within(recipe.gamma, XRAY_TONE), tones),
            (Transform::Window, recipe.window > 0.3, "above 0.3 the lung markings are lost in black or white"),
            (Transform::Noise, recipe.noise > 0.1, "above 0.1 the lung markings are lost"),
            (Transform::Erasing, recipe.erasing > 0.0, "the patch may cover the finding that the label names"),
            (
                Transform::Zoom,
                !within(recipe.zoom, XRAY_ZOOM),
                "outside 0.8 to 1.25 the lungs are outside the frame or too small",
            ),
        ];
        let broken = rules.into_iter().filter(|(_, is_broken, _)| *is_broken);
        broken.map(|(transform, _, reason)| Breach { transform, reason }).collect()
    }
}

impl Recipe {
    /// The recipe of a preset.
    pub fn of(preset: Preset) -> Self {
        let conservative = Self::conservative();
        match preset {
            Preset::Conservative => conservative,
            Preset::ChestXray => {
                Self { width_shift: 0.05, height_shift: 0.05, gamma: [0.9, 1.1], noise: 0.01, ..conservative }
            }
            Preset::KerasNotebook => Self {
                rotation: 20.0,
                width_shift: 0.1,
                height_shift: 0.1,
                shear: 10.0,
                zoom: [0.8, 1.2],
                zoom_keep_aspect: false,
                horizontal_flip: 0.5,
                brightness: [0.8, 1.2],
                contrast: [1.0, 1.0],
                ..conservative
            },
            Preset::Natural => Self {
                rotation: 15.0,
                width_shift: 0.1,
                height_shift: 0.1,
                zoom: [0.8, 1.2],
                horizontal_flip: 0.5,
                brightness: [0.8, 1.2],
                contrast: [0.8, 1.2],
                erasing: 0.25,
                ..conservative
            },
        }
    }

    fn conservative() -> Self {
        Self {
            semantics: Semantics::Correct,
            rotation: 5.0,
            width_shift: 0.03,
            height_shift: 0.03,
            shear: 0.0,
            zoom: [0.95, 1.05],
            zoom_keep_aspect: true,
            horizontal_flip: 0.0,
            vertical_flip: 0.0,
            elastic: 0.0,
            elastic_cells: 4,
            interpolation: Interpolation::Bilinear,
            fill: Fill::Nearest,
            fill_value: 0,
            blur: [0.0, 0.0],
            channel_shift: 0.0,
            brightness: [0.9, 1.1],
            contrast: [0.9, 1.1],
            window: 0.0,
            gamma: [1.0, 1.0],
            invert: 0.0,
            clahe: [0.0, 0.0],
            noise: 0.0,
            jpeg_quality: [0, 0],
            erasing: 0.0,
            probability: BTreeMap::new(),
            one_of: Vec::new(),
            allow: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRESETS: [Preset; 4] = [Preset::Conservative, Preset::ChestXray, Preset::KerasNotebook, Preset::Natural];

    #[test]
    fn no_preset_breaks_its_own_rules_and_one_knows_the_notebook_for_unsafe() {
        for preset in PRESETS {
            assert_eq!(preset.breaches(&Recipe::of(preset)), []);
        }
        let names = |breaches: Vec<Breach>| breaches.iter().map(|b| b.transform).collect::<Vec<_>>();
        let notebook = Recipe::of(Preset::KerasNotebook);
        assert_eq!(names(Preset::ChestXray.breaches(&notebook)), [Transform::HorizontalFlip, Transform::Rotation]);
        let upside_down = Recipe { vertical_flip: 0.1, ..Recipe::of(Preset::ChestXray) };
        assert_eq!(names(Preset::ChestXray.breaches(&upside_down)), [Transform::VerticalFlip]);
    }
}

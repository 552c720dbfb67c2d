//! What may happen to a copy: ranges and probabilities, never drawn values.

use serde::{Deserialize, Serialize};

/// What comes in from outside the picture when it is moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fill {
    /// The nearest pixel of the edge: `a a a|a b c d|d d d`.
    Nearest,
    /// `fill_value`.
    Constant,
    /// Mirrored at the edge: `c b a|a b c d|d c b`.
    Reflect,
    /// Repeated from the other side.
    Wrap,
}

/// What is shown between pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Interpolation {
    /// The nearest pixel.
    Nearest,
    /// The mean of the four pixels around, by distance.
    Bilinear,
    /// The cubic spline through all pixels.
    Bicubic,
}

/// A named set of ranges, from careful to bold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Preset {
    /// Small moves and tones, no shear, no flip: safe for anything with a fixed pose.
    Conservative,
    /// Conservative, with film-like tones. A flipped chest X-ray shows wrong anatomy, so flips are refused.
    ChestXray,
    /// The ranges of the common Keras notebook.
    KerasNotebook,
    /// For photographs.
    Natural,
}

/// Ranges and probabilities of everything that may happen to a copy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    /// Degrees, drawn from -r to r; above 0 turns the picture counter-clockwise on screen.
    pub rotation: f64,
    /// Fraction of the width, drawn from -s to s.
    pub width_shift: f64,
    /// Fraction of the height, drawn from -s to s.
    pub height_shift: f64,
    /// Degrees, drawn from -s to s.
    pub shear: f64,
    /// Scale of the picture; above 1 enlarges.
    pub zoom: [f64; 2],
    /// One scale for both axes.
    pub zoom_keep_aspect: bool,
    /// Probability.
    pub horizontal_flip: f64,
    /// Probability.
    pub vertical_flip: f64,
    /// Factor.
    pub brightness: [f64; 2],
    /// Factor about the middle grey.
    pub contrast: [f64; 2],
    /// Exponent.
    pub gamma: [f64; 2],
    /// Standard deviation of Gaussian noise, fraction of the full range.
    pub noise: f64,
    /// Probability of one blanked rectangle.
    pub erasing: f64,
    /// What comes in from outside.
    pub fill: Fill,
    /// Grey level for [`Fill::Constant`].
    pub fill_value: u8,
}

impl Recipe {
    /// The recipe of a preset.
    pub fn of(preset: Preset) -> Self {
        let conservative = Self {
            rotation: 5.0,
            width_shift: 0.03,
            height_shift: 0.03,
            shear: 0.0,
            zoom: [0.95, 1.05],
            zoom_keep_aspect: true,
            horizontal_flip: 0.0,
            vertical_flip: 0.0,
            brightness: [0.9, 1.1],
            contrast: [0.9, 1.1],
            gamma: [1.0, 1.0],
            noise: 0.0,
            erasing: 0.0,
            fill: Fill::Nearest,
            fill_value: 0,
        };
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
}

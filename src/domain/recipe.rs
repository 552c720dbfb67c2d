//! What may happen to a copy: ranges and probabilities, never drawn values.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::transform::Transform;

/// Pixels a side of a copy that a network learns from: its input. `gradwatch augment` can write others.
pub const COPY_SIDE: u32 = 224;

/// Whose meaning the geometry, the channel shift and the brightness have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Semantics {
    /// Widths move columns, everything turns about the image's centre, levels are rounded once.
    #[serde(rename = "correct")]
    Correct,
    /// `keras-preprocessing` up to 1.1.2 (TensorFlow up to 2.8): a centre that lies one pixel off, brightness after a
    /// stretch to the full range.
    #[serde(rename = "keras-1.1")]
    Keras11,
    /// `ImageDataGenerator` of Keras 2.9 and later, Keras 3 included: width and height change places.
    #[serde(rename = "keras-2.9")]
    Keras29,
}

/// How a level between pixels is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Interpolation {
    /// The nearest pixel's; spline order 0.
    Nearest,
    /// Of the four pixels around; spline order 1.
    Bilinear,
    /// A cubic spline through all pixels; spline order 3.
    Bicubic,
}

/// What comes in from outside the image when it is moved.
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

/// Ranges and probabilities of everything that may happen to a copy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    /// Whose meaning the numbers have.
    pub semantics: Semantics,
    /// Degrees, drawn from -r to r; above 0 turns the image counter-clockwise on screen.
    pub rotation: f64,
    /// Drawn from -s to s: below 1 a fraction of the width, from 1 on pixels of the copy.
    pub width_shift: f64,
    /// As `width_shift`, of the height.
    pub height_shift: f64,
    /// Degrees, drawn from -s to s.
    pub shear: f64,
    /// Scale of the image; above 1 enlarges (in the Keras semantics, as there, below 1 does).
    pub zoom: [f64; 2],
    /// One scale for both axes.
    pub zoom_keep_aspect: bool,
    /// Probability.
    pub horizontal_flip: f64,
    /// Probability.
    pub vertical_flip: f64,
    /// Greatest displacement of a smooth random deformation, fraction of the side.
    pub elastic: f64,
    /// Cells a side of the grid that the deformation is drawn on: more make finer waves.
    pub elastic_cells: u32,
    /// How a level between pixels is found.
    pub interpolation: Interpolation,
    /// What comes in from outside.
    pub fill: Fill,
    /// Grey level for [`Fill::Constant`].
    pub fill_value: u8,
    /// Standard deviation of a Gaussian blur, pixels of the copy.
    pub blur: [f64; 2],
    /// One offset for all channels, levels of 255, drawn from -c to c; cut off at the image's own darkest and
    /// brightest level (Keras' `channel_shift_range`).
    pub channel_shift: f64,
    /// Factor.
    pub brightness: [f64; 2],
    /// Factor about the middle grey.
    pub contrast: [f64; 2],
    /// Shift of the exposure window, fraction of the full range, drawn from -w to w.
    pub window: f64,
    /// Exponent.
    pub gamma: [f64; 2],
    /// Probability of black for white.
    pub invert: f64,
    /// Clip limit of contrast-limited adaptive histogram equalisation; 0 for none.
    pub clahe: [f64; 2],
    /// Standard deviation of Gaussian noise, fraction of the full range.
    pub noise: f64,
    /// Quality of a JPEG round trip, 1 to 100; `[0, 0]` for none.
    pub jpeg_quality: [u8; 2],
    /// Probability of one blanked rectangle.
    pub erasing: f64,
    /// How often a transform is done at all, where not always.
    pub probability: BTreeMap<Transform, f64>,
    /// Groups of transforms of which a copy gets one, each as likely as the others.
    pub one_of: Vec<Vec<Transform>>,
    /// Transforms that may go beyond what the preset holds to be safe.
    pub allow: Vec<Transform>,
}

impl Recipe {
    /// Whether the transform's own number lets it do anything.
    pub fn does(&self, transform: Transform) -> bool {
        let range = |[low, high]: [f64; 2], nothing: f64| low < nothing || high > nothing;
        match transform {
            Transform::HorizontalFlip => self.horizontal_flip > 0.0,
            Transform::VerticalFlip => self.vertical_flip > 0.0,
            Transform::Zoom => range(self.zoom, 1.0),
            Transform::Shear => self.shear > 0.0,
            Transform::Rotation => self.rotation > 0.0,
            Transform::WidthShift => self.width_shift > 0.0,
            Transform::HeightShift => self.height_shift > 0.0,
            Transform::Elastic => self.elastic > 0.0,
            Transform::Blur => range(self.blur, 0.0),
            Transform::ChannelShift => self.channel_shift > 0.0,
            Transform::Brightness => range(self.brightness, 1.0),
            Transform::Contrast => range(self.contrast, 1.0),
            Transform::Window => self.window > 0.0,
            Transform::Gamma => range(self.gamma, 1.0),
            Transform::Invert => self.invert > 0.0,
            Transform::Clahe => range(self.clahe, 0.0),
            Transform::Noise => self.noise > 0.0,
            Transform::JpegQuality => self.jpeg_quality[0] > 0,
            Transform::Erasing => self.erasing > 0.0,
        }
    }
}

//! The names of what can happen to a copy, in the order in which it happens.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One kind of change, called as the recipe's key that rules it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the recipe's fields of the same names say what they are")]
pub enum Transform {
    HorizontalFlip,
    VerticalFlip,
    Zoom,
    Shear,
    Rotation,
    WidthShift,
    HeightShift,
    Elastic,
    Blur,
    ChannelShift,
    Brightness,
    Contrast,
    Window,
    Gamma,
    Invert,
    Clahe,
    Noise,
    JpegQuality,
    Erasing,
}

impl Transform {
    /// All of them, in the order in which they happen.
    pub const ALL: [Self; 19] = [
        Self::HorizontalFlip,
        Self::VerticalFlip,
        Self::Zoom,
        Self::Shear,
        Self::Rotation,
        Self::WidthShift,
        Self::HeightShift,
        Self::Elastic,
        Self::Blur,
        Self::ChannelShift,
        Self::Brightness,
        Self::Contrast,
        Self::Window,
        Self::Gamma,
        Self::Invert,
        Self::Clahe,
        Self::Noise,
        Self::JpegQuality,
        Self::Erasing,
    ];

    /// The recipe's key.
    pub fn name(self) -> &'static str {
        match self {
            Self::HorizontalFlip => "horizontal_flip",
            Self::VerticalFlip => "vertical_flip",
            Self::Zoom => "zoom",
            Self::Shear => "shear",
            Self::Rotation => "rotation",
            Self::WidthShift => "width_shift",
            Self::HeightShift => "height_shift",
            Self::Elastic => "elastic",
            Self::Blur => "blur",
            Self::ChannelShift => "channel_shift",
            Self::Brightness => "brightness",
            Self::Contrast => "contrast",
            Self::Window => "window",
            Self::Gamma => "gamma",
            Self::Invert => "invert",
            Self::Clahe => "clahe",
            Self::Noise => "noise",
            Self::JpegQuality => "jpeg_quality",
            Self::Erasing => "erasing",
        }
    }

    /// Whether the recipe's own number is its probability, so that it takes no other.
    pub fn is_chance(self) -> bool {
        matches!(self, Self::HorizontalFlip | Self::VerticalFlip | Self::Invert | Self::Erasing)
    }
}

impl fmt::Display for Transform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_transform_is_listed_under_its_key_in_its_order() {
        for (at, transform) in Transform::ALL.into_iter().enumerate() {
            assert_eq!(transform as usize, at);
            assert_eq!(serde_json::to_value(transform).unwrap(), transform.name());
        }
    }
}

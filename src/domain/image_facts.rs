//! What is known of an image apart from what it shows.

use serde::{Deserialize, Serialize};

use super::{Border, DicomFacts};

/// What decoding found out about an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageFacts {
    /// Pixels, after EXIF orientation.
    pub width: u32,
    /// Pixels, after EXIF orientation.
    pub height: u32,
    /// By content, never by extension: `png`, `jpeg`, `bmp`, `tiff`, `webp`.
    pub format: String,
    /// Colour type and bits a channel that hold the image, as `grey8`, `grey12`, `rgb8`, `rgba16`.
    pub colour: String,
    /// Which image of the file is meant, as `page 1 of 3`; `None` of a file with one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
    /// Whether it is black, white or of one level, or nearly so; `false` in records of older versions.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub blank: bool,
    /// Whether text seems to be burned into the pixels of a DICOM image, or its file says so; `false` in records of older
    /// versions.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub text: bool,
}

impl ImageFacts {
    /// Bits a channel that hold the image, 8 to 16. Fewer, and a palette, count as 8, because white is white in all of them.
    /// `None` of floating point, whose scale is its own.
    pub fn depth(&self) -> Option<u32> {
        let kind = self.colour.trim_end_matches(|c: char| c.is_ascii_digit());
        match self.colour[kind.len()..].parse::<u32>() {
            Ok(bits) => Some(bits.max(8)),
            Err(_) => (kind == "palette").then_some(8),
        }
    }
}

#[cfg(test)]
impl ImageFacts {
    /// One pixel of an 8-bit grey PNG, for the tests of all rooms.
    pub(crate) fn example() -> Self {
        Self {
            width: 1,
            height: 1,
            format: "png".into(),
            colour: "grey8".into(),
            part: None,
            blank: false,
            text: false,
        }
    }
}

/// What is known of an image apart from what it shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NonContentFacts {
    /// Of its file.
    pub file: ImageFacts,
    /// Its outermost ring; `None` of an image that a version without this took in.
    pub border: Option<Border>,
    /// What its DICOM file says of the device; `None` of other files.
    pub dicom: Option<Box<DicomFacts>>,
}

//! What is known of an image apart from what it shows.

use serde::{Deserialize, Serialize};

use super::Border;

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
}

/// What is known of an image apart from what it shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NonContentFacts {
    /// Of its file.
    pub file: ImageFacts,
    /// Its outermost ring; `None` of an image that a version without this took in.
    pub border: Option<Border>,
}

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
    /// Colour type and bits a channel, as `grey8`, `grey16`, `rgb8`, `rgba8`.
    pub colour: String,
}

/// What is known of an image apart from what it shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NonContentFacts {
    /// Of its file.
    pub file: ImageFacts,
    /// Its outermost ring; `None` of an image that a version without this took in.
    pub border: Option<Border>,
}

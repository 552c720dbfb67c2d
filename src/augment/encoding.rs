//! What copies are written as.

use crate::config::CopyFormat;
use crate::imaging::{EncodeError, Picture, encode_tagged_jpeg, encode_tagged_png};

/// A format and, for JPEG, its quality.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encoding {
    /// PNG or JPEG.
    pub format: CopyFormat,
    /// 1 to 100, for JPEG.
    pub quality: u8,
}

impl Encoding {
    /// Of the copy's file name.
    pub(super) fn extension(self) -> &'static str {
        match self.format {
            CopyFormat::Png => "png",
            CopyFormat::Jpeg => "jpg",
        }
    }

    /// Says what of it reaches the bytes.
    pub fn name(self) -> String {
        match self.format {
            CopyFormat::Png => "png".into(),
            CopyFormat::Jpeg => format!("jpeg {}", self.quality),
        }
    }

    /// Whether every level of `picture` finds its place.
    pub(super) fn holds(self, picture: &Picture) -> bool {
        self.format == CopyFormat::Png || picture.depth() == 8
    }

    /// The copy's bytes, `tag` in front.
    pub(super) fn encode(self, picture: &Picture, tag: &str) -> Result<Vec<u8>, EncodeError> {
        match self.format {
            CopyFormat::Png => encode_tagged_png(picture, tag),
            CopyFormat::Jpeg => encode_tagged_jpeg(picture, self.quality, tag),
        }
    }
}

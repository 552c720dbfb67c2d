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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::augment::plan::BYTES_VERSION;
    use crate::domain::ContentHash;
    use crate::imaging::Pixels;

    /// For each kind of copy, the start of the hash of its bytes.
    const GOLDEN: (u32, [(u32, CopyFormat, u8, &str); 5]) = (
        5,
        [
            (1, CopyFormat::Png, 0, "3aedf2ce"),
            (3, CopyFormat::Png, 0, "86c44364"),
            (1, CopyFormat::Jpeg, 95, "43f05b22"),
            (3, CopyFormat::Jpeg, 95, "3207867b"),
            (3, CopyFormat::Jpeg, 80, "c00e2077"),
        ],
    );

    /// Something smooth and something wild.
    fn picture(channels: u32) -> Picture {
        let (width, height) = (61, 47);
        let level = |i: u32| (i / channels % width * 3 + i * 7919 % 23) as u8;
        Picture::new(width, height, channels, Pixels::U8((0..width * height * channels).map(level).collect())).unwrap()
    }

    #[test]
    fn the_same_copy_has_the_same_bytes_until_the_version_is_raised() {
        let (version, kinds) = GOLDEN;
        assert_eq!(BYTES_VERSION, version, "GOLDEN is of another version: see that its hashes are of this one");
        for (channels, format, quality, expected) in kinds {
            let bytes = Encoding { format, quality }.encode(&picture(channels), "tag").unwrap();
            let found = ContentHash::of(&bytes).short();
            let kind = format!("{channels} channels, {format:?} {quality}");
            assert_eq!(found, expected, "{kind}: if that was meant, raise BYTES_VERSION");
        }
    }

    #[test]
    fn grey_jpeg_has_one_channel_and_colour_its_full_resolution_from_quality_90_on() {
        // Channels, and the sampling of the first one, as the frame header has them.
        let frame = |channels, quality| {
            let bytes = Encoding { format: CopyFormat::Jpeg, quality }.encode(&picture(channels), "tag").unwrap();
            let at = bytes.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
            (bytes[at + 9], bytes[at + 11])
        };
        assert_eq!(frame(1, 95), (1, 0x11));
        assert_eq!((frame(3, 90), frame(3, 89)), ((3, 0x11), (3, 0x22)));
    }
}

//! Why some bytes are no image, or an image no file.

/// Why bytes could not be decoded. One line; [`DecodeError::fix`] says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Neither PNG, JPEG, BMP, TIFF, WebP nor DICOM by content.
    #[error("not an image: {found}")]
    NotAnImage {
        /// What it looks like instead.
        found: &'static str,
    },
    /// DICOM without pixels.
    #[error("a DICOM file without an image, such as a report or a presentation state")]
    NoImage,
    /// DICOM that this program wrote.
    #[error("a result that gradwatch wrote")]
    OwnResult,
    /// The file ends before the image does.
    #[error("the {format} file is truncated: it ends before the image does")]
    Truncated {
        /// `png`, `jpeg`, ...
        format: &'static str,
    },
    /// Beyond the limits; no pixel was decoded.
    #[error(
        "the image is too large: {width}x{height} pixels, the limit is {max_side} per side and {max_pixels} in total"
    )]
    TooLarge {
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
        /// Pixels a side.
        max_side: u32,
        /// Pixels in all.
        max_pixels: u64,
    },
    /// A kind of image in a known format that cannot be read.
    #[error("the {format} file contains an unsupported kind of image: {cause}")]
    Unsupported {
        /// `png`, `jpeg`, ...
        format: &'static str,
        /// What the decoder says.
        cause: String,
    },
    /// The bytes contradict the format.
    #[error("the {format} file is damaged: {cause}")]
    Damaged {
        /// `png`, `jpeg`, ...
        format: &'static str,
        /// What the decoder says.
        cause: String,
    },
}

impl DecodeError {
    /// A stable word for reason files and scripts.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotAnImage { .. } => "not-an-image",
            Self::NoImage => "no-image",
            Self::OwnResult => "own-result",
            Self::Truncated { .. } => "truncated",
            Self::TooLarge { .. } => "too-large",
            Self::Unsupported { .. } => "unsupported",
            Self::Damaged { .. } => "damaged",
        }
    }

    /// What the user can do, one sentence.
    pub fn fix(&self) -> &'static str {
        match self {
            Self::NoImage => "nothing has to be done; files without an image are not used",
            Self::OwnResult => "nothing has to be done; results are not used as images",
            Self::NotAnImage { .. } => {
                "remove it from the image folders, or save it as PNG, JPEG, BMP, TIFF, WebP or DICOM"
            }
            Self::Truncated { .. } => "copy it again from its source and compare the sizes",
            Self::TooLarge { .. } => "save it smaller, or raise limits.max_side and limits.max_megapixels",
            // A PNG would no longer say which patient and study it is of.
            Self::Unsupported { format: "dicom", .. } => {
                "convert it to uncompressed grey or RGB DICOM of 8 or 16 bits (JPEG-LS with `dcmdjpls` of dcmtk)"
            }
            Self::Unsupported { .. } => "save it again as an 8- or 16-bit PNG",
            Self::Damaged { .. } => "copy it again from its source, or save it again with an image program",
        }
    }
}

/// An image that could not be encoded.
#[derive(Debug, thiserror::Error)]
#[error("cannot encode a {width}x{height} image as {format}: {cause}")]
pub struct EncodeError {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) format: &'static str,
    pub(super) cause: String,
}

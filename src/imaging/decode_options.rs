//! What decoding refuses, what it puts behind transparent pixels, and how small it may decode.

use super::error::DecodeError;
use crate::config::LimitSettings;

/// Bytes beside the pixels of a file.
const METADATA: u64 = 64 << 20;

/// What is too large, which is checked before any pixel is decoded, what shows through, and whether all pixels are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecodeOptions {
    /// Pixels a side.
    pub max_side: u32,
    /// Pixels in all.
    pub max_pixels: u64,
    /// The grey level behind transparent pixels, 0 to 255 whatever the image's depth.
    pub background: u8,
    /// Pixels a side that are enough: a JPEG is decoded to a half, a quarter or an eighth of its size if no side becomes
    /// less than this. `None` for all pixels.
    pub least_side: Option<u32>,
    /// Which frame of a DICOM file, from 1; the last of a file that has fewer.
    pub frame: u32,
}

impl DecodeOptions {
    /// The frame where none is chosen. It is not named where what is made of an image is, as before frames could be chosen.
    pub const FIRST_FRAME: u32 = 1;

    /// All pixels, within the limits of the settings.
    pub fn new(limits: &LimitSettings, background: u8) -> Self {
        Self {
            max_side: limits.max_side,
            max_pixels: limits.max_megapixels * 1_000_000,
            background,
            least_side: None,
            frame: Self::FIRST_FRAME,
        }
    }

    /// Bytes that decoding may take at once; twice what the largest image needs, and what lies beside it in a file.
    pub(super) fn max_bytes(&self) -> u64 {
        const BYTES_A_PIXEL: u64 = 16;
        self.max_pixels.saturating_mul(2 * BYTES_A_PIXEL).saturating_add(METADATA)
    }

    /// Bytes that the largest image and what lies beside it may have in a file: three channels of 16 bits.
    pub(super) fn max_stored_bytes(&self) -> u64 {
        const BYTES_A_PIXEL: u64 = 6;
        self.max_pixels.saturating_mul(BYTES_A_PIXEL).saturating_add(METADATA)
    }

    /// # Errors
    /// [`DecodeError::TooLarge`].
    pub(super) fn check(&self, width: u32, height: u32) -> Result<(), DecodeError> {
        let Self { max_side, max_pixels, .. } = *self;
        if width.max(height) > max_side || u64::from(width) * u64::from(height) > max_pixels {
            return Err(DecodeError::TooLarge { width, height, max_side, max_pixels });
        }
        Ok(())
    }
}

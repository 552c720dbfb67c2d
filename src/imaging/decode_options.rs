//! What decoding refuses, and what it puts behind transparent pixels.

use super::error::DecodeError;
use crate::config::LimitSettings;

/// What is too large, which is checked before any pixel is decoded, and what shows through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecodeOptions {
    /// Pixels a side.
    pub max_side: u32,
    /// Pixels in all.
    pub max_pixels: u64,
    /// The grey level behind transparent pixels, 0 to 255 whatever the image's depth.
    pub background: u8,
}

impl DecodeOptions {
    /// As the settings have it.
    pub fn new(limits: &LimitSettings, background: u8) -> Self {
        Self { max_side: limits.max_side, max_pixels: limits.max_megapixels * 1_000_000, background }
    }

    /// Bytes that decoding may take at once; twice what the largest image needs, and what lies beside it in a file.
    pub(super) fn max_bytes(&self) -> u64 {
        const BYTES_A_PIXEL: u64 = 16;
        const METADATA: u64 = 64 << 20;
        self.max_pixels.saturating_mul(2 * BYTES_A_PIXEL).saturating_add(METADATA)
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

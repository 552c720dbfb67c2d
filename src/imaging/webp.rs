//! WebP, still or animated, to a decoder of its image; of an animation, the first frame at its place on the canvas.

use std::borrow::Cow;
use std::io::Cursor;

use image::codecs::webp::WebPDecoder;
use image::{ImageDecoder, ImageError, Limits, Rgba};

use super::webp_chunks;

/// Behind place, size and duration of a frame.
const FRAME_FLAGS: usize = 15;
const DO_NOT_BLEND: u8 = 2;

/// `background`: the level where the first frame leaves the canvas free, although the file has no alpha.
pub(super) fn decoder(
    bytes: &[u8],
    limits: Limits,
    background: u8,
) -> Result<WebPDecoder<Cursor<Cow<'_, [u8]>>>, ImageError> {
    let bytes = if webp_chunks::n_frames(bytes) > 0 { Cow::Owned(unblended(bytes)) } else { Cow::Borrowed(bytes) };
    let mut decoder = WebPDecoder::new(Cursor::new(bytes))?;
    decoder.set_limits(limits)?;
    if decoder.has_animation() && !decoder.color_type().has_alpha() {
        decoder.set_background_color(Rgba([background, background, background, u8::MAX]))?;
    }
    Ok(decoder)
}

/// The first frame lies on an empty canvas: blending changes nothing there, but the decoder would round levels by it.
fn unblended(webp: &[u8]) -> Vec<u8> {
    let mut webp = webp.to_vec();
    let at = webp_chunks::place_of(&webp, b"ANMF") + FRAME_FLAGS;
    if let Some(flags) = webp.get_mut(at) {
        *flags |= DO_NOT_BLEND;
    }
    webp
}

#[cfg(test)]
mod tests;

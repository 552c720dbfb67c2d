//! Which frame of an animation its image is: the first. PNG and WebP files can hold several.

use image::ImageFormat;

use super::picture::Part;
use super::{png_chunks, webp_chunks};

/// The first frame out of how many; `None` of a file that is no animation.
pub(super) fn first_frame(bytes: &[u8], format: ImageFormat) -> Option<Part> {
    let of = match format {
        ImageFormat::Png => frames_of_png(bytes)?,
        ImageFormat::WebP => webp_chunks::n_frames(bytes) as u32,
        _ => return None,
    };
    (of > 1).then_some(Part { kind: "frame", number: 1, of })
}

/// The image that every reader shows is the first frame; where it is not part of the animation, it is one more.
fn frames_of_png(png: &[u8]) -> Option<u32> {
    let before_pixels = || png_chunks::chunks(png).take_while(|(kind, _)| kind != b"IDAT");
    let (_, control) = before_pixels().find(|(kind, _)| kind == b"acTL")?;
    let n_animated = u32::from_be_bytes(*control.first_chunk()?);
    let is_animated = before_pixels().any(|(kind, _)| kind == b"fcTL");
    Some(if is_animated { n_animated } else { n_animated.saturating_add(1) })
}

#[cfg(test)]
mod tests;

//! Samples of three channels to RGB.

use super::image_header::{ImageHeader, Photometric};
use crate::imaging::depth::{depth_of, spread};
use crate::imaging::picture::Pixels;

/// RGB of 8 bits, or of 16 where more are stored; and the bits that hold the image.
pub(super) fn rgb(mut samples: Vec<u16>, header: &ImageHeader, is_ycbcr: bool) -> (Pixels, u32) {
    debug_assert!(header.n_channels() == 3, "colours have three channels");
    if is_ycbcr && matches!(header.photometric, Photometric::YbrFull | Photometric::YbrFull422) {
        return (Pixels::U8(samples.as_chunks().0.iter().flat_map(|&pixel| of_ycbcr(pixel)).collect()), 8);
    }
    let stated = u32::from(header.bits_stored);
    let bits = if stated < 16 { stated } else { depth_of(samples.iter().copied().max().unwrap_or(0)) };
    if stated == 8 {
        return (Pixels::U8(samples.iter().map(|&sample| sample.min(255) as u8).collect()), 8);
    }
    spread(&mut samples, bits);
    (Pixels::U16(samples), bits)
}

/// PS3.3, C.7.6.3.1.2.
fn of_ycbcr([y, cb, cr]: [u16; 3]) -> [u8; 3] {
    let (y, cb, cr) = (f32::from(y), f32::from(cb) - 128.0, f32::from(cr) - 128.0);
    let rgb = [y + 1.402 * cr, y - 0.344_136 * cb - 0.714_136 * cr, y + 1.772 * cb];
    rgb.map(|level| level.round().clamp(0.0, 255.0) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn primary_colours_come_back() {
        for (ycbcr, rgb) in [([76, 85, 255], [254, 0, 0]), ([150, 44, 21], [0, 255, 1]), ([29, 255, 107], [0, 0, 254])]
        {
            assert_eq!(of_ycbcr(ycbcr), rgb);
        }
    }
}

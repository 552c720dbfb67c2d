//! The samples of a frame as stored: interleaved, in 16 bits, of which only the stored ones are set.

use std::ops::Range;

use super::element::Element;
use super::image_header::{ImageHeader, Photometric};

/// A frame that is not compressed: `bits` of the value of the pixel data, which lie within it.
pub(super) fn plain(pixels: &Element, bits: Range<usize>, header: &ImageHeader) -> Vec<u16> {
    let (bytes, encoding) = (pixels.value, pixels.encoding);
    // Bytes in words of big-endian order; the last word may be cut.
    let swap = usize::from(encoding.is_big_endian && pixels.is_words);
    let byte = |at: usize| u16::from(bytes.get(at ^ swap).copied().unwrap_or(0));
    let own = bits.start / 8..bits.end / 8;
    match header.bits_allocated {
        1 => bits.map(|at| byte(at / 8) >> (at % 8) & 1).collect(),
        8 if header.photometric == Photometric::YbrFull422 => {
            let of_pixels = |at: usize| [0, 2, 3, 1, 2, 3].map(|part| byte(own.start + 4 * at + part));
            (0..own.len() / 4).flat_map(of_pixels).collect()
        }
        8 => arranged(own.map(|at| stored(byte(at), header)), header),
        _ => arranged(bytes[own].as_chunks().0.iter().map(|&pair| stored(encoding.u16(pair), header)), header),
    }
}

/// Without the bits beside the value, where old files have overlays.
pub(super) fn stored(sample: u16, header: &ImageHeader) -> u16 {
    sample >> header.shift & header.largest()
}

/// Channels that stand one behind the other, together in each pixel.
fn arranged(samples: impl Iterator<Item = u16>, header: &ImageHeader) -> Vec<u16> {
    if !header.is_planar {
        return samples.collect();
    }
    let n_pixels = header.n_samples() / header.n_channels();
    let mut together = vec![0; header.n_samples()];
    for (at, sample) in samples.enumerate().take(header.n_samples()) {
        together[at % n_pixels * header.n_channels() + at / n_pixels] = sample;
    }
    together
}

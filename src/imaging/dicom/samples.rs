//! The samples of a frame as stored: interleaved, in 16 bits, of which only the stored ones are set.

use super::element::Element;
use super::image_header::{ImageHeader, Photometric};

/// A frame that is not compressed; `bytes` are its own, and `first_bit` is where it begins in them.
pub(super) fn plain(bytes: &[u8], first_bit: usize, header: &ImageHeader, pixels: &Element) -> Vec<u16> {
    let encoding = pixels.encoding;
    // Bytes in words of big-endian order.
    let is_swapped = encoding.is_big_endian && pixels.is_words;
    let byte = |at: usize| if is_swapped { *bytes.get(at ^ 1).unwrap_or(&0) } else { bytes[at] };
    match header.bits_allocated {
        1 => {
            let bits = first_bit..first_bit + header.n_samples();
            bits.map(|at| u16::from(byte(at / 8) >> (at % 8) & 1)).collect()
        }
        8 if header.photometric == Photometric::YbrFull422 => {
            let of_pixels = |at: usize| [0, 2, 3, 1, 2, 3].map(|part| u16::from(byte(4 * at + part)));
            (0..bytes.len() / 4).flat_map(of_pixels).collect()
        }
        8 => arranged((0..bytes.len()).map(|at| stored(byte(at).into(), header)), header),
        _ => arranged(bytes.as_chunks().0.iter().map(|&pair| stored(encoding.u16(pair), header)), header),
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

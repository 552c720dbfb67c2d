//! One stored row as samples: the predictor undone, bits of any number unpacked, in the file's byte order.

use std::borrow::Cow;

use super::layout::{Layout, Predictor};
use super::sample_kind::SampleKind;

/// How rows of `n_samples` samples are stored; a pixel has `n_together` of them.
#[derive(Debug, Clone, Copy)]
pub(super) struct RowForm {
    n_samples: usize,
    n_together: usize,
    kind: SampleKind,
    predictor: Predictor,
    is_big_endian: bool,
}

impl RowForm {
    /// Of rows of a strip or tile.
    pub(super) fn of(layout: &Layout, is_big_endian: bool) -> Self {
        let n_together = layout.n_together();
        let n_samples = (layout.grid.chunk_width as usize).saturating_mul(n_together);
        Self { n_samples, n_together, kind: layout.kind, predictor: layout.predictor, is_big_endian }
    }

    /// Bytes a row; the last is filled up.
    pub(super) fn n_bytes(&self) -> usize {
        self.n_samples.saturating_mul(self.kind.bits() as usize).div_ceil(8)
    }

    /// The bit patterns of a row's samples into `out`; 64 bits become the floating-point number of 32.
    pub(super) fn unpack(&self, row: &[u8], out: &mut Vec<u32>) {
        out.clear();
        let (row, is_big_endian) = if self.predictor == Predictor::FloatingPoint {
            (Cow::Owned(sorted(row, self.kind.bits() as usize / 8, self.n_together)), true)
        } else {
            (Cow::Borrowed(row), self.is_big_endian)
        };
        match (self.kind.bits(), is_big_endian) {
            (8, _) => out.extend(row.iter().map(|&byte| u32::from(byte))),
            (16, true) => out.extend(row.as_chunks().0.iter().map(|&bytes| u32::from(u16::from_be_bytes(bytes)))),
            (16, false) => out.extend(row.as_chunks().0.iter().map(|&bytes| u32::from(u16::from_le_bytes(bytes)))),
            (32, true) => out.extend(row.as_chunks().0.iter().map(|&bytes| u32::from_be_bytes(bytes))),
            (32, false) => out.extend(row.as_chunks().0.iter().map(|&bytes| u32::from_le_bytes(bytes))),
            (64, true) => out.extend(row.as_chunks().0.iter().map(|&bytes| shorter(f64::from_be_bytes(bytes)))),
            (64, false) => out.extend(row.as_chunks().0.iter().map(|&bytes| shorter(f64::from_le_bytes(bytes)))),
            (bits, _) => unpack_bits(&row, bits, self.n_samples, out),
        }
        if self.predictor == Predictor::Horizontal {
            add_left(out, self.n_together, self.kind.bits());
        }
    }
}

fn shorter(number: f64) -> u32 {
    (number as f32).to_bits()
}

/// Samples of 1 to 15 bits, the first in the highest bits of a byte.
fn unpack_bits(row: &[u8], bits: u32, n_samples: usize, out: &mut Vec<u32>) {
    let (mut held, mut n_held, mask) = (0_u32, 0, (1 << bits) - 1);
    for &byte in row {
        held = (held << 8) | u32::from(byte);
        n_held += 8;
        while n_held >= bits && out.len() < n_samples {
            n_held -= bits;
            out.push((held >> n_held) & mask);
        }
    }
}

/// Differences to the pixel on the left become samples, wrapping in their bits.
fn add_left(samples: &mut [u32], n_together: usize, bits: u32) {
    let mask = u32::MAX >> (32 - bits);
    for at in n_together..samples.len() {
        samples[at] = samples[at].wrapping_add(samples[at - n_together]) & mask;
    }
}

/// The floats of a row, highest byte first, from bytes that are sorted by their place in the float and are differences
/// to the byte of the pixel before (Adobe's technical note 3).
fn sorted(row: &[u8], size: usize, n_together: usize) -> Vec<u8> {
    let mut bytes = row.to_vec();
    for at in n_together..bytes.len() {
        bytes[at] = bytes[at].wrapping_add(bytes[at - n_together]);
    }
    let n_samples = bytes.len() / size;
    (0..n_samples)
        .flat_map(|sample| (0..size).map(move |place| place * n_samples + sample))
        .map(|at| bytes[at])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_of_any_number_are_unpacked_from_the_highest() {
        let mut out = Vec::new();
        unpack_bits(&[0b1010_0110, 0b1100_0000], 3, 4, &mut out);
        assert_eq!(out, [0b101, 0b001, 0b101, 0b100]);
        for bits in (1..=15).filter(|bits| *bits != 8) {
            out.clear();
            unpack_bits(&[0xff; 15], bits, 8, &mut out);
            assert_eq!(out, [(1 << bits) - 1; 8], "{bits} bits");
        }
    }
}

//! Run-length encoding: each byte of each channel is a segment of its own, packed as `PackBits`, highest byte first.

use super::image_header::ImageHeader;
use super::refusal::damaged;
use super::samples::stored;
use crate::imaging::error::DecodeError;
use crate::imaging::pack_bits::pack_bits;

/// The samples of a frame, interleaved.
///
/// # Errors
/// `Damaged`.
pub(super) fn samples(frame: &[u8], header: &ImageHeader) -> Result<Vec<u16>, DecodeError> {
    let (n_channels, n_bytes) = (header.n_channels(), usize::from(header.bits_allocated / 8));
    let segments = segments(frame)?;
    if segments.len() != n_channels * n_bytes || n_bytes == 0 {
        return Err(damaged("its run-length segments are not as many as its channels have bytes"));
    }
    let n_pixels = header.n_samples() / n_channels;
    let mut samples = vec![0_u16; header.n_samples()];
    for (at, segment) in segments.into_iter().enumerate() {
        let bytes = pack_bits(segment, n_pixels).ok_or_else(|| damaged("a run-length segment holds too few bytes"))?;
        for (sample, byte) in samples.iter_mut().skip(at / n_bytes).step_by(n_channels).zip(bytes) {
            *sample = *sample << 8 | u16::from(byte);
        }
    }
    Ok(samples.into_iter().map(|sample| stored(sample, header)).collect())
}

/// The header of 64 bytes: how many segments there are, and where each begins.
fn segments(frame: &[u8]) -> Result<Vec<&[u8]>, DecodeError> {
    const HEADER: usize = 64;
    let short = || damaged("its run-length header is incomplete");
    let words = frame.get(..HEADER).ok_or_else(short)?.as_chunks().0;
    let mut words = words.iter().map(|&word| u32::from_le_bytes(word) as usize);
    let n_segments = words.next().filter(|n| (1..=15).contains(n)).ok_or_else(short)?;
    let begins: Vec<usize> = words.take(n_segments).collect();
    let end = |at: usize| begins.get(at + 1).copied().unwrap_or(frame.len());
    begins.iter().enumerate().map(|(at, &begin)| frame.get(begin..end(at)).ok_or_else(short)).collect()
}

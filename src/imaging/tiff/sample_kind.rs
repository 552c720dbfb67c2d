//! What one number of an image is: its bits, and whether it is whole, signed or floating point.

use super::directory::Directory;
use super::refusal::unsupported;
use super::tags;
use crate::imaging::error::DecodeError;

/// What one sample is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SampleKind {
    /// Of 1 to 16 or 32 bits.
    Unsigned(u32),
    /// Of 8, 16 or 32 bits.
    Signed(u32),
    /// Of 16, 32 or 64 bits.
    Float(u32),
}

impl SampleKind {
    pub(super) fn bits(self) -> u32 {
        match self {
            Self::Unsigned(bits) | Self::Signed(bits) | Self::Float(bits) => bits,
        }
    }
}

/// What all samples are; bits and format may be stated once for all of them.
///
/// # Errors
/// `Unsupported`, by name.
pub(super) fn kind_of(directory: &Directory, n_samples: usize) -> Result<SampleKind, DecodeError> {
    let differ = || unsupported("channels of different kinds of samples");
    let bits = same(directory, tags::BITS_PER_SAMPLE, n_samples)?.ok_or_else(differ)?;
    let format = same(directory, tags::SAMPLE_FORMAT, n_samples)?.ok_or_else(differ)?;
    match (format, bits) {
        (1 | 4, 1..=16 | 32) => Ok(SampleKind::Unsigned(bits as u32)),
        (2, 8 | 16 | 32) => Ok(SampleKind::Signed(bits as u32)),
        (3, 16 | 32 | 64) => Ok(SampleKind::Float(bits as u32)),
        (1 | 4, _) => Err(unsupported(format!("whole numbers of {bits} bits"))),
        (2, _) => Err(unsupported(format!("signed whole numbers of {bits} bits"))),
        (3, _) => Err(unsupported(format!("floating-point numbers of {bits} bits"))),
        (5 | 6, _) => Err(unsupported("complex numbers")),
        _ => Err(unsupported(format!("sample format {format}"))),
    }
}

/// The value of a tag that has one for each sample, 1 by default; `None` where they differ.
fn same(directory: &Directory, tag: u16, n_samples: usize) -> Result<Option<u64>, DecodeError> {
    let values = directory.numbers(tag)?;
    let first = values.first().copied().unwrap_or(1);
    Ok(values.iter().take(n_samples).all(|value| *value == first).then_some(first))
}

//! The headers of a JPEG file's frame and of its scans.

use crate::imaging::error::DecodeError;

pub(super) const FORMAT: &str = "jpeg";

/// How the samples of a frame are coded: the marker of its header without its first four bits, 0 to 15.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Coding(pub(super) u8);

impl Coding {
    /// Whether a scan gives only some coefficients, or some of their bits.
    pub(super) fn is_progressive(self) -> bool {
        matches!(self.0, 2 | 6 | 10 | 14)
    }

    /// Whether samples are predicted, not transformed.
    pub(super) fn is_lossless(self) -> bool {
        matches!(self.0, 3 | 7 | 11 | 15)
    }

    /// Whether its entropy coding is arithmetic; it is by Huffman codes else.
    pub(super) fn is_arithmetic(self) -> bool {
        self.0 > 8
    }

    /// Whether its frame is one of several sizes of the image.
    pub(super) fn is_hierarchical(self) -> bool {
        matches!(self.0, 5..=7 | 13..=15)
    }
}

/// One channel of the frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct Channel {
    /// Its name in scans.
    pub(super) id: u8,
    /// Samples across in one unit, 1 to 4.
    pub(super) across: u8,
    /// Samples down in one unit, 1 to 4.
    pub(super) down: u8,
    /// The number of its quantisation table.
    pub(super) quantisation: u8,
}

/// The header of the image.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    pub(super) coding: Coding,
    /// Bits a sample, 2 to 16.
    pub(super) precision: u8,
    /// Pixels, as stored.
    pub(super) width: u32,
    /// Pixels, as stored; 0 if it stands behind the first scan.
    pub(super) height: u32,
    pub(super) channels: Vec<Channel>,
}

/// The header of one pass over some channels.
#[derive(Debug, Clone)]
pub(super) struct ScanHeader {
    /// The id of each channel, with the number of its Huffman tables: DC in the first four bits, AC in the last.
    pub(super) channels: Vec<(u8, u8)>,
    /// The first and last coefficient, 0 to 63.
    pub(super) band: (u8, u8),
    /// Whether it adds bits to coefficients that an earlier scan began.
    pub(super) refines: bool,
    /// The lowest bit that it gives, 0 for all of them.
    pub(super) lowest_bit: u8,
}

impl Frame {
    pub(super) fn read(marker: u8, content: &[u8]) -> Result<Self, DecodeError> {
        let short = || damaged("its frame header is incomplete");
        let [precision, _, _, _, _, n_channels] = *content.first_chunk().ok_or_else(short)?;
        let (height, width) = be16(content, 1).zip(be16(content, 3)).ok_or_else(short)?;
        let listed = content.get(6..6 + 3 * usize::from(n_channels)).ok_or_else(short)?;
        let channel = |&[id, factors, quantisation]: &[u8; 3]| Channel {
            id,
            across: factors >> 4,
            down: factors & 15,
            quantisation,
        };
        let channels = listed.as_chunks().0.iter().map(channel).collect();
        Ok(Self { coding: Coding(marker & 15), precision, width, height, channels })
    }
}

impl ScanHeader {
    pub(super) fn read(content: &[u8]) -> Result<Self, DecodeError> {
        let short = || damaged("a scan header is incomplete");
        let n_channels = usize::from(*content.first().ok_or_else(short)?);
        let listed = content.get(1..=2 * n_channels).ok_or_else(short)?;
        let [first, last, bits] = *content.get(1 + 2 * n_channels..).and_then(<[u8]>::first_chunk).ok_or_else(short)?;
        let channels = listed.as_chunks().0.iter().map(|&[id, tables]| (id, tables)).collect();
        Ok(Self { channels, band: (first, last), refines: bits >> 4 > 0, lowest_bit: bits & 15 })
    }
}

/// A number of two bytes.
pub(super) fn be16(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|pair| u32::from(u16::from_be_bytes(*pair)))
}

pub(super) fn damaged(cause: &str) -> DecodeError {
    DecodeError::Damaged { format: FORMAT, cause: cause.into() }
}

pub(super) fn unsupported(cause: &str) -> DecodeError {
    DecodeError::Unsupported { format: FORMAT, cause: cause.into() }
}

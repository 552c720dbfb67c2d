//! How the data of a strip or tile are packed, and the bytes that they hold.

use std::borrow::Cow;
use std::io::Read;

use flate2::read::ZlibDecoder;
use weezl::BitOrder;
use weezl::decode::Decoder;

use super::refusal::{damaged, unsupported};
use crate::imaging::error::DecodeError;
use crate::imaging::pack_bits::pack_bits;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    None,
    Lzw,
    Deflate,
    PackBits,
    Jpeg,
}

/// More bytes from one than LZW, the closest of them, can give.
const LARGEST_RATIO: usize = 4096;

impl Packing {
    /// # Errors
    /// `Unsupported`, with its name.
    pub(super) fn of(number: u64) -> Result<Self, DecodeError> {
        let name = match number {
            1 => return Ok(Self::None),
            5 => return Ok(Self::Lzw),
            7 => return Ok(Self::Jpeg),
            8 | 32_946 => return Ok(Self::Deflate),
            32_773 => return Ok(Self::PackBits),
            2 => "CCITT modified Huffman (fax) compression",
            3 => "CCITT Group 3 (fax) compression",
            4 => "CCITT Group 4 (fax) compression",
            6 => "old-style JPEG compression",
            9 | 10 | 34_661 => "JBIG compression",
            32_766 => "NeXT compression",
            32_771 => "CCITT word-aligned (fax) compression",
            32_809 => "ThunderScan compression",
            32_908 | 32_909 => "Pixar compression",
            33_003 | 33_004 | 33_005 | 34_712 => "JPEG 2000 compression",
            34_676 | 34_677 => "LogLuv compression",
            34_887 => "LERC compression",
            34_892 => "lossy DNG compression",
            34_925 => "LZMA compression",
            34_926 | 50_000 => "Zstandard compression",
            34_927 | 50_001 => "WebP compression",
            34_933 => "PNG compression",
            50_002 | 52_546 => "JPEG XL compression",
            _ => return Err(unsupported(format!("compression {number}"))),
        };
        Err(unsupported(name))
    }

    /// The first `length` bytes that `data` hold. JPEG is no stream of bytes and is never asked for here.
    ///
    /// # Errors
    /// `Damaged` if there are fewer, or they are not what the compression writes.
    pub(super) fn unpacked(self, data: &[u8], length: usize) -> Result<Cow<'_, [u8]>, DecodeError> {
        if length / LARGEST_RATIO > data.len() {
            return Err(too_short());
        }
        match self {
            Self::None => Ok(Cow::Borrowed(data.get(..length).ok_or_else(too_short)?)),
            Self::Lzw => lzw(data, length).map(Cow::Owned),
            Self::Deflate => inflated(data, length).map(Cow::Owned),
            Self::PackBits => pack_bits(data, length).map(Cow::Owned).ok_or_else(too_short),
            Self::Jpeg => Err(unsupported("JPEG where bytes are needed")),
        }
    }
}

fn too_short() -> DecodeError {
    damaged("a strip or tile holds too few bytes")
}

/// TIFF's own order of bits, or that of the first programs, which begins with a clear code of its order.
fn lzw(data: &[u8], length: usize) -> Result<Vec<u8>, DecodeError> {
    let is_of_the_first = data.first() == Some(&0) && data.get(1).is_some_and(|byte| byte & 1 == 1);
    let mut decoder =
        if is_of_the_first { Decoder::new(BitOrder::Lsb, 8) } else { Decoder::with_tiff_size_switch(BitOrder::Msb, 8) };
    let (mut out, mut read, mut written) = (vec![0; length], 0, 0);
    while written < length {
        let step = decoder.decode_bytes(&data[read..], &mut out[written..]);
        step.status.map_err(|_| damaged("its LZW data are invalid"))?;
        read += step.consumed_in;
        written += step.consumed_out;
        if step.consumed_in + step.consumed_out == 0 {
            return Err(too_short());
        }
    }
    Ok(out)
}

/// What follows the bytes is read to its end where it is short, because the checksum stands there.
fn inflated(data: &[u8], length: usize) -> Result<Vec<u8>, DecodeError> {
    const BEHIND: u64 = 1 << 16;
    let invalid = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => too_short(),
        _ => damaged("its Deflate data are invalid"),
    };
    let (mut decoder, mut out) = (ZlibDecoder::new(data), vec![0; length]);
    decoder.read_exact(&mut out).map_err(invalid)?;
    std::io::copy(&mut decoder.take(BEHIND), &mut std::io::sink()).map_err(invalid)?;
    Ok(out)
}

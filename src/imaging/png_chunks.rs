//! The chunks of a PNG file, without decoding it.

use std::borrow::Cow;

/// Behind the signature.
const FIRST: usize = 8;
/// What `ImageMagick` named EXIF blocks before there was a chunk for them; `APP1` is JPEG's.
const RAW_PROFILES: [&[u8]; 2] = [b"Raw profile type exif", b"Raw profile type APP1"];
/// No text of an EXIF block is longer: a JPEG holds 64 KiB of it.
const LONGEST_TEXT: usize = 1 << 20;

/// One chunk: its four letters, and what it holds.
pub(super) type Chunk<'a> = (&'a [u8], &'a [u8]);

/// The chunks of `png` in their order, up to the first that is not whole.
pub(super) fn chunks(png: &[u8]) -> impl Iterator<Item = Chunk<'_>> {
    let mut rest = png.get(FIRST..).unwrap_or_default();
    std::iter::from_fn(move || {
        let length = u32::from_be_bytes(*rest.first_chunk()?) as usize;
        let chunk = (rest.get(4..8)?, rest.get(8..)?.get(..length)?);
        rest = rest.get(12 + length..)?;
        Some(chunk)
    })
}

/// How many bits of its samples are significant, as far as the file states it: those of the channel with the most.
pub(super) fn stated_depth(png: &[u8]) -> Option<u32> {
    let mut before = chunks(png).take_while(|(kind, _)| kind != b"IDAT");
    let (_, bits) = before.find(|(kind, _)| kind == b"sBIT")?;
    bits.iter().copied().map(u32::from).max().filter(|bits| (1..=16).contains(bits))
}

/// The EXIF blocks of `png`, in its own chunk or as hexadecimal text, before the pixels or behind them.
pub(super) fn exif(png: &[u8]) -> impl Iterator<Item = Cow<'_, [u8]>> {
    let chunks = chunks(png).take_while(|(kind, _)| kind != b"IEND");
    chunks.filter_map(|(kind, data)| match kind {
        b"eXIf" => Some(Cow::Borrowed(data)),
        b"tEXt" => raw_profile(data).and_then(unhexed).map(Cow::Owned),
        b"zTXt" => raw_profile(data).and_then(inflated).and_then(|text| unhexed(&text)).map(Cow::Owned),
        _ => None,
    })
}

/// What stands behind the keyword of a text chunk that holds an EXIF block.
fn raw_profile(data: &[u8]) -> Option<&[u8]> {
    let keyword = data.split(|&byte| byte == 0).next()?;
    RAW_PROFILES.contains(&keyword).then(|| data.get(keyword.len() + 1..))?
}

/// The compressed text behind its method, which is always 0.
fn inflated(data: &[u8]) -> Option<Vec<u8>> {
    fdeflate::decompress_to_vec_bounded(data.strip_prefix(&[0])?, LONGEST_TEXT).ok()
}

/// The bytes of a raw profile: its name, its length, and hexadecimal digits in lines.
fn unhexed(text: &[u8]) -> Option<Vec<u8>> {
    let words = text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let digits = words.skip(2).flatten().map(|digit| char::from(*digit).to_digit(16).map(|value| value as u8));
    let digits = digits.collect::<Option<Vec<_>>>()?;
    Some(digits.as_chunks::<2>().0.iter().map(|[high, low]| high << 4 | low).collect())
}

/// For tests: `png` with another chunk before its first one of the kind `before`.
#[cfg(test)]
pub(super) fn with_chunk(png: &[u8], before: &str, kind: &str, data: &[u8]) -> Vec<u8> {
    let at = FIRST
        + chunks(png)
            .take_while(|(kind, _)| *kind != before.as_bytes())
            .map(|(_, data)| 12 + data.len())
            .sum::<usize>();
    let named = [kind.as_bytes(), data].concat();
    [&png[..at], &(data.len() as u32).to_be_bytes(), &named, &crc32(&named).to_be_bytes(), &png[at..]].concat()
}

/// For tests: the checksum of a chunk's letters and content, bit by bit.
#[cfg(test)]
pub(super) fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg()))
    })
}

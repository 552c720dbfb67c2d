//! The segments of a JPEG file up to its end mark, without decoding it (ITU-T T.81, annex B).

pub(super) const START_OF_IMAGE: u8 = 0xD8;
pub(super) const END_OF_IMAGE: u8 = 0xD9;
pub(super) const START_OF_SCAN: u8 = 0xDA;
pub(super) const QUANTISATION_TABLES: u8 = 0xDB;
pub(super) const HUFFMAN_TABLES: u8 = 0xC4;
pub(super) const NUMBER_OF_LINES: u8 = 0xDC;

/// One segment, or a mark without content.
#[derive(Debug, Clone, Copy)]
pub(super) struct Segment<'a> {
    /// The byte behind 0xFF.
    pub(super) marker: u8,
    /// Behind the two bytes of its length.
    pub(super) content: &'a [u8],
    /// The entropy-coded data of a scan, its restart marks included; empty of all others.
    pub(super) data: &'a [u8],
}

/// The segments of `jpeg` in their order, the end mark last; they stop before the first that is not whole. Bytes between
/// two of them are skipped, as every reader does.
pub(super) fn segments(jpeg: &[u8]) -> impl Iterator<Item = Segment<'_>> {
    let mut at = 2;
    let mut ended = false;
    std::iter::from_fn(move || {
        if ended {
            return None;
        }
        let (marker, after) = next_segment(jpeg, at)?;
        ended = marker == END_OF_IMAGE;
        let content = if has_content(marker) { content_at(jpeg, after)? } else { &[] };
        at = after + if has_content(marker) { content.len() + 2 } else { 0 };
        let begin = at;
        if marker == START_OF_SCAN {
            at = end_of_scan(jpeg, at);
        }
        Some(Segment { marker, content, data: &jpeg[begin..at] })
    })
}

/// Whether the structure of `jpeg` reaches its end mark.
pub(in crate::imaging) fn reaches_its_end(jpeg: &[u8]) -> bool {
    segments(jpeg).any(|segment| segment.marker == END_OF_IMAGE)
}

/// All but marks of restarts, of start and end, and the one for temporary use.
fn has_content(marker: u8) -> bool {
    !matches!(marker, 0x01 | 0xD0..=0xD9)
}

fn content_at(jpeg: &[u8], at: usize) -> Option<&[u8]> {
    let length = usize::from(u16::from_be_bytes(*jpeg.get(at..)?.first_chunk()?));
    jpeg.get(at + 2..at + length.max(2))
}

/// The next marker's code at or after `at`, and the place behind it.
fn next_marker(jpeg: &[u8], at: usize) -> Option<(u8, usize)> {
    let found = at + first_mark(jpeg.get(at..)?)?;
    let code = found + jpeg[found..].iter().position(|&byte| byte != 0xFF)?;
    Some((jpeg[code], code + 1))
}

/// Where the first 0xFF is. Entropy-coded data are walked three times; by 32 bytes at once that costs next to nothing.
fn first_mark(bytes: &[u8]) -> Option<usize> {
    let is_plain = |bytes: &&[u8; 32]| bytes.iter().map(|&byte| u8::from(byte == 0xFF)).sum::<u8>() == 0;
    let plain = bytes.as_chunks().0.iter().take_while(is_plain).count() * 32;
    bytes[plain..].iter().position(|&byte| byte == 0xFF).map(|at| plain + at)
}

/// As [`next_marker`], but for a stuffed zero, which is no marker outside entropy-coded data either.
fn next_segment(jpeg: &[u8], mut at: usize) -> Option<(u8, usize)> {
    loop {
        let (marker, after) = next_marker(jpeg, at)?;
        if marker != 0 {
            return Some((marker, after));
        }
        at = after;
    }
}

/// Where the entropy-coded data that starts at `at` ends: at the first marker that is no stuffing and no restart.
fn end_of_scan(jpeg: &[u8], mut at: usize) -> usize {
    while let Some((code, after)) = next_marker(jpeg, at) {
        if code != 0 && !(0xD0..=0xD7).contains(&code) {
            return after - 2;
        }
        at = after;
    }
    jpeg.len()
}

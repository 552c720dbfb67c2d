//! The elements of a data set one by one, where they lie in the file: nothing is copied, and what is not asked for is
//! passed over by its length.

use super::refusal::{damaged, truncated};
use super::tags;
use crate::imaging::error::DecodeError;

/// The length of what ends with a mark of its own.
const UNDEFINED: u32 = u32::MAX;

/// How elements are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ElementEncoding {
    /// Whether each element names the type of its value.
    pub(super) is_explicit: bool,
    pub(super) is_big_endian: bool,
}

impl ElementEncoding {
    pub(super) const IMPLICIT: Self = Self { is_explicit: false, is_big_endian: false };
    pub(super) const EXPLICIT: Self = Self { is_explicit: true, is_big_endian: false };
    pub(super) const BIG_ENDIAN: Self = Self { is_explicit: true, is_big_endian: true };

    pub(super) fn u16(self, bytes: [u8; 2]) -> u16 {
        if self.is_big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) }
    }

    pub(super) fn u32(self, bytes: [u8; 4]) -> u32 {
        if self.is_big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    }

    /// The tag at the beginning of `bytes`.
    pub(super) fn tag(self, bytes: &[u8]) -> Option<u32> {
        let [group_low, group_high, low, high] = *bytes.first_chunk()?;
        Some(u32::from(self.u16([group_low, group_high])) << 16 | u32::from(self.u16([low, high])))
    }

    /// Whether each element at the beginning of `bytes` names its type; some programs write the other than they state.
    pub(super) fn corrected(self, bytes: &[u8]) -> Self {
        let names_type = bytes.get(4..6).is_some_and(|name| name.iter().all(u8::is_ascii_uppercase));
        if bytes.len() < 8 || self.is_big_endian { self } else { Self { is_explicit: names_type, ..self } }
    }
}

/// One element. Of a sequence or of compressed pixels, all items with their marks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Element<'a> {
    pub(super) tag: u32,
    pub(super) value: &'a [u8],
    pub(super) encoding: ElementEncoding,
    /// Whether the value ends with a mark, and not after a length that is stated.
    pub(super) is_open: bool,
    /// Whether its type is OW: bytes in words, which a big-endian file has in the other order.
    pub(super) is_words: bool,
    /// Whether its type is SS: whole numbers with a sign.
    pub(super) is_signed: bool,
}

/// What stands before a value.
#[derive(Debug, Clone, Copy)]
struct ElementHead {
    tag: u32,
    /// The name of the type, of which there is none in the implicit encoding.
    kind: [u8; 2],
    /// The encoding of what is inside.
    inner: ElementEncoding,
    length: u32,
    /// Bytes.
    size: usize,
}

impl ElementHead {
    fn read(bytes: &[u8], encoding: ElementEncoding) -> Result<Self, DecodeError> {
        const LONG: [&[u8]; 13] =
            [b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"];
        let [_, _, _, _, a, b, c, d] = *bytes.first_chunk().ok_or_else(truncated)?;
        let tag = encoding.tag(bytes).ok_or_else(truncated)?;
        if !encoding.is_explicit || tag >> 16 == tags::ITEM >> 16 {
            return Ok(Self { tag, kind: [0; 2], inner: encoding, length: encoding.u32([a, b, c, d]), size: 8 });
        }
        let kind = [a, b];
        if !kind.iter().all(u8::is_ascii_uppercase) {
            return Err(damaged("an element has no type"));
        }
        if !LONG.contains(&kind.as_slice()) {
            return Ok(Self { tag, kind, inner: encoding, length: u32::from(encoding.u16([c, d])), size: 8 });
        }
        let length = encoding.u32(*bytes.get(8..).and_then(<[u8]>::first_chunk).ok_or_else(truncated)?);
        // What was of unknown type and has no length is written in the default encoding.
        let inner = if kind == *b"UN" && length == UNDEFINED { ElementEncoding::IMPLICIT } else { encoding };
        Ok(Self { tag, kind, inner, length, size: 12 })
    }
}

/// The element at the beginning of `bytes`, and what follows it. Of open pixel data all that is left is the value.
///
/// # Errors
/// `Truncated` where the value does not end within `bytes`; `Damaged`.
pub(super) fn element(bytes: &[u8], encoding: ElementEncoding) -> Result<(Element<'_>, &[u8]), DecodeError> {
    let head = ElementHead::read(bytes, encoding)?;
    let rest = &bytes[head.size..];
    let is_open = head.length == UNDEFINED;
    let (value, rest) = match head.tag {
        tags::PIXEL_DATA if is_open => (rest, &rest[rest.len()..]),
        _ if is_open => open_value(rest, head.tag, head.inner)?,
        _ => rest.split_at_checked(head.length as usize).ok_or_else(truncated)?,
    };
    let (is_words, is_signed) = (head.kind == *b"OW", head.kind == *b"SS");
    Ok((Element { tag: head.tag, value, encoding: head.inner, is_open, is_words, is_signed }, rest))
}

/// A value up to its end mark, and what follows the mark. Values inside it may be open too, to any depth: those that are
/// open are kept in a list, not on the stack.
fn open_value(bytes: &[u8], tag: u32, encoding: ElementEncoding) -> Result<(&[u8], &[u8]), DecodeError> {
    let mut open = vec![(tag, encoding)];
    let mut rest = bytes;
    while let Some(&(outer, encoding)) = open.last() {
        let head = ElementHead::read(rest, encoding)?;
        let begin = bytes.len() - rest.len();
        rest = &rest[head.size..];
        match head.tag {
            tags::END_OF_ITEM | tags::END_OF_SEQUENCE => {
                if (outer == tags::ITEM) != (head.tag == tags::END_OF_ITEM) {
                    return Err(damaged("the end of a sequence stands where none is open"));
                }
                open.pop();
                if open.is_empty() {
                    return Ok((&bytes[..begin], rest));
                }
            }
            tag if head.length == UNDEFINED => open.push((tag, head.inner)),
            _ => rest = rest.get(head.length as usize..).ok_or_else(truncated)?,
        }
    }
    Err(truncated())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sequence of undefined length, inside of which another is.
    fn nested() -> Vec<u8> {
        let mut bytes = Vec::new();
        for _ in 0..2 {
            bytes.extend([0x28, 0, 0, 0x30, b'S', b'Q', 0, 0, 255, 255, 255, 255]);
            bytes.extend([0xFE, 0xFF, 0, 0xE0, 255, 255, 255, 255]);
        }
        bytes.extend([0x28, 0, 0x10, 0, b'U', b'S', 2, 0, 7, 0]);
        for _ in 0..2 {
            bytes.extend([0xFE, 0xFF, 0x0D, 0xE0, 0, 0, 0, 0, 0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
        }
        bytes
    }

    #[test]
    fn an_open_sequence_ends_at_its_own_mark() {
        let bytes = [nested(), vec![9, 9]].concat();
        let (found, rest) = element(&bytes, ElementEncoding::EXPLICIT).unwrap();
        assert_eq!((found.tag, found.is_open, rest), (tags::MODALITY_LUT_SEQUENCE, true, [9, 9].as_slice()));
        assert_eq!(found.value.len(), bytes.len() - 2 - 12 - 8);
    }

    #[test]
    fn a_cut_anywhere_is_an_early_end() {
        let bytes = nested();
        for cut in 0..bytes.len() {
            assert_eq!(element(&bytes[..cut], ElementEncoding::EXPLICIT).unwrap_err(), truncated(), "{cut}");
        }
    }

    #[test]
    fn a_deep_nest_of_open_sequences_ends() {
        let level = [0x28, 0, 0, 0x30, b'S', b'Q', 0, 0, 255, 255, 255, 255];
        let bytes = level.repeat(100_000);
        assert_eq!(element(&bytes, ElementEncoding::EXPLICIT).unwrap_err(), truncated());
    }
}

//! The elements that describe an image, by tag: of a file, or of an item of a sequence in it.

use super::element::ElementEncoding;
use super::element::{Element, element};
use super::tags;
use crate::imaging::error::DecodeError;

/// The first elements of each tag that [`tags`] lists.
#[derive(Debug, Clone, Default)]
pub(super) struct DataSet<'a> {
    elements: Vec<Element<'a>>,
    /// Whether there is an overlay, which is not drawn.
    pub(super) has_overlay: bool,
}

impl<'a> DataSet<'a> {
    /// Up to the pixels, or to the end of `bytes`.
    ///
    /// # Errors
    /// `Truncated` where an element does not end; `Damaged`.
    pub(super) fn read(mut bytes: &'a [u8], encoding: ElementEncoding) -> Result<Self, DecodeError> {
        let mut set = Self::default();
        while !bytes.is_empty() {
            let (found, rest) = element(bytes, encoding)?;
            set.has_overlay |= tags::OVERLAY_GROUPS.contains(&(found.tag >> 16));
            if tags::is_read(found.tag) && set.element(found.tag).is_none() {
                set.elements.push(found);
            }
            if matches!(found.tag, tags::PIXEL_DATA | tags::END_OF_ITEM) {
                break;
            }
            bytes = rest;
        }
        Ok(set)
    }

    pub(super) fn element(&self, tag: u32) -> Option<&Element<'a>> {
        self.elements.iter().find(|element| element.tag == tag)
    }

    /// The item number `index` of a sequence; `None` where there is none, or it cannot be read.
    pub(super) fn item(&self, sequence: u32, index: usize) -> Option<Self> {
        let Element { value, encoding, .. } = *self.element(sequence)?;
        let (mut rest, mut at) = (value, 0);
        loop {
            let (item, after) = element(rest, encoding).ok().filter(|(item, _)| item.tag == tags::ITEM)?;
            if at == index {
                return Self::read(item.value, encoding).ok();
            }
            (rest, at) = (after, at + 1);
        }
    }

    /// A whole number of 16 bits.
    pub(super) fn u16(&self, tag: u32) -> Option<u16> {
        self.u16s(tag).next()
    }

    /// Whole numbers of 16 bits.
    pub(super) fn u16s(&self, tag: u32) -> impl Iterator<Item = u16> + use<'a> {
        let (value, encoding) =
            self.element(tag).map_or((&[][..], ElementEncoding::EXPLICIT), |e| (e.value, e.encoding));
        value.as_chunks().0.iter().map(move |&pair| encoding.u16(pair))
    }

    /// The text of a value without the padding; `None` if it is empty.
    pub(super) fn text(&self, tag: u32) -> Option<&'a str> {
        let text = std::str::from_utf8(self.element(tag)?.value).ok()?;
        let text = text.trim_matches(|letter: char| letter == '\0' || letter.is_ascii_whitespace());
        (!text.is_empty()).then_some(text)
    }

    /// The first of the numbers that are written as text; `None` of one that is not finite.
    pub(super) fn number(&self, tag: u32) -> Option<f64> {
        let first = self.text(tag)?.split('\\').next()?;
        first.trim().parse().ok().filter(|number: &f64| number.is_finite())
    }
}

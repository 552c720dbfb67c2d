//! An object to be written as a file: its elements by tag, explicit and little-endian, sequences with lengths.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use super::text_encoding::TextEncoding;

/// Written into every file of ours; it identifies the program that wrote it, and has no other meaning.
const IMPLEMENTATION_CLASS: &str = "2.25.74192189377306111519942334523210016111";
const IMPLEMENTATION_VERSION: &str = "GRADWATCH";
const EXPLICIT_LITTLE_ENDIAN: &str = "1.2.840.10008.1.2.1";
/// Values of these types have a length of four bytes.
const LONG: [&[u8; 2]; 5] = [b"OB", b"OW", b"SQ", b"UN", b"UT"];

const CLASS: Attribute = Attribute::new(0x0008_0016, *b"UI");
const INSTANCE: Attribute = Attribute::new(0x0008_0018, *b"UI");
const REFERENCED_CLASS: Attribute = Attribute::new(0x0008_1150, *b"UI");
const REFERENCED_INSTANCE: Attribute = Attribute::new(0x0008_1155, *b"UI");

/// What an element is: its tag and the type of its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attribute {
    pub(super) tag: u32,
    kind: [u8; 2],
}

impl Attribute {
    /// Group and element as one number, and the type, such as `LO`.
    pub const fn new(tag: u32, kind: [u8; 2]) -> Self {
        Self { tag, kind }
    }
}

enum ElementValue<'a> {
    Text(String),
    Bytes(Cow<'a, [u8]>),
    Items(Vec<DicomObject<'a>>),
}

/// A data set: of a file, or of an item of a sequence.
#[derive(Default)]
pub struct DicomObject<'a> {
    elements: BTreeMap<u32, (Attribute, ElementValue<'a>)>,
}

/// Values say who the patient is, so that none is shown.
impl fmt::Debug for DicomObject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DicomObject({} elements)", self.elements.len())
    }
}

impl<'a> DicomObject<'a> {
    /// A file's own class and identifier.
    pub fn new(class: &str, instance: &str) -> Self {
        Self::default().text(CLASS, class).text(INSTANCE, instance)
    }

    /// An item that refers to another object.
    pub fn reference(class: &str, instance: &str) -> Self {
        Self::default().text(REFERENCED_CLASS, class).text(REFERENCED_INSTANCE, instance)
    }

    /// A text, or without letters an element that has no value.
    #[must_use]
    pub fn text(self, attribute: Attribute, text: impl Into<String>) -> Self {
        self.with(attribute, ElementValue::Text(text.into()))
    }

    /// A whole number of 16 bits (type US).
    #[must_use]
    pub fn number(self, attribute: Attribute, number: u16) -> Self {
        self.bytes(attribute, number.to_le_bytes().to_vec())
    }

    /// A value as it stands in a little-endian file.
    #[must_use]
    pub fn bytes(self, attribute: Attribute, bytes: impl Into<Cow<'a, [u8]>>) -> Self {
        self.with(attribute, ElementValue::Bytes(bytes.into()))
    }

    /// A sequence.
    #[must_use]
    pub fn items(self, attribute: Attribute, items: impl IntoIterator<Item = Self>) -> Self {
        self.with(attribute, ElementValue::Items(items.into_iter().collect()))
    }

    /// These elements and those of `other`, which go before.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.elements.extend(other.elements);
        self
    }

    fn with(mut self, attribute: Attribute, value: ElementValue<'a>) -> Self {
        self.elements.insert(attribute.tag, (attribute, value));
        self
    }

    /// The file; texts are written in `encoding`.
    pub fn to_file(&self, encoding: TextEncoding) -> Vec<u8> {
        let n_pixels = self.elements.values().map(|(_, value)| value.n_bytes()).max().unwrap_or(0);
        let mut out = Vec::with_capacity(n_pixels + (16 << 10));
        out.resize(128, 0);
        out.extend(b"DICM");
        let group = self.file_group().encoded(TextEncoding::Ascii);
        let length = (group.len() as u32).to_le_bytes().to_vec();
        let length = Self::default().bytes(Attribute::new(0x0002_0000, *b"UL"), length);
        out.extend(length.encoded(TextEncoding::Ascii));
        out.extend(group);
        self.encode(&mut out, encoding);
        out
    }

    fn file_group(&self) -> Self {
        let own = |attribute: Attribute| match self.elements.get(&attribute.tag) {
            Some((_, ElementValue::Text(text))) => text.clone(),
            _ => String::new(),
        };
        Self::default()
            .bytes(Attribute::new(0x0002_0001, *b"OB"), vec![0, 1])
            .text(Attribute::new(0x0002_0002, *b"UI"), own(CLASS))
            .text(Attribute::new(0x0002_0003, *b"UI"), own(INSTANCE))
            .text(Attribute::new(0x0002_0010, *b"UI"), EXPLICIT_LITTLE_ENDIAN)
            .text(Attribute::new(0x0002_0012, *b"UI"), IMPLEMENTATION_CLASS)
            .text(Attribute::new(0x0002_0013, *b"SH"), IMPLEMENTATION_VERSION)
    }

    fn encoded(&self, encoding: TextEncoding) -> Vec<u8> {
        let mut out = Vec::new();
        self.encode(&mut out, encoding);
        out
    }

    fn encode(&self, out: &mut Vec<u8>, encoding: TextEncoding) {
        for (attribute, value) in self.elements.values() {
            let value = value.encoded(encoding);
            let length = value.len().next_multiple_of(2);
            tag(out, attribute.tag);
            out.extend(attribute.kind);
            if LONG.contains(&&attribute.kind) {
                out.extend([0, 0]);
                out.extend((length as u32).to_le_bytes());
            } else {
                out.extend((length as u16).to_le_bytes());
            }
            out.extend(&*value);
            let is_binary = matches!(&attribute.kind, b"UI" | b"OB" | b"OW" | b"UN");
            out.resize(out.len() + length - value.len(), if is_binary { 0 } else { b' ' });
        }
    }
}

impl ElementValue<'_> {
    fn n_bytes(&self) -> usize {
        if let Self::Bytes(bytes) = self { bytes.len() } else { 0 }
    }

    fn encoded(&self, encoding: TextEncoding) -> Cow<'_, [u8]> {
        match self {
            Self::Text(text) => Cow::Owned(encoding.encode(text)),
            Self::Bytes(bytes) => Cow::Borrowed(bytes),
            Self::Items(items) => {
                let mut out = Vec::new();
                for item in items {
                    let bytes = item.encoded(encoding);
                    tag(&mut out, super::tags::ITEM);
                    out.extend((bytes.len() as u32).to_le_bytes());
                    out.extend(bytes);
                }
                Cow::Owned(out)
            }
        }
    }
}

fn tag(out: &mut Vec<u8>, tag: u32) {
    out.extend(((tag >> 16) as u16).to_le_bytes());
    out.extend((tag as u16).to_le_bytes());
}

//! What the results of a scan take over from its file: who the patient is and which study it is, as the file has it.
//!
//! These values go from a file of the archive into another one for the same archive, and nowhere else.

use std::collections::BTreeMap;
use std::fmt;

use super::file::DicomFile;
use super::object::{Attribute, DicomObject};
use super::text_encoding::TextEncoding;
use crate::imaging::decode_options::DecodeOptions;
use crate::imaging::error::DecodeError;

const CHARACTER_SET: Attribute = Attribute::new(0x0008_0005, *b"CS");
const CLASS: Attribute = Attribute::new(0x0008_0016, *b"UI");
const INSTANCE: Attribute = Attribute::new(0x0008_0018, *b"UI");
const OFFSET: Attribute = Attribute::new(0x0008_0201, *b"SH");
const STUDY: Attribute = Attribute::new(0x0020_000D, *b"UI");
const SERIES: Attribute = Attribute::new(0x0020_000E, *b"UI");
const BODY_PART: Attribute = Attribute::new(0x0018_0015, *b"CS");
const LATERALITY: Attribute = Attribute::new(0x0020_0060, *b"CS");
const BURNED_IN_ANNOTATION: Attribute = Attribute::new(0x0028_0301, *b"CS");

/// Of patient and study; what a file lacks is written without a value, as the standard wants (type 2).
const SUBJECT: [Attribute; 9] = [
    Attribute::new(0x0008_0020, *b"DA"), // Study Date
    Attribute::new(0x0008_0030, *b"TM"), // Study Time
    Attribute::new(0x0008_0050, *b"SH"), // Accession Number
    Attribute::new(0x0008_0090, *b"PN"), // Referring Physician's Name
    Attribute::new(0x0010_0010, *b"PN"), // Patient's Name
    Attribute::new(0x0010_0020, *b"LO"), // Patient ID
    Attribute::new(0x0010_0030, *b"DA"), // Patient's Birth Date
    Attribute::new(0x0010_0040, *b"CS"), // Patient's Sex
    Attribute::new(0x0020_0010, *b"SH"), // Study ID
];
/// Of patient and study; what a file lacks is left out (type 3).
const OPTIONAL: [Attribute; 4] = [
    OFFSET,
    Attribute::new(0x0008_1030, *b"LO"), // Study Description
    Attribute::new(0x0010_0021, *b"LO"), // Issuer of Patient ID
    STUDY,
];
/// Of the image.
const OF_IMAGE: [Attribute; 6] = [
    BODY_PART,
    Attribute::new(0x0020_0020, *b"CS"), // Patient Orientation
    LATERALITY,
    Attribute::new(0x0020_0062, *b"CS"), // Image Laterality
    Attribute::new(0x0028_2110, *b"CS"), // Lossy Image Compression
    BURNED_IN_ANNOTATION,
];

/// The last element that is looked at.
const LAST: u32 = 0x0028_2110;
/// Longer than any value of these types may be; such a file is treated as one without the element.
const MAX_BYTES: usize = 1024;
/// The longest identifier that the standard allows.
const MAX_UID: usize = 64;

/// Values of a scan's file, each without its padding.
#[derive(Clone, PartialEq, Eq)]
pub struct SourceScan(BTreeMap<u32, Vec<u8>>);

/// Values say who the patient is, so that none is shown.
impl fmt::Debug for SourceScan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SourceScan")
    }
}

impl SourceScan {
    /// Of the bytes of a file; `None` where it lacks an identifier of its study, its series or itself.
    ///
    /// # Errors
    /// [`DecodeError`] where the elements cannot be read.
    pub fn read(bytes: &[u8], options: &DecodeOptions) -> Result<Option<Self>, DecodeError> {
        let file = DicomFile::read(bytes, options)?;
        let mut values = BTreeMap::new();
        for element in file.elements() {
            let element = element?;
            if element.tag > LAST {
                break;
            }
            let value = trimmed(element.value);
            if is_taken(element.tag) && (1..=MAX_BYTES).contains(&value.len()) {
                values.entry(element.tag).or_insert_with(|| value.to_vec());
            }
        }
        let found = Self(values);
        let is_identified = [CLASS, INSTANCE, STUDY, SERIES].into_iter().all(|uid| found.uid(uid).is_some());
        Ok(is_identified.then_some(found))
    }

    /// SOP Class UID of the scan.
    pub fn class(&self) -> &str {
        self.uid(CLASS).unwrap_or_default()
    }

    /// SOP Instance UID of the scan.
    pub fn instance(&self) -> &str {
        self.uid(INSTANCE).unwrap_or_default()
    }

    /// Series Instance UID of the scan.
    pub fn series(&self) -> &str {
        self.uid(SERIES).unwrap_or_default()
    }

    /// Study Instance UID of the scan.
    pub fn study(&self) -> &str {
        self.uid(STUDY).unwrap_or_default()
    }

    /// Seconds that the file's times are ahead of UTC, where it says so.
    pub fn utc_offset(&self) -> Option<i64> {
        let text = std::str::from_utf8(self.0.get(&OFFSET.tag)?).ok()?;
        let (hours, minutes) = text.get(1..).filter(|digits| digits.len() == 4)?.split_at(2);
        let seconds =
            3600 * hours.parse::<u8>().map(i64::from).ok()? + 60 * minutes.parse::<u8>().map(i64::from).ok()?;
        match text.as_bytes()[0] {
            b'+' => Some(seconds),
            b'-' => Some(-seconds),
            _ => None,
        }
    }

    /// The elements of the patient and the study, for an object that is written in [`Self::encoding`].
    pub fn subject(&self, encoding: TextEncoding) -> DicomObject<'static> {
        let empty = SUBJECT.into_iter().fold(DicomObject::default(), |object, attribute| object.text(attribute, ""));
        let object = empty.and(self.copied(&SUBJECT)).and(self.copied(&OPTIONAL));
        match encoding {
            TextEncoding::Utf8 => object.text(CHARACTER_SET, "ISO_IR 192"),
            _ => object.and(self.copied(&[CHARACTER_SET])),
        }
    }

    /// The elements that are true of every image made from the scan's. Where nothing says which part of the body it shows,
    /// its side is written as unknown, without a value (type 2C).
    pub fn image(&self) -> DicomObject<'static> {
        let image = self.copied(&OF_IMAGE);
        if self.0.contains_key(&BODY_PART.tag) { image } else { DicomObject::default().text(LATERALITY, "").and(image) }
    }

    /// How an object is written that has these values and other texts, which `are_ascii` or not. Values without a letter but
    /// those of ASCII are the same in UTF-8.
    pub fn encoding(&self, are_ascii: bool) -> TextEncoding {
        let is_plain = |letter: &u8| letter.is_ascii() && !letter.is_ascii_control();
        match self.0.get(&CHARACTER_SET.tag).map(Vec::as_slice) {
            Some(b"ISO_IR 192") => TextEncoding::Utf8,
            Some(b"ISO_IR 100") => TextEncoding::Latin1,
            _ if !are_ascii && self.0.values().flatten().all(is_plain) => TextEncoding::Utf8,
            _ => TextEncoding::Ascii,
        }
    }

    fn copied(&self, attributes: &[Attribute]) -> DicomObject<'static> {
        attributes.iter().fold(DicomObject::default(), |object, attribute| match self.0.get(&attribute.tag) {
            Some(value) => object.bytes(*attribute, value.clone()),
            None => object,
        })
    }

    /// `None` of what is no identifier.
    fn uid(&self, attribute: Attribute) -> Option<&str> {
        let uid = std::str::from_utf8(self.0.get(&attribute.tag)?).ok()?;
        let is_uid = uid.len() <= MAX_UID && uid.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        is_uid.then_some(uid)
    }
}

fn is_taken(tag: u32) -> bool {
    let single = [CHARACTER_SET, CLASS, INSTANCE, SERIES];
    single.iter().chain(&SUBJECT).chain(&OPTIONAL).chain(&OF_IMAGE).any(|attribute| attribute.tag == tag)
}

fn trimmed(value: &[u8]) -> &[u8] {
    let end = value.iter().rposition(|byte| !matches!(byte, 0 | b' ')).map_or(0, |last| last + 1);
    &value[..end]
}

//! The mark by which results of this program are known, so that they are never taken for new scans. It stands among the
//! elements of the equipment, which archives keep.

use super::file::DicomFile;
use super::object::{Attribute, DicomObject};

const MANUFACTURER: Attribute = Attribute::new(0x0008_0070, *b"LO");
const MODEL_NAME: Attribute = Attribute::new(0x0008_1090, *b"LO");
const SOFTWARE_VERSIONS: Attribute = Attribute::new(0x0018_1020, *b"LO");
const MARKS: [(Attribute, &str); 2] = [(MANUFACTURER, "gradwatch"), (MODEL_NAME, "gradwatch explanation")];

/// The elements of the equipment in a result.
pub fn result_equipment(version: &str) -> DicomObject<'static> {
    let object = DicomObject::default().text(SOFTWARE_VERSIONS, version);
    MARKS.into_iter().fold(object, |object, (attribute, text)| object.text(attribute, text))
}

/// Whether a file is a result of this program.
pub(super) fn is_own(file: &DicomFile) -> bool {
    let has = |(attribute, text): &(Attribute, &str)| {
        let mut head = file.elements().map_while(Result::ok).take_while(|element| element.tag <= MODEL_NAME.tag);
        head.any(|element| element.tag == attribute.tag && element.value.trim_ascii_end() == text.as_bytes())
    };
    MARKS.iter().all(has)
}

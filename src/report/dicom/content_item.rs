//! Items of a structured report's tree.

use super::attributes::{
    CONCEPT_CODE, CONCEPT_NAME, CONTENT, MEASURED_VALUE, MEASUREMENT_UNITS, NUMERIC_VALUE, REFERENCED_OBJECTS,
    RELATIONSHIP_TYPE, TEXT_VALUE, VALUE_TYPE,
};
use super::code::Code;
use crate::imaging::DicomObject;

type ContentItem = DicomObject<'static>;

/// What the item around it contains: a text.
pub(super) fn text(concept: Code, text: impl Into<String>) -> ContentItem {
    item("CONTAINS", "TEXT", concept).text(TEXT_VALUE, text)
}

/// What the item around it contains: an image, by reference.
pub(super) fn image(concept: Code, reference: ContentItem) -> ContentItem {
    item("CONTAINS", "IMAGE", concept).items(REFERENCED_OBJECTS, [reference])
}

/// What modifies the meaning of the item around it.
pub(super) fn modifier(concept: Code, code: Code) -> ContentItem {
    item("HAS CONCEPT MOD", "CODE", concept).items(CONCEPT_CODE, [code.item()])
}

/// A class with its score, 0 to 1.
pub(super) fn class(concept: Code, name: &str, score: f64) -> ContentItem {
    let value = DicomObject::default()
        .text(NUMERIC_VALUE, format!("{score:.6}"))
        .items(MEASUREMENT_UNITS, [Code::NO_UNITS.item()]);
    let score = item("HAS PROPERTIES", "NUM", Code::SCORE).items(MEASURED_VALUE, [value]);
    text(concept, name).items(CONTENT, [score])
}

fn item(relationship: &str, kind: &str, concept: Code) -> ContentItem {
    DicomObject::default()
        .text(RELATIONSHIP_TYPE, relationship)
        .text(VALUE_TYPE, kind)
        .items(CONCEPT_NAME, [concept.item()])
}

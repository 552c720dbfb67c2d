//! Coded concepts: those of the standard (PS3.16), and our own where it has none.

use super::attributes::{
    CODE_MEANING, CODE_VALUE, CODING_SCHEME_DESIGNATOR, CODING_SCHEME_IDENTIFICATION, CODING_SCHEME_NAME,
};
use crate::imaging::DicomObject;

const OWN_SCHEME: &str = "99GRADWATCH";

/// A concept: its value, the scheme that defines it, and what it means.
#[derive(Debug, Clone, Copy)]
pub(super) struct Code(&'static str, &'static str, &'static str);

impl Code {
    pub(super) const VISUAL_EXPLANATION: Self = Self("130401", "DCM", "Visual Explanation");
    pub(super) const SOURCE_OF_PROCESSING: Self = Self("121322", "DCM", "Source image for image processing operation");
    pub(super) const SOURCE_OF_MEASUREMENT: Self = Self("121112", "DCM", "Source of Measurement");
    pub(super) const LANGUAGE: Self = Self("121049", "DCM", "Language of Content Item and Descendants");
    pub(super) const ENGLISH: Self = Self("en", "RFC5646", "English");
    /// The class: what DICOM calls a finding, in words (TID 2000 allows text) because classes have no code of a terminology.
    pub(super) const FINDING: Self = Self("121071", "DCM", "Finding");
    pub(super) const COMMENT: Self = Self("121106", "DCM", "Comment");
    pub(super) const ALGORITHM_NAME: Self = Self("111001", "DCM", "Algorithm Name");
    pub(super) const ALGORITHM_VERSION: Self = Self("111003", "DCM", "Algorithm Version");
    pub(super) const NO_UNITS: Self = Self("1", "UCUM", "no units");
    pub(super) const REPORT: Self = Self("report", OWN_SCHEME, "Image classification report");
    pub(super) const OTHER_CLASS: Self = Self("other-class", OWN_SCHEME, "Class that is not predicted");
    pub(super) const SCORE: Self = Self("score", OWN_SCHEME, "Score");
    pub(super) const MODEL: Self = Self("model", OWN_SCHEME, "Model");

    /// The item of a sequence that holds it.
    pub(super) fn item(self) -> DicomObject<'static> {
        let Self(value, scheme, meaning) = self;
        DicomObject::default()
            .text(CODE_VALUE, value)
            .text(CODING_SCHEME_DESIGNATOR, scheme)
            .text(CODE_MEANING, meaning)
    }

    /// Says what our own scheme is.
    pub(super) fn own_scheme() -> DicomObject<'static> {
        let scheme = DicomObject::default().text(CODING_SCHEME_DESIGNATOR, OWN_SCHEME);
        DicomObject::default()
            .items(CODING_SCHEME_IDENTIFICATION, [scheme.text(CODING_SCHEME_NAME, "Concepts of gradwatch")])
    }
}

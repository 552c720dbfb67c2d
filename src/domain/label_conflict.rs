//! The same image under two labels: by what it is found.

use serde::{Deserialize, Serialize};

use super::{ContentHash, DicomFacts, PerceptualHash};

/// An image that is left out because it lies under two labels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelConflict {
    /// Of the file.
    pub hash: ContentHash,
    /// What it looks like; `None` when it looks like nothing.
    pub perceptual_hash: Option<PerceptualHash>,
    /// What its DICOM file says beside the image; `None` of other files, and in records of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dicom: Option<Box<DicomFacts>>,
}

impl LabelConflict {
    /// Keyed hash of the number that DICOM gave the image.
    pub fn instance(&self) -> Option<&String> {
        self.dicom.as_ref()?.instance.as_ref()
    }

    /// Whether the other may be the same image.
    pub fn may_be(&self, other: &Self) -> bool {
        let looks_like_it =
            self.perceptual_hash.zip(other.perceptual_hash).is_some_and(|(own, other)| own.is_near(&other));
        self.is_known_to_be(other) || looks_like_it
    }

    /// Whether the other is the same image, whatever it looks like: the same content, or the same number.
    pub fn is_known_to_be(&self, other: &Self) -> bool {
        self.hash == other.hash || (self.instance().is_some() && self.instance() == other.instance())
    }
}

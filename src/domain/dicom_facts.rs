//! What a DICOM file says of itself beside its image: identifiers as keyed hashes, the device in the clear.

use serde::{Deserialize, Serialize};

/// What is kept of a DICOM file's header. Hashes are of the installation's key, so that nobody else can find out whose they are.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub struct DicomFacts {
    /// The id of the key of the hashes: hashes of two keys cannot be compared.
    pub key: String,
    /// Of the patient's number and whose number it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patient: Option<String>,
    /// Of the patient's number alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Whether the file says whose number it is; where one does not, it may be anybody's.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub has_issuer: bool,
    /// Of the study's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub study: Option<String>,
    /// Of the image's number, which it keeps when it is saved in another transfer syntax.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// Of the institution's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    /// `CR`, `DX`, `CT`, ...
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modality: Option<String>,
    /// Of the device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manufacturer: Option<String>,
    /// Of the device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// `AP`, `PA`, `LL`, ...
    #[serde(skip_serializing_if = "Option::is_none")]
    pub view: Option<String>,
}

impl DicomFacts {
    /// The group of the image where nobody names another: its patient, else its study.
    pub fn group(&self) -> Option<String> {
        let patient = self.patient.as_ref().map(|patient| format!("patient-{patient}"));
        patient.or_else(|| self.study.as_ref().map(|study| format!("study-{study}")))
    }

    /// Whether `facts` are those that a reading with the key of this id would find of an image of this format: of a file that
    /// is no DICOM there are none; older versions kept none, and those of a lost key are no use.
    pub fn are_current(facts: Option<&Self>, format: &str, key: &str) -> bool {
        facts.map_or(format != "dicom", |facts| facts.key == key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_patient_goes_before_the_study() {
        let hash = |text: &str| Some(text.to_owned());
        let facts = DicomFacts { patient: hash("p"), study: hash("s"), ..DicomFacts::default() };
        assert_eq!(facts.group().as_deref(), Some("patient-p"));
        assert_eq!(DicomFacts { patient: None, ..facts }.group().as_deref(), Some("study-s"));
        assert_eq!(DicomFacts::default().group(), None);
    }
}

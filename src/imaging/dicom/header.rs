//! What a file says of its patient, study, image and device, as bytes in the file's own character set: they are compared,
//! or hashed with a key, and never shown.

use super::data_set::DataSet;
use super::file::{DicomFile, begins};
use super::tags;
use crate::imaging::decode_options::DecodeOptions;

/// Values without their padding; `None` where one is empty or not there. There is no `Debug`, so that none reaches a log.
#[derive(Default)]
pub struct DicomHeader {
    /// `PatientID`.
    pub patient: Option<Vec<u8>>,
    /// `IssuerOfPatientID`: whose number it is.
    pub issuer: Option<Vec<u8>>,
    /// `StudyInstanceUID`.
    pub study: Option<Vec<u8>>,
    /// `SOPInstanceUID`: the number of the image in the whole world.
    pub instance: Option<Vec<u8>>,
    /// `InstitutionName`.
    pub institution: Option<Vec<u8>>,
    /// `Modality`.
    pub modality: Option<Vec<u8>>,
    /// `Manufacturer`.
    pub manufacturer: Option<Vec<u8>>,
    /// `ManufacturerModelName`.
    pub model: Option<Vec<u8>>,
    /// `ViewPosition`.
    pub view: Option<Vec<u8>>,
}

/// The header of a file; `None` of one that is not DICOM, or cannot be read.
pub fn dicom_header(bytes: &[u8], options: &DecodeOptions) -> Option<DicomHeader> {
    if !begins(bytes) {
        return None;
    }
    let file = DicomFile::read(bytes, options).ok()?;
    let set = file.data_set().ok()?;
    let value = |tag| value(&set, tag);
    Some(DicomHeader {
        patient: value(tags::PATIENT_ID),
        issuer: value(tags::ISSUER_OF_PATIENT_ID),
        study: value(tags::STUDY_INSTANCE_UID),
        instance: value(tags::SOP_INSTANCE_UID),
        institution: value(tags::INSTITUTION_NAME),
        modality: value(tags::MODALITY),
        manufacturer: value(tags::MANUFACTURER),
        model: value(tags::MANUFACTURER_MODEL_NAME),
        view: value(tags::VIEW_POSITION),
    })
}

fn value(set: &DataSet, tag: u32) -> Option<Vec<u8>> {
    let is_padding = |byte: &u8| *byte == 0 || byte.is_ascii_whitespace();
    let value = set.element(tag)?.value;
    let begin = value.iter().position(|byte| !is_padding(byte))?;
    let end = value.iter().rposition(|byte| !is_padding(byte))?;
    Some(value[begin..=end].to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::LimitSettings;

    fn header(elements: &[(u32, &str, &[u8])]) -> Option<DicomHeader> {
        let mut bytes = [vec![0; 128], b"DICM".to_vec()].concat();
        let syntax: (u32, &str, &[u8]) = (tags::TRANSFER_SYNTAX, "UI", b"1.2.840.10008.1.2.1\0");
        for (tag, kind, value) in [&[syntax], elements].concat() {
            bytes.extend(((tag >> 16) as u16).to_le_bytes());
            bytes.extend((tag as u16).to_le_bytes());
            bytes.extend(kind.as_bytes());
            bytes.extend((value.len() as u16).to_le_bytes());
            bytes.extend(value);
        }
        let limits = LimitSettings { max_file_mib: 1, max_side: 100, max_megapixels: 1, memory_mib: 64 };
        dicom_header(&bytes, &DecodeOptions::new(&limits, 0))
    }

    #[test]
    fn padding_is_cut_off_and_what_says_nothing_is_nothing() {
        let found = header(&[
            (tags::SOP_INSTANCE_UID, "UI", b"1.2.3\0"),
            (tags::MANUFACTURER, "LO", b" "),
            (tags::PATIENT_ID, "LO", b" M\xFCller 7 "),
        ]);
        let found = found.unwrap();
        assert_eq!(found.instance.as_deref(), Some(b"1.2.3".as_slice()));
        assert_eq!(found.patient.as_deref(), Some(b"M\xFCller 7".as_slice()));
        assert!(found.manufacturer.is_none() && found.study.is_none());
    }

    #[test]
    fn a_file_that_is_no_dicom_has_no_header() {
        let limits = LimitSettings { max_file_mib: 1, max_side: 100, max_megapixels: 1, memory_mib: 64 };
        assert!(dicom_header(b"\x89PNG\r\n\x1a\n", &DecodeOptions::new(&limits, 0)).is_none());
    }
}

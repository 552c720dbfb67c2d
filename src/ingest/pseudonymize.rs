//! From the header of a DICOM file to what is kept of it: identifiers become keyed hashes here, and go no further.

use crate::domain::DicomFacts;
use crate::imaging::{DecodeOptions, DicomHeader, dicom_header};
use crate::privacy::SiteKey;

/// Letters of a device's name that are kept.
const MOST_LETTERS: usize = 64;

/// What is kept of a file's header; `None` of one that is not DICOM.
pub(super) fn dicom_facts(bytes: &[u8], options: &DecodeOptions, key: &SiteKey) -> Option<Box<DicomFacts>> {
    let header = dicom_header(bytes, options)?;
    let hash = |purpose, value: &Option<Vec<u8>>| value.as_ref().map(|value| key.pseudonym(purpose, value));
    Some(Box::new(DicomFacts {
        key: key.id(),
        patient: hash("patient", &patient(&header)),
        number: hash("number", &header.patient),
        has_issuer: header.issuer.is_some(),
        study: hash("study", &header.study),
        instance: hash("instance", &header.instance),
        site: hash("site", &header.institution),
        modality: text(header.modality),
        manufacturer: text(header.manufacturer),
        model: text(header.model),
        view: text(header.view),
    }))
}

/// The number that DICOM gave the image in a file, as it is kept: hashed with `key`. `None` of a file without one.
pub fn instance(bytes: &[u8], options: &DecodeOptions, key: &SiteKey) -> Option<String> {
    dicom_facts(bytes, options, key)?.instance
}

/// Whose number it is, and the number: the length keeps the two apart.
fn patient(header: &DicomHeader) -> Option<Vec<u8>> {
    let number = header.patient.as_ref()?;
    let issuer = header.issuer.as_deref().unwrap_or_default();
    Some([&issuer.len().to_le_bytes(), issuer, number].concat())
}

fn text(value: Option<Vec<u8>>) -> Option<String> {
    let value = value?;
    let text = String::from_utf8_lossy(&value);
    Some(text.chars().filter(|letter| !letter.is_control()).take(MOST_LETTERS).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_another_one_where_somebody_else_gave_it() {
        let of = |issuer: Option<&[u8]>, number: &[u8]| {
            let header = DicomHeader {
                patient: Some(number.to_vec()),
                issuer: issuer.map(<[u8]>::to_vec),
                ..DicomHeader::default()
            };
            patient(&header)
        };
        assert_eq!(of(Some(b"A"), b"7"), of(Some(b"A"), b"7"));
        let different = [of(None, b"A7"), of(Some(b"A"), b"7"), of(Some(b"A7"), b""), of(Some(b"B"), b"7")];
        assert_eq!(different.iter().collect::<std::collections::BTreeSet<_>>().len(), different.len());
        assert_eq!(patient(&DicomHeader { issuer: Some(b"A".to_vec()), ..DicomHeader::default() }), None);
    }

    #[test]
    fn the_name_of_a_device_is_kept_as_short_text() {
        assert_eq!(text(Some(b"GE\x1b[0m \xFF".to_vec())).as_deref(), Some("GE[0m \u{fffd}"));
        assert_eq!(text(Some(vec![b'x'; 1000])).unwrap().len(), MOST_LETTERS);
    }
}

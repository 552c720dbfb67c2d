//! The modalities of a dataset's DICOM files: a model may learn them in place of the finding.

use std::collections::BTreeMap;

use crate::domain::DicomFacts;

/// Computed and digital radiography are taken for each other.
const RADIOGRAPHS: [&str; 2] = ["CR", "DX"];

/// What is wrong with several modalities in one dataset and what to do, on one line; `None` where all are the same. Files
/// that state none are not counted.
pub(super) fn modality_message<'a>(images: impl IntoIterator<Item = &'a DicomFacts>) -> Option<String> {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for modality in images.into_iter().filter_map(|facts| facts.modality.as_deref()) {
        *counts.entry(modality).or_default() += 1;
    }
    let listed: Vec<String> = counts.iter().map(|(modality, n)| format!("{modality} ({n})")).collect();
    let is_mixed = counts.len() > 1 && !counts.keys().all(|modality| RADIOGRAPHS.contains(modality));
    is_mixed.then(|| {
        format!(
            "the DICOM images are of different modalities: {}; a model may learn the modality in place of the finding, so give \
             each modality a dataset of its own",
            listed.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(modalities: &[&str]) -> Option<String> {
        let facts = |modality: &&str| DicomFacts { modality: Some((*modality).to_owned()), ..DicomFacts::default() };
        let images: Vec<_> = modalities.iter().map(facts).chain([DicomFacts::default()]).collect();
        modality_message(&images)
    }

    #[test]
    fn several_modalities_are_counted_unless_all_are_radiographs() {
        assert_eq!(message(&["DX", "CR", "DX"]), None);
        assert_eq!(message(&["CT"]), None);
        assert!(message(&["CT", "DX", "CT"]).unwrap().contains("different modalities: CT (2), DX (1); a model"));
    }
}

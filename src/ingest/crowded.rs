//! Files of many persons under one number of a patient, as programs that anonymise write them: they are one group, and nothing
//! says where one person ends.

use std::collections::BTreeMap;

use crate::domain::{DicomFacts, Sample};

/// Fewer images say nothing of the numbers that they carry.
const FEWEST_IMAGES: usize = 10;

/// Of a patient by DICOM who has more than half of the samples; `None` if there is none, or there are few samples.
pub(super) fn crowded_patient(samples: &[Sample]) -> Option<String> {
    let mut sizes: BTreeMap<String, usize> = BTreeMap::new();
    for group in samples.iter().filter_map(dicom_group) {
        *sizes.entry(group).or_default() += 1;
    }
    let largest = sizes.into_values().max()?;
    is_crowd(largest, samples.len()).then(|| {
        format!(
            "{largest} of {} images have one DICOM PatientID (or study, where they name no patient) and stay on one side of the \
             split; if they are of several patients, say which with groups.csv or split.group_pattern",
            samples.len()
        )
    })
}

/// Whether so many images of one number, of so many in all, are more than one person's.
pub(super) fn is_crowd(n_of_one: usize, n_images: usize) -> bool {
    n_images > FEWEST_IMAGES && 2 * n_of_one > n_images
}

/// Its group, if DICOM names it: a list and a pattern give others.
fn dicom_group(sample: &Sample) -> Option<String> {
    let group = sample.dicom.as_deref().and_then(DicomFacts::group);
    group.filter(|group| sample.group.as_ref() == Some(group))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The message on 12 samples of which so many are of one patient; the groups are as a list gave them, or those of DICOM.
    fn message(n_of_one: usize, is_listed: bool) -> Option<String> {
        let sample = |number: usize| {
            let patient = if number < n_of_one { "anon".to_owned() } else { number.to_string() };
            let facts = DicomFacts { patient: Some(patient), ..DicomFacts::default() };
            let group = if is_listed { Some(number.to_string()) } else { facts.group() };
            Sample { group, dicom: Some(Box::new(facts)), ..Sample::example(&number.to_string(), "a") }
        };
        crowded_patient(&(0..12).map(sample).collect::<Vec<_>>())
    }

    #[test]
    fn a_patient_with_most_images_is_named_unless_groups_were_named() {
        assert!(message(7, false).unwrap().starts_with("7 of 12 images have one DICOM PatientID"));
        assert_eq!(message(6, false), None);
        assert_eq!(message(12, true), None);
        assert_eq!(crowded_patient(&[]), None);
    }
}

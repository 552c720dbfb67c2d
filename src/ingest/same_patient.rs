//! Images that DICOM puts together, whatever their groups are called: those of one patient, and those of one study.

use std::collections::{BTreeMap, BTreeSet};

use super::crowded::is_crowd;
use crate::content;
use crate::domain::{DicomFacts, Sample};
use crate::privacy::shown;

/// By what images are put together.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Fact {
    Patient,
    Number,
    Study,
}

/// Sets of samples, by index, that are of one patient: of the same number and issuer, of the same number where one of them
/// does not say whose it is, or of one study. Where a number (or study) is that of so many images that it must stand for
/// several persons, it says nothing of those images that a list or a pattern puts into groups.
pub(super) fn same_patient(samples: &[Sample]) -> Vec<Vec<usize>> {
    let mut sets: BTreeMap<(Fact, &str), Vec<usize>> = BTreeMap::new();
    let mut anybodys: BTreeSet<&str> = BTreeSet::new();
    for (at, facts) in samples.iter().enumerate().filter_map(|(at, sample)| Some((at, sample.dicom.as_deref()?))) {
        let DicomFacts { patient, number, study, has_issuer, .. } = facts;
        for (fact, hash) in [(Fact::Patient, patient), (Fact::Number, number), (Fact::Study, study)] {
            if let Some(hash) = hash {
                sets.entry((fact, hash)).or_default().push(at);
            }
        }
        anybodys.extend(number.as_deref().filter(|_| !has_issuer));
    }
    sets.retain(|(fact, hash), _| *fact != Fact::Number || anybodys.contains(hash));
    let sets = sets.into_values().map(|set| without_placeholder(samples, set));
    sets.filter(|set| set.len() > 1).collect()
}

fn without_placeholder(samples: &[Sample], mut set: Vec<usize>) -> Vec<usize> {
    if is_crowd(set.len(), samples.len()) {
        set.retain(|at| named_group(&samples[*at]).is_none());
    }
    set
}

/// Its group, if a list or a pattern names it.
fn named_group(sample: &Sample) -> Option<&String> {
    let by_dicom = sample.dicom.as_deref().and_then(DicomFacts::group);
    sample.group.as_ref().filter(|group| by_dicom.as_ref() != Some(group))
}

/// Of images that a list or a pattern puts into several groups though they are of one patient; `None` if there are none.
pub(super) fn parted_message(samples: &[Sample]) -> Option<String> {
    let mut parted: BTreeSet<&str> = BTreeSet::new();
    for set in same_patient(samples) {
        let named = || set.iter().map(|at| &samples[*at]).filter(|sample| named_group(sample).is_some());
        let first = named().next();
        if named().any(|sample| first.is_some_and(|first| first.group != sample.group)) {
            parted.extend(named().map(|sample| sample.path.as_str()));
        }
    }
    let files = || content::names(parted.iter().map(|file| shown(file).escape_debug().to_string()));
    (!parted.is_empty()).then(|| {
        format!(
            "{} images are of one DICOM patient or study with images of another group of groups.csv or split.group_pattern \
             ({}), so these groups stay on one side of the split; give one person one group, or, if they are several persons, \
             each a PatientID and a StudyInstanceUID of their own",
            parted.len(),
            files()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sample of this number of a patient, issuer, study and group; each is left out where it is empty.
    fn sample(name: &str, [number, issuer, study, group]: [&str; 4]) -> Sample {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let facts = DicomFacts {
            patient: some(number).map(|number| format!("{number} of {issuer}")),
            number: some(number),
            has_issuer: !issuer.is_empty(),
            study: some(study),
            ..DicomFacts::default()
        };
        let group = some(group).or_else(|| facts.group());
        Sample { group, dicom: Some(Box::new(facts)), ..Sample::example(name, "a") }
    }

    fn check(samples: &[[&str; 4]], expected: &[&[usize]]) {
        let samples: Vec<Sample> =
            (0..).zip(samples).map(|(at, facts): (u8, _)| sample(&at.to_string(), *facts)).collect();
        let mut found = same_patient(&samples);
        found.sort();
        found.dedup();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_number_without_issuer_a_study_and_a_patient_put_images_together() {
        check(&[["7", "A", "", ""], ["7", "A", "", ""], ["7", "B", "", ""]], &[&[0, 1]]);
        check(&[["7", "A", "", ""], ["7", "", "", ""], ["8", "", "", ""]], &[&[0, 1]]);
        check(&[["7", "", "1", ""], ["", "", "1", ""], ["", "", "2", ""]], &[&[0, 1]]);
        check(&[["7", "", "", "listed"], ["7", "", "", ""], ["", "", "", ""]], &[&[0, 1]]);
    }

    #[test]
    fn a_number_of_nearly_all_images_leaves_named_groups_apart() {
        let numbers: Vec<String> = (0..12).map(|number| number.to_string()).collect();
        let anon = |is_named: fn(usize) -> bool| -> Vec<Sample> {
            let named =
                numbers.iter().enumerate().map(|(at, name)| (name, if is_named(at) { name.as_str() } else { "" }));
            named.map(|(name, group)| sample(name, ["ANON", "", "", group])).collect()
        };
        assert_eq!(same_patient(&anon(|_| true)), Vec::<Vec<usize>>::new());
        assert_eq!(parted_message(&anon(|_| true)), None);
        assert_eq!(same_patient(&anon(|at| at > 1))[0], [0, 1]);
        assert_eq!(same_patient(&anon(|_| true)[..10])[0].len(), 10, "ten may be of one person");
    }

    #[test]
    fn groups_that_part_a_patient_are_named() {
        let of = |groups: [&str; 3]| {
            let samples =
                ["a", "b", "c"].into_iter().zip(groups).map(|(name, group)| sample(name, ["7", "", "", group]));
            parted_message(&samples.collect::<Vec<_>>())
        };
        let message = of(["g", "h", "g"]).unwrap();
        assert!(
            message.starts_with("3 images are of one DICOM patient or study with images of another group"),
            "{message}"
        );
        assert_eq!((of(["g", "g", "g"]), of(["g", "", "g"])), (None, None));
    }
}

//! Patients stay together by what DICOM says, in whatever order their files arrive and whatever groups some of them have.

use proptest::prelude::*;

use crate::domain::{DicomFacts, Sample};
use crate::ingest::{assign_folds, assign_split};

/// Of each person three files that the one in the middle holds together: by its number without an issuer, by the study of a
/// file without a number, or by the patient of a file that is not in the list.
fn files(kind: usize, person: usize) -> [Sample; 3] {
    let text = |text: &str| Some(format!("{text}-{kind}-{person}"));
    let facts = |issuer: &str, number: Option<String>, study: Option<String>| DicomFacts {
        patient: number.as_ref().map(|number| format!("{issuer} {number}")),
        has_issuer: !issuer.is_empty(),
        number,
        study,
        ..DicomFacts::default()
    };
    let number = || text("number");
    let [one, middle, other] = match kind {
        0 => [facts("A", number(), None), facts("", number(), None), facts("B", number(), None)],
        1 => [facts("A", number(), text("s")), facts("", None, text("s")), facts("A", text("second"), text("s"))],
        _ => [facts("A", number(), None), facts("A", number(), None), facts("A", number(), None)],
    };
    let listed = |name: &str| text(name).filter(|_| kind == 2);
    let groups = [listed("g"), middle.group(), listed("h")];
    let samples = [one, middle, other].into_iter().zip(groups).zip(["x", "y", "z"]).map(|((facts, group), name)| {
        let group = group.or_else(|| facts.group());
        let class = if person.is_multiple_of(2) { "a" } else { "b" };
        Sample { group, dicom: Some(Box::new(facts)), ..Sample::example(&format!("{kind}{person}{name}"), class) }
    });
    samples.collect::<Vec<_>>().try_into().unwrap()
}

fn persons() -> Vec<[Sample; 3]> {
    (0..3).flat_map(|kind| (0..6).map(move |person| files(kind, person))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_person_is_on_one_side_after_each_arrival(order in Just((0..54_usize).collect::<Vec<_>>()).prop_shuffle(), step in 1..9_usize) {
        let persons = persons();
        let all: Vec<&Sample> = persons.iter().flatten().collect();
        let mut known: Vec<Sample> = Vec::new();
        for arrivals in order.chunks(step) {
            known.extend(arrivals.iter().map(|at| all[*at].clone()));
            for changed in assign_split(&known, 0.3) {
                let at = known.iter().position(|sample| sample.hash == changed.hash).unwrap();
                known[at] = changed;
            }
            let side = |sample: &Sample| known.iter().find(|known| known.hash == sample.hash).and_then(|known| known.split);
            for person in &persons {
                let sides: Vec<_> = person.iter().filter_map(side).collect();
                // What holds the outer two together may not be there yet.
                let is_whole = sides.len() == 3;
                prop_assert!(!is_whole || sides.iter().all(|side| *side == sides[0]), "{person:?} {sides:?}");
            }
        }
    }
}

#[test]
fn folds_part_no_person() {
    let persons = persons();
    let samples: Vec<Sample> = persons.iter().flatten().cloned().collect();
    let folds = assign_folds(&samples, 4);
    for person in persons {
        assert!(person.iter().all(|sample| folds[&sample.hash] == folds[&person[0].hash]), "{person:?}");
    }
}

#[test]
fn who_turns_out_to_be_one_person_is_learned_from() {
    let [one, middle, other] = files(0, 0);
    let on = |sample: Sample, split| Sample { split: Some(split), ..sample };
    let samples = [on(one, crate::domain::Split::Validation), on(other, crate::domain::Split::Train), middle];
    let changed = assign_split(&samples, 0.3);
    assert_eq!(changed.len(), 2);
    assert!(changed.iter().all(|sample| sample.split == Some(crate::domain::Split::Train)));
}

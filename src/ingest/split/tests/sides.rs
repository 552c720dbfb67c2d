//! Where folders name sides: they are kept, nothing leaks across them, and the others are split as ever.

use super::*;

use Split::{Excluded, Test, Train, Validation};

/// Distinct samples of up to three classes, some of them in groups, in folders that name one of `sides`.
fn in_folders(sides: &'static [Option<Split>]) -> impl Strategy<Value = Vec<Sample>> {
    let one = (0..3_u8, prop::option::weighted(0.5, 0..20_u8), prop::sample::select(sides));
    let lying = |(id, (class, group, side))| Sample { side, ..super::sample(id, class, group) };
    prop::collection::vec(one, 1..80).prop_map(move |drawn| (0..).zip(drawn).map(lying).collect())
}

fn settled(mut samples: Vec<Sample>) -> Vec<Sample> {
    for decided in assign_split(&samples, 0.2) {
        let known = samples.iter_mut().find(|sample| sample.hash == decided.hash).unwrap();
        *known = decided;
    }
    samples
}

/// The strongest side that the folders of a sample's group name.
fn strongest(samples: &[Sample], of: &Sample) -> Option<Split> {
    let related = |other: &&Sample| other.hash == of.hash || (of.group.is_some() && other.group == of.group);
    samples.iter().filter(related).filter_map(|sample| sample.side).max()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn folders_are_kept_and_nothing_leaks_across_them(
        samples in in_folders(&[None, Some(Train), Some(Validation), Some(Test)]),
        steps in prop::collection::vec(1..20_usize, 1..8),
    ) {
        let mut known: Vec<Sample> = Vec::new();
        let mut coming = samples.into_iter();
        for step in steps {
            known.extend(coming.by_ref().take(step));
            known = settled(known);
            prop_assert_eq!(assign_split(&known, 0.2), vec![], "what is decided stays decided");
            let has_validation = known.iter().any(|sample| strongest(&known, sample) == Some(Validation));
            for sample in &known {
                let strongest = strongest(&known, sample);
                match (sample.side, sample.split.unwrap()) {
                    (side, Excluded) => {
                        prop_assert!(strongest.is_some_and(Split::is_measured) && side < strongest, "{:?}", sample);
                    }
                    (Some(side), split) if side.is_measured() => prop_assert_eq!(side, split),
                    (Some(_), split) if has_validation => prop_assert_eq!(split, Train),
                    (_, split) => prop_assert_ne!(split, Test, "nobody is tested on who was not put there"),
                }
            }
            let used: Vec<Sample> = known.iter().filter(|sample| sample.split != Some(Excluded)).cloned().collect();
            prop_assert!(!groups_straddle(&used), "{:?}", used);
        }
    }

    #[test]
    fn a_test_folder_changes_nothing_for_the_rest(samples in in_folders(&[None, Some(Train), Some(Test)])) {
        let all = settled(samples);
        let rest: Vec<Sample> =
            all.iter().filter(|sample| strongest(&all, sample) != Some(Test)).cloned().collect();
        let alone = rest.iter().map(|sample| Sample { side: None, split: None, ..sample.clone() }).collect();
        prop_assert_eq!(splits(&rest), splits(&settled(alone)));
    }
}

/// Samples of one class with these sides, each its own group.
fn lone(sides: &[Option<Split>]) -> Vec<Sample> {
    (0..).zip(sides).map(|(id, side)| Sample { side: *side, ..super::sample(id, 0, None) }).collect()
}

fn splits(samples: &[Sample]) -> Vec<Split> {
    samples.iter().map(|sample| sample.split.unwrap()).collect()
}

#[test]
fn validation_is_taken_from_the_training_folder_until_there_is_a_folder_for_it() {
    let mut samples = settled(lone(&[Some(Train); 10]));
    assert_eq!(splits(&samples).iter().filter(|side| **side == Validation).count(), 2, "a fifth, as without folders");
    samples.extend((100..102).map(|id| Sample { side: Some(Test), ..super::sample(id, 0, None) }));
    let samples = settled(samples);
    assert_eq!(
        splits(&samples).iter().filter(|side| **side == Validation).count(),
        2,
        "the test folder changes nothing"
    );
    let mut samples = samples;
    samples.push(Sample { side: Some(Validation), ..super::sample(200, 0, None) });
    let samples = settled(samples);
    assert!(splits(&samples)[..10].iter().all(|side| *side == Train), "given back");
    assert_eq!(splits(&samples)[10..], [Test, Test, Validation]);
}

#[test]
fn a_validation_folder_of_which_nothing_can_be_measured_on_is_none() {
    let mut samples = lone(&[Some(Train); 10]);
    for (id, side) in [(100, Validation), (101, Test)] {
        samples.push(Sample { side: Some(side), ..super::sample(id, 0, Some(1)) });
    }
    let samples = settled(samples);
    assert_eq!(splits(&samples)[10..], [Excluded, Test]);
    assert_eq!(splits(&samples)[..10].iter().filter(|side| **side == Validation).count(), 2, "taken from the rest");
}

#[test]
fn images_outside_the_folders_are_split_among_themselves() {
    let mut sides = vec![None; 10];
    sides.extend([Some(Train); 30]);
    sides.extend([Some(Validation); 5]);
    let samples = settled(lone(&sides));
    assert_eq!(splits(&samples)[..10].iter().filter(|side| **side == Validation).count(), 2);
    assert!(splits(&samples)[10..40].iter().all(|side| *side == Train));
}

#[test]
fn what_cannot_be_parted_from_a_measured_image_is_put_aside_and_comes_back_when_that_goes() {
    let sides = [Some(Train), Some(Validation), Some(Test), None];
    for (strongest, expected) in [(4, [Excluded, Excluded, Test, Excluded]), (2, [Excluded, Validation, Test, Train])] {
        let mut samples = lone(&sides);
        samples.iter_mut().take(strongest).for_each(|sample| sample.group = Some("one".to_owned()));
        assert_eq!(splits(&settled(samples)), expected);
    }
    // The same as near-duplicates; and the first, whose near-duplicate is gone, returns to training.
    let mut samples = lone(&sides);
    samples[0].perceptual_hash = Some(super::perceptual_hash(1, 0));
    samples[1].perceptual_hash = Some(super::perceptual_hash(1, 5));
    let samples = settled(samples);
    assert_eq!(splits(&samples), [Excluded, Validation, Test, Train]);
    let rest: Vec<Sample> = samples.into_iter().filter(|sample| sample.side != Some(Validation)).collect();
    let rest = settled(rest);
    assert_ne!(rest[0].split, Some(Excluded), "{:?}", splits(&rest));
}

#[test]
fn a_free_image_that_was_measured_on_goes_with_its_twin_in_the_training_folder() {
    let mut samples = lone(&[None, Some(Train), Some(Validation)]);
    samples[0].split = Some(Validation);
    samples[0].group = Some("one".to_owned());
    samples[1].group = Some("one".to_owned());
    assert_eq!(splits(&settled(samples)), [Train, Train, Validation]);
}

//! The promises of the split, against random datasets that grow in random steps.

use proptest::prelude::*;

use super::*;
use crate::domain::{ContentHash, PerceptualHash};

mod dicom;
mod near_duplicates;
mod sides;

fn sample(id: u16, class: u8, group: Option<u8>) -> Sample {
    let group = group.map(|group| format!("g{group}"));
    Sample { hash: ContentHash::of(&id.to_le_bytes()), group, ..Sample::example(&id.to_string(), &format!("c{class}")) }
}

/// Distinct samples of up to three classes, each its own group.
fn singles() -> impl Strategy<Value = Vec<Sample>> {
    let classes = prop::collection::vec(0..3_u8, 1..80);
    classes.prop_map(|classes| (0..).zip(classes).map(|(id, class)| sample(id, class, None)).collect())
}

/// Distinct samples of up to three classes; groups may hold several classes when `mixed`.
fn grouped(mixed: bool) -> impl Strategy<Value = Vec<Sample>> {
    let drawn = prop::collection::vec((0..3_u8, prop::option::weighted(0.8, 0..12_u8)), 1..80);
    let group = move |class: u8, group: Option<u8>| group.map(|group| if mixed { group } else { group * 3 + class });
    drawn.prop_map(move |drawn| {
        (0..).zip(drawn).map(|(id, (class, drawn))| sample(id, class, group(class, drawn))).collect()
    })
}

fn decide(samples: &mut [Sample], validation: f64) {
    for decided in assign_split(samples, validation) {
        let known = samples.iter_mut().find(|sample| sample.hash == decided.hash).unwrap();
        assert_eq!(known.split, None, "an old sample was decided again");
        *known = decided;
    }
    assert!(samples.iter().all(|sample| sample.split.is_some()));
}

/// `(samples, groups, training, validation)` of each class.
fn tally(samples: &[Sample]) -> BTreeMap<ClassName, (usize, usize, usize, usize)> {
    let mut tally = BTreeMap::new();
    for class in samples.iter().map(|sample| &sample.class) {
        let of_class = || samples.iter().filter(|sample| sample.class == *class);
        let groups: std::collections::BTreeSet<_> =
            of_class().map(|sample| sample.group.as_deref().ok_or(sample.hash)).collect();
        let n_on = |side| of_class().filter(|sample| sample.split == Some(side)).count();
        tally.insert(class.clone(), (of_class().count(), groups.len(), n_on(Split::Train), n_on(Split::Validation)));
    }
    tally
}

fn groups_straddle(samples: &[Sample]) -> bool {
    let side_of = |group| samples.iter().filter(move |s| s.group.is_some() && s.group == group).map(|s| s.split);
    samples.iter().any(|sample| side_of(sample.group.clone()).any(|side| side != sample.split))
}

fn quota_of(n: usize, validation: f64) -> usize {
    if n < 2 { 0 } else { ((n as f64 * validation).round() as usize).clamp(1, n - 1) }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_class_gets_its_share_to_the_sample(mut samples in singles(), validation in 0.01..0.9_f64) {
        decide(&mut samples, validation);
        for (class, (n, _, n_train, n_validation)) in tally(&samples) {
            prop_assert_eq!((n_train, n_validation), (n - quota_of(n, validation), quota_of(n, validation)), "{}", class);
        }
    }

    #[test]
    fn the_order_of_samples_does_not_matter(samples in grouped(true), seed in any::<u64>()) {
        let mut shuffled = samples.clone();
        shuffled.sort_by_key(|sample| ContentHash::of_parts([&seed.to_le_bytes()[..], sample.hash.as_bytes()]));
        prop_assert_eq!(assign_split(&samples, 0.2), assign_split(&shuffled, 0.2));
    }

    #[test]
    fn growing_moves_nobody_and_keeps_both_sides(samples in singles(), steps in prop::collection::vec(1..20_usize, 1..8)) {
        let mut known: Vec<Sample> = Vec::new();
        let mut coming = samples.into_iter();
        for step in steps {
            let before = tally(&known);
            known.extend(coming.by_ref().take(step));
            decide(&mut known, 0.2);
            for (class, (n, _, n_train, n_validation)) in tally(&known) {
                let (n_before, .., n_validation_before) = before.get(&class).copied().unwrap_or_default();
                let reachable = (n_validation_before + n - n_before).min(quota_of(n, 0.2));
                prop_assert_eq!(n_validation, n_validation_before.max(reachable), "{}", class);
                prop_assert!(n < 2 || n_train > 0, "{}", class);
            }
        }
    }

    #[test]
    fn groups_stay_on_one_side_while_they_grow(samples in grouped(true), steps in prop::collection::vec(1..20_usize, 1..8)) {
        let mut known: Vec<Sample> = Vec::new();
        let mut coming = samples.into_iter();
        for step in steps {
            known.extend(coming.by_ref().take(step));
            decide(&mut known, 0.2);
            prop_assert!(!groups_straddle(&known), "{:?}", known);
        }
    }

    #[test]
    fn a_class_of_two_groups_is_learned_and_measured(samples in grouped(false), steps in prop::collection::vec(1..20_usize, 1..8)) {
        let mut known: Vec<Sample> = Vec::new();
        let mut coming = samples.into_iter();
        for step in steps {
            known.extend(coming.by_ref().take(step));
            decide(&mut known, 0.2);
            for (class, (_, n_groups, n_train, n_validation)) in tally(&known) {
                prop_assert!(n_groups < 2 || (n_train > 0 && n_validation > 0), "{}: {:?}", class, known);
            }
        }
    }
}

#[test]
fn a_group_of_two_classes_is_not_taken_from_the_one_that_needs_it() {
    // Class 0 has groups 1 and 2, class 1 only group 1: group 1 has to be learned from.
    let mut samples = vec![sample(1, 0, Some(1)), sample(2, 1, Some(1)), sample(3, 0, Some(2)), sample(4, 0, Some(2))];
    decide(&mut samples, 0.2);
    let sides: Vec<_> = samples.iter().map(|sample| sample.split.unwrap()).collect();
    assert_eq!(sides, [Split::Train, Split::Train, Split::Validation, Split::Validation]);
}

#[test]
fn a_group_that_straddles_goes_on_where_it_is_learned_from() {
    let mut samples = vec![sample(1, 0, Some(1)), sample(2, 0, Some(1)), sample(3, 0, Some(1))];
    samples[0].split = Some(Split::Validation);
    samples[1].split = Some(Split::Train);
    let changed = assign_split(&samples, 0.2);
    assert_eq!(changed.iter().map(|sample| sample.split).collect::<Vec<_>>(), [Some(Split::Train); 2], "all of it");
}

/// A look that differs from another number's in about half of its bits, but for `n_flipped` bits from its own.
fn perceptual_hash(number: u8, n_flipped: usize) -> PerceptualHash {
    let hash = ContentHash::of(&[number]);
    let mut bits = std::array::from_fn(|at| hash.as_bytes()[at / 8] >> (at % 8) & 1 == 1);
    for at in 0..n_flipped {
        bits[at * 20] = !bits[at * 20];
    }
    PerceptualHash::new(&bits)
}

#[test]
fn a_near_duplicate_across_the_split_goes_over_to_training() {
    let mut samples: Vec<Sample> = (0..20)
        .map(|id| Sample { perceptual_hash: Some(perceptual_hash(id as u8, 0)), ..sample(id, 0, None) })
        .collect();
    decide(&mut samples, 0.2);
    let measured = samples.iter().position(|sample| sample.split == Some(Split::Validation)).unwrap();
    let learned = samples.iter().position(|sample| sample.split == Some(Split::Train)).unwrap();
    assert!(assign_split(&samples, 0.2).is_empty(), "pictures that look different stay where they are");
    let own = u8::try_from(learned).unwrap();
    for (n_bits, moves) in [(12, true), (13, false)] {
        samples[measured].perceptual_hash = Some(perceptual_hash(own, n_bits));
        let moved: Vec<_> = assign_split(&samples, 0.2).into_iter().map(|sample| (sample.hash, sample.split)).collect();
        let expected = moves.then_some((samples[measured].hash, Some(Split::Train)));
        assert_eq!(moved, expected.into_iter().collect::<Vec<_>>(), "{n_bits} bits apart");
    }
    let near_duplicate = Sample { perceptual_hash: Some(perceptual_hash(measured as u8, 3)), ..sample(100, 0, None) };
    samples[measured].perceptual_hash = Some(perceptual_hash(measured as u8, 0));
    samples.push(near_duplicate);
    assert_eq!(
        assign_split(&samples, 0.2)[0].split,
        Some(Split::Validation),
        "a near-duplicate joins the side of the old image"
    );
}

#[test]
fn folds_part_no_group_and_share_out_every_class() {
    let samples: Vec<Sample> =
        (0..100_u16).map(|id| sample(id, u8::from(id % 3 == 0), Some((id / 2 % 40) as u8))).collect();
    let folds = assign_folds(&samples, 5);
    assert_eq!(folds.len(), samples.len());
    for fold in 0..5 {
        let within = |class: u8| {
            let name = format!("c{class}");
            samples.iter().filter(|s| folds[&s.hash] == fold && s.class.as_str() == name).count()
        };
        assert!((12..=15).contains(&within(0)) && (5..=9).contains(&within(1)), "{} {}", within(0), within(1));
    }
    let fold_of_group = |sample: &Sample| folds[&sample.hash];
    for (a, b) in samples.iter().flat_map(|a| samples.iter().map(move |b| (a, b))).filter(|(a, b)| a.group == b.group) {
        assert_eq!(fold_of_group(a), fold_of_group(b));
    }
    let reversed: Vec<Sample> = samples.iter().rev().cloned().collect();
    assert_eq!(assign_folds(&reversed, 5), folds);
}

//! What hangs together by looks, against a comparison of every pair.

use proptest::prelude::*;

use super::sample;
use crate::domain::{PerceptualHash, Sample};
use crate::ingest::split::links::Links;
use crate::ingest::split::near_duplicates::join_near_duplicates;

/// Looks in few neighbourhoods, up to 16 bits from each other in one, and from there to the next in steps.
fn hashes() -> impl Strategy<Value = Vec<PerceptualHash>> {
    let perceptual_hash =
        (0..5_usize, prop::collection::vec(0..PerceptualHash::N_BITS, 0..9)).prop_map(|(number, flipped)| {
            let mut bits = [false; PerceptualHash::N_BITS];
            for at in 0..number * 8 {
                bits[at * 6] = true;
            }
            for at in flipped {
                bits[at] = !bits[at];
            }
            PerceptualHash::new(&bits)
        });
    prop::collection::vec(perceptual_hash, 0..60)
}

fn of(hashes: &[Option<PerceptualHash>]) -> Vec<Sample> {
    (0..)
        .zip(hashes)
        .map(|(id, perceptual_hash)| Sample { perceptual_hash: *perceptual_hash, ..sample(id, 0, None) })
        .collect()
}

/// The smallest index of what each hangs together with.
fn clusters(mut links: Links, n: usize) -> Vec<usize> {
    let roots: Vec<_> = (0..n).map(|at| links.root(at)).collect();
    roots.iter().map(|root| roots.iter().position(|other| other == root).unwrap()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn twins_are_found_as_by_comparing_every_pair(hashes in hashes()) {
        let (mut found, mut compared) = (Links::new(hashes.len()), Links::new(hashes.len()));
        join_near_duplicates(&of(&hashes.iter().copied().map(Some).collect::<Vec<_>>()), &mut found);
        for (a, perceptual_hash) in hashes.iter().enumerate() {
            hashes[..a].iter().enumerate().filter(|(_, other)| perceptual_hash.distance(other) <= 12).for_each(|(b, _)| compared.join(a, b));
        }
        prop_assert_eq!(clusters(found, hashes.len()), clusters(compared, hashes.len()));
    }
}

#[test]
fn pictures_that_look_like_nothing_are_nobodys_twins() {
    let mut links = Links::new(3);
    join_near_duplicates(&of(&[None, None, Some(PerceptualHash::new(&[false; PerceptualHash::N_BITS]))]), &mut links);
    assert_eq!(clusters(links, 3), [0, 1, 2]);
}

//! How many copies each source gets: as many as every other, or as many as its class needs.

use std::collections::BTreeMap;

use crate::config::{Balance, Quota};
use crate::domain::{ClassName, LabelledImage};

/// Copies of each of `sources`, in their order. Within a class the numbers differ by one at most; who gets the one more
/// is decided by content, so that it is the same for any order. `originals_count`: they stand beside the copies in what
/// is learned from.
pub(super) fn shares(sources: &[&LabelledImage], quota: Quota, originals_count: bool) -> Vec<u32> {
    let mut classes: BTreeMap<&ClassName, Vec<usize>> = BTreeMap::new();
    for (at, source) in sources.iter().enumerate() {
        classes.entry(&source.class).or_default().push(at);
    }
    let largest = classes.values().map(Vec::len).max().unwrap_or(0);
    let Some(target) = target(quota, largest, originals_count) else { return vec![quota.copies; sources.len()] };
    let mut shares = vec![0; sources.len()];
    for (class, mut members) in classes {
        let there = if originals_count { members.len() } else { 0 };
        if there > target {
            tracing::warn!(%class, images = there, target, "Class has more images than its target and gets no copies");
        }
        let wanted = target.saturating_sub(there);
        members.sort_by_key(|at| sources[*at].hash);
        for (rank, at) in members.iter().enumerate() {
            let share = wanted / members.len() + usize::from(rank < wanted % members.len());
            shares[*at] = u32::try_from(share).unwrap_or(u32::MAX);
        }
    }
    shares
}

/// Images that every class is to have; `None` when every source gets as many copies.
fn target(quota: Quota, largest: usize, originals_count: bool) -> Option<usize> {
    match (quota.target_per_class, quota.balance) {
        (0, Balance::None) => None,
        (0, Balance::Max) => Some(largest * (quota.copies as usize + usize::from(originals_count))),
        (target, _) => Some(target as usize),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sources(n: [u32; 2]) -> Vec<LabelledImage> {
        let source = |class: &str, i: u32| LabelledImage::example(class, &format!("{class}/{i}"), None);
        (0..n[0]).map(|i| source("a", i)).chain((0..n[1]).map(|i| source("b", i))).collect()
    }

    fn quota(copies: u32, balance: Balance, target_per_class: u32) -> Quota {
        Quota { copies, balance, target_per_class }
    }

    proptest! {
        #[test]
        fn classes_come_out_equal_and_no_source_is_favoured_by_more_than_one(
            a in 1..30_u32, b in 1..30_u32, target in 30..300_u32, copies in 0..9_u32, originals: bool, reversed: bool,
        ) {
            let mut all = sources([a, b]);
            if reversed {
                all.reverse();
            }
            let refs: Vec<&LabelledImage> = all.iter().collect();
            for (quota, expected) in [
                (quota(0, Balance::None, target), target),
                (quota(copies, Balance::Max, 0), a.max(b) * (copies + u32::from(originals))),
            ] {
                let shares = shares(&refs, quota, originals);
                for (class, n) in [("a", a), ("b", b)] {
                    let of_class: Vec<u32> =
                        refs.iter().zip(&shares).filter(|(s, _)| s.class.as_str() == class).map(|(_, n)| *n).collect();
                    let there = if originals { n } else { 0 };
                    prop_assert_eq!(of_class.iter().sum::<u32>() + there, expected);
                    prop_assert!(of_class.iter().max().unwrap() - of_class.iter().min().unwrap() <= 1);
                }
            }
        }
    }

    #[test]
    fn without_balance_every_source_is_treated_alike() {
        let all = sources([3, 1]);
        let refs: Vec<&LabelledImage> = all.iter().collect();
        assert_eq!(shares(&refs, quota(4, Balance::None, 0), true), [4; 4]);
        assert_eq!(shares(&refs, quota(4, Balance::None, 2), true), [0, 0, 0, 1], "an original is never dropped");
    }
}

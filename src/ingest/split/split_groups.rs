//! What cannot be separated: the images of one group, those of one patient or study by DICOM, and near-duplicates, as far as
//! such links reach.

use std::collections::BTreeMap;

use super::super::same_patient::same_patient;
use super::links::Links;
use super::near_duplicates::join_near_duplicates;
use crate::domain::{ClassName, ContentHash, Sample, Split};

/// What stands on one side together.
pub(super) struct SplitGroup<'a> {
    /// The smallest of its hashes.
    pub(super) first: ContentHash,
    pub(super) samples: Vec<&'a Sample>,
    pub(super) n_of_class: BTreeMap<&'a ClassName, i64>,
    /// Where it stands by the split, as far as that is decided.
    pub(super) side: Option<Split>,
}

impl<'a> SplitGroup<'a> {
    pub(super) fn new(samples: Vec<&'a Sample>) -> Self {
        let mut n_of_class = BTreeMap::new();
        for sample in &samples {
            *n_of_class.entry(&sample.class).or_default() += 1;
        }
        // What was excluded, or assigned by a folder, is as free as what is new.
        let by_split = |side: &Split| matches!(side, Split::Train | Split::Validation);
        let sides = || samples.iter().filter_map(|sample| sample.split).filter(by_split);
        // A group that straddles (a link was found later) goes on where it was learned from.
        let side = if sides().any(|side| side == Split::Train) { Some(Split::Train) } else { sides().next() };
        let first = samples.iter().map(|sample| sample.hash).min();
        Self { first: first.unwrap_or_else(|| ContentHash::of(&[])), samples, n_of_class, side }
    }

    /// The strongest side that a folder names for any of it.
    pub(super) fn strongest(&self) -> Option<Split> {
        self.samples.iter().filter_map(|sample| sample.side).max()
    }

    /// The side that a folder puts it on. To be in `train` settles nothing where validation has to be taken from there.
    pub(super) fn named(&self, has_validation: bool) -> Option<Split> {
        self.strongest().filter(|side| side.is_measured() || has_validation)
    }

    pub(super) fn has(&self, class: &ClassName) -> bool {
        self.n_of_class.contains_key(class)
    }
}

/// The groups of these samples, in hash order.
pub(super) fn split_groups(samples: &[Sample]) -> Vec<SplitGroup<'_>> {
    let mut links = Links::new(samples.len());
    let mut first_of_group: BTreeMap<&str, usize> = BTreeMap::new();
    for (at, sample) in samples.iter().enumerate() {
        if let Some(group) = &sample.group {
            links.join(at, *first_of_group.entry(group).or_insert(at));
        }
    }
    for set in same_patient(samples) {
        for at in &set {
            links.join(set[0], *at);
        }
    }
    join_near_duplicates(samples, &mut links);
    let mut members: BTreeMap<usize, Vec<&Sample>> = BTreeMap::new();
    for (at, sample) in samples.iter().enumerate() {
        members.entry(links.root(at)).or_default().push(sample);
    }
    let mut groups: Vec<_> = members.into_values().map(SplitGroup::new).collect();
    groups.sort_by_key(|group| group.first);
    groups
}

//! On which side of the split a sample stands: decided once, before any copy of it exists, and from contents alone.
//!
//! The group is the group (patient), with whatever DICOM puts together and whatever looks the same: all of it stands on one side. Classes are balanced one by one.
//! Where folders name sides, they are kept; what would leak across them is excluded.

mod folds;
mod links;
mod near_duplicates;
mod split_groups;

pub use folds::assign_folds;

use std::collections::BTreeMap;

use crate::domain::{ClassName, Sample, Split};
use split_groups::{SplitGroup, split_groups};

/// Decides the side of every sample of one dataset that has none, and returns what changes, in hash order.
///
/// `validation` is the share (0 to 1) of each class that is measured on. New samples join, in hash order, the side that
/// is short of its quota; those of a known group, or that look like a known image, join its side. Every class of at
/// least two groups keeps one sample on each side. Samples that have a side keep it, so the result depends on the order of
/// arrival only through them; but one that is measured on goes over to training when it turns out to hang together with
/// one that is learned from.
///
/// Samples whose folder names a side have no vote. Those of `test` and `validation` stand there; of what hangs together with
/// them, all the rest is excluded, and so are those of `validation` that hang together with one of `test`. Those of `train`
/// are learned from; but while no folder names `validation`, it is taken from them as from the others.
pub fn assign_split(samples: &[Sample], validation: f64) -> Vec<Sample> {
    let groups = split_groups(samples);
    let has_validation = groups.iter().any(|group| group.strongest() == Some(Split::Validation));
    let (mut named, mut free) = (Vec::new(), Vec::new());
    for group in groups {
        match group.named(has_validation) {
            Some(side) => named.push((group, side)),
            None => free.push(group),
        }
    }
    let mut assigner = SplitAssigner::new(free, validation);
    assigner.secure_validation();
    assigner.secure_training();
    assigner.fill_quotas();
    let named = named.iter().flat_map(|(group, side)| group.samples.iter().map(|s| (*s, Some(place(s, *side)))));
    changed(assigner.decided().chain(named))
}

/// Where a sample stands whose group a folder puts on `side`.
fn place(sample: &Sample, side: Split) -> Split {
    let stands_there = !side.is_measured() || sample.side == Some(side);
    if stands_there { side } else { Split::Excluded }
}

/// Those whose side is another one than before, in hash order.
fn changed<'a>(decided: impl Iterator<Item = (&'a Sample, Option<Split>)>) -> Vec<Sample> {
    let changed = decided.filter(|(sample, side)| sample.split != *side);
    let mut changed: Vec<_> = changed.map(|(sample, split)| Sample { split, ..sample.clone() }).collect();
    changed.sort_by_key(|sample| sample.hash);
    changed
}

/// The groups in hash order, and what each class wants.
struct SplitAssigner<'a> {
    groups: Vec<SplitGroup<'a>>,
    /// Samples that each class wants to measure on.
    quotas: BTreeMap<&'a ClassName, i64>,
}

impl<'a> SplitAssigner<'a> {
    fn new(groups: Vec<SplitGroup<'a>>, validation: f64) -> Self {
        let mut quotas = BTreeMap::new();
        for class in groups.iter().flat_map(|group| group.n_of_class.keys().copied()) {
            quotas.entry(class).or_insert_with(|| quota(&groups, class, validation));
        }
        Self { groups, quotas }
    }

    fn classes(&self) -> Vec<&'a ClassName> {
        self.quotas.keys().copied().collect()
    }

    /// Samples of a class that stand on a side.
    fn n_on(&self, side: Split, class: &ClassName) -> i64 {
        let there = self.groups.iter().filter(|group| group.side == Some(side));
        there.filter_map(|group| group.n_of_class.get(class)).sum()
    }

    /// A class that could be measured but is not gets its smallest free group that no class needs to learn from.
    fn secure_validation(&mut self) {
        for class in self.classes() {
            if self.quotas[class] == 0 || self.n_on(Split::Validation, class) > 0 {
                continue;
            }
            let free =
                (0..self.groups.len()).filter(|at| self.groups[*at].side.is_none() && self.groups[*at].has(class));
            let spare = free.filter(|at| self.can_be_spared(*at));
            if let Some(at) = spare.min_by_key(|at| (self.groups[*at].samples.len(), *at)) {
                self.groups[at].side = Some(Split::Validation);
            }
        }
    }

    /// Whether every class of a group has another one to learn from, or one that is still free to.
    fn can_be_spared(&self, at: usize) -> bool {
        let others = || self.groups.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, group)| group);
        let to_learn_from =
            |class: &ClassName| others().any(|group| group.side != Some(Split::Validation) && group.has(class));
        self.groups[at].n_of_class.keys().all(|class| to_learn_from(class))
    }

    /// A class that could be learned but is not gets its last free group.
    fn secure_training(&mut self) {
        for class in self.classes() {
            if self.n_on(Split::Train, class) == 0 {
                let free = self.groups.iter_mut().rev().find(|group| group.side.is_none() && group.has(class));
                if let Some(group) = free {
                    group.side = Some(Split::Train);
                }
            }
        }
    }

    /// A free group is measured on when that brings its classes nearer to their quotas.
    fn fill_quotas(&mut self) {
        let mut short: BTreeMap<_, _> =
            self.quotas.iter().map(|(class, quota)| (*class, quota - self.n_on(Split::Validation, class))).collect();
        for group in self.groups.iter_mut().filter(|group| group.side.is_none()) {
            let before: i64 = group.n_of_class.keys().map(|class| short[class].abs()).sum();
            let after: i64 = group.n_of_class.iter().map(|(class, n)| (short[class] - n).abs()).sum();
            if after < before {
                group.side = Some(Split::Validation);
                for (class, n) in &group.n_of_class {
                    *short.entry(class).or_default() -= n;
                }
            } else {
                group.side = Some(Split::Train);
            }
        }
    }

    fn decided(&self) -> impl Iterator<Item = (&'a Sample, Option<Split>)> {
        self.groups.iter().flat_map(|group| group.samples.iter().map(|sample| (*sample, group.side)))
    }
}

/// At least one and not all; none of a class whose only group is needed to learn from.
fn quota(groups: &[SplitGroup], class: &ClassName, validation: f64) -> i64 {
    let n_each = || groups.iter().filter_map(|group| group.n_of_class.get(class));
    let n: i64 = n_each().sum();
    if n_each().count() < 2 { 0 } else { ((validation * n as f64).round() as i64).clamp(1, n - 1) }
}

#[cfg(test)]
mod tests;

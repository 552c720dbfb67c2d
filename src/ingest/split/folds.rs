//! Parts of a dataset for cross-validation: nothing that hangs together is parted, and each has its share of every class.

use std::collections::BTreeMap;

use super::split_groups::split_groups;
use crate::domain::{ClassName, ContentHash, Sample};

/// The part, from 0, that each sample is held out with. Large groups first, each to the part in which its classes are
/// rarest (as scikit-learn's `StratifiedGroupKFold` goes about it); equal ones in hash order, so that the result follows
/// from the contents alone.
pub fn assign_folds(samples: &[Sample], n_folds: usize) -> BTreeMap<ContentHash, usize> {
    let mut groups = split_groups(samples);
    groups.sort_by_key(|group| std::cmp::Reverse(group.samples.len()));
    let mut n_of_class: BTreeMap<&ClassName, f64> = BTreeMap::new();
    for sample in samples {
        *n_of_class.entry(&sample.class).or_default() += 1.0;
    }
    let mut folds: Vec<BTreeMap<&ClassName, f64>> = vec![BTreeMap::new(); n_folds.max(1)];
    let mut fold_of = BTreeMap::new();
    for group in &groups {
        let share =
            |fold: &BTreeMap<&ClassName, f64>, class| fold.get(class).copied().unwrap_or(0.0) / n_of_class[class];
        let filled = |fold: &BTreeMap<_, _>| group.n_of_class.keys().map(|class| share(fold, class)).sum::<f64>();
        let size = |fold: &BTreeMap<&ClassName, f64>| fold.values().sum::<f64>();
        let rank = |at: usize| (filled(&folds[at]), size(&folds[at]));
        let emptiest = (0..folds.len()).min_by(|a, b| rank(*a).partial_cmp(&rank(*b)).unwrap_or(a.cmp(b))).unwrap_or(0);
        for (class, n) in &group.n_of_class {
            *folds[emptiest].entry(class).or_default() += *n as f64;
        }
        fold_of.extend(group.samples.iter().map(|sample| (sample.hash, emptiest)));
    }
    fold_of
}

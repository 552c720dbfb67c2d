//! Arrivals in order, of each file only the last: however often files change, there are no more of them than files.

use std::collections::{BTreeMap, HashMap};

use crate::domain::Arrival;

/// A queue of arrivals.
#[derive(Debug, Default)]
pub(super) struct ArrivalQueue {
    /// By number, which counts up.
    arrivals: BTreeMap<u64, Arrival>,
    /// The number of each file's arrival.
    numbers: HashMap<String, u64>,
    next: u64,
}

impl ArrivalQueue {
    /// At the end; an earlier one of the same file is dropped.
    pub(super) fn push(&mut self, arrival: Arrival) {
        self.remove(arrival.path());
        self.numbers.insert(arrival.path().to_owned(), self.next);
        self.arrivals.insert(self.next, arrival);
        self.next += 1;
    }

    /// Drops what came of this file.
    pub(super) fn remove(&mut self, path: &str) {
        if let Some(number) = self.numbers.remove(path) {
            self.arrivals.remove(&number);
        }
    }

    /// Whether something came of this file.
    pub(super) fn holds(&self, path: &str) -> bool {
        self.numbers.contains_key(path)
    }

    /// The first `n`, or fewer.
    pub(super) fn first(&self, n: usize) -> Vec<Arrival> {
        self.arrivals.values().take(n).cloned().collect()
    }

    pub(super) fn len(&self) -> usize {
        self.arrivals.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_last_arrival_of_each_file_is_held_in_the_order_of_arrival(paths in prop::collection::vec("[a-e]", 0..40)) {
            let mut queue = ArrivalQueue::default();
            let gone = |path: &String| Arrival::Gone { path: path.clone() };
            for path in &paths {
                queue.push(gone(path));
            }
            let is_last = |(at, path): &(usize, &String)| !paths[at + 1..].contains(path);
            let wanted: Vec<_> = paths.iter().enumerate().filter(is_last).map(|(_, path)| gone(path)).collect();
            prop_assert_eq!(queue.first(usize::MAX), wanted.clone());
            prop_assert_eq!(queue.len(), wanted.len());
            prop_assert!(paths.iter().all(|path| queue.holds(path)) && queue.first(2).len() == wanted.len().min(2));
            for path in &paths {
                queue.remove(path);
            }
            prop_assert_eq!((queue.len(), queue.first(1)), (0, Vec::new()));
        }
    }
}

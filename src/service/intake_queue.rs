//! Settled files that are still to be read, and whether the intake worker is reading some.

use std::collections::VecDeque;

use crate::domain::Arrival;

/// Files of one batch: few enough that a stop is heard soon, and many enough that a commit is worth while.
const FILES_A_BATCH: usize = 1024;

/// The queue in front of the intake worker.
#[derive(Debug)]
pub(super) struct IntakeQueue {
    waiting: VecDeque<Arrival>,
    is_reading: bool,
    /// `run --once`: everything present at the start has not been handed over yet.
    awaits_survey: bool,
}

impl IntakeQueue {
    /// Nothing waits yet.
    pub(super) fn new(awaits_survey: bool) -> Self {
        Self { waiting: VecDeque::new(), is_reading: false, awaits_survey }
    }

    /// Files that settled.
    pub(super) fn add(&mut self, arrivals: Vec<Arrival>) {
        self.waiting.extend(arrivals);
    }

    /// Everything that was present at the start.
    pub(super) fn finish_survey(&mut self, arrivals: Vec<Arrival>) {
        self.add(arrivals);
        self.awaits_survey = false;
    }

    /// The next files for the worker; `None` while it reads, or nothing waits.
    pub(super) fn start_batch(&mut self) -> Option<Vec<Arrival>> {
        if self.is_reading || self.waiting.is_empty() {
            return None;
        }
        self.is_reading = true;
        let n = self.waiting.len().min(FILES_A_BATCH);
        Some(self.waiting.drain(..n).collect())
    }

    /// The worker has read its files, or lost them.
    pub(super) fn finish_batch(&mut self) {
        self.is_reading = false;
    }

    pub(super) fn is_reading(&self) -> bool {
        self.is_reading
    }

    /// Whether no file is read, waits, or is still to be found.
    pub(super) fn is_at_rest(&self) -> bool {
        !self.is_reading && self.waiting.is_empty() && !self.awaits_survey
    }

    pub(super) fn n_waiting(&self) -> usize {
        self.waiting.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrivals(n: usize) -> Vec<Arrival> {
        (0..n).map(|number| Arrival::Gone { path: format!("{number}.png") }).collect()
    }

    #[test]
    fn one_batch_at_a_time_in_the_order_of_arrival() {
        let mut queue = IntakeQueue::new(false);
        assert!(queue.is_at_rest() && queue.start_batch().is_none());
        queue.add(arrivals(FILES_A_BATCH + 1));
        let first = queue.start_batch().unwrap();
        assert_eq!((first.len(), queue.n_waiting()), (FILES_A_BATCH, 1));
        assert!(queue.is_reading() && queue.start_batch().is_none(), "one at a time");
        queue.finish_batch();
        assert!(!queue.is_at_rest(), "one file waits");
        assert_eq!(queue.start_batch().unwrap().len(), 1);
        queue.finish_batch();
        assert!(queue.is_at_rest());
    }

    #[test]
    fn it_is_not_at_rest_before_the_survey_has_ended() {
        let mut queue = IntakeQueue::new(true);
        assert!(!queue.is_at_rest());
        queue.finish_survey(Vec::new());
        assert!(queue.is_at_rest());
    }
}

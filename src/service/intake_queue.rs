//! Settled files that are still to be read, and whether the intake worker is reading some.

use crate::domain::Arrival;

use super::arrival_queue::ArrivalQueue;

/// Files of one batch: few enough that a stop is heard soon, and many enough that a commit is worth while.
const FILES_A_BATCH: usize = 1024;

/// The queue in front of the intake worker.
#[derive(Debug)]
pub(super) struct IntakeQueue {
    waiting: ArrivalQueue,
    /// What was under way when the program ended, or a worker panicked: tried last, one by one.
    suspected: ArrivalQueue,
    /// What the worker is reading.
    reading: Vec<Arrival>,
    /// `run --once`: what a survey finds has not been handed over yet.
    awaits_survey: bool,
}

impl IntakeQueue {
    /// Nothing waits yet.
    pub(super) fn new(awaits_survey: bool) -> Self {
        Self {
            waiting: ArrivalQueue::default(),
            suspected: ArrivalQueue::default(),
            reading: Vec::new(),
            awaits_survey,
        }
    }

    /// Files that settled, or are gone; those that `is_suspect` are tried one by one, and what is gone comes after them, because a
    /// file may have been moved. What came before of the same file is dropped.
    pub(super) fn add(&mut self, arrivals: Vec<Arrival>, is_suspect: impl Fn(&Arrival) -> bool) {
        let has_suspects = arrivals.iter().any(&is_suspect);
        for arrival in arrivals {
            self.waiting.remove(arrival.path());
            self.suspected.remove(arrival.path());
            let is_last = has_suspects && matches!(arrival, Arrival::Gone { .. });
            let queue = if is_last || is_suspect(&arrival) { &mut self.suspected } else { &mut self.waiting };
            queue.push(arrival);
        }
    }

    /// A survey is to come.
    pub(super) fn await_survey(&mut self) {
        self.awaits_survey = true;
    }

    /// Everything that a survey found is handed over.
    pub(super) fn finish_survey(&mut self) {
        self.awaits_survey = false;
    }

    /// The next files for the worker; none while it reads, or nothing waits.
    pub(super) fn next_batch(&self) -> Vec<Arrival> {
        if self.is_reading() {
            return Vec::new();
        }
        let batch = self.waiting.first(FILES_A_BATCH);
        if batch.is_empty() { self.suspected.first(1) } else { batch }
    }

    /// The worker has what [`Self::next_batch`] gave.
    pub(super) fn start_batch(&mut self, batch: Vec<Arrival>) {
        for arrival in &batch {
            self.waiting.remove(arrival.path());
            self.suspected.remove(arrival.path());
        }
        self.reading = batch;
    }

    /// The worker has read its files.
    pub(super) fn finish_batch(&mut self) -> Vec<Arrival> {
        std::mem::take(&mut self.reading)
    }

    /// The worker lost its files: they are tried one by one, but for those of which something else came meanwhile. Returns whether one was given up, because it is `hopeless` alone.
    pub(super) fn lose_batch(&mut self, hopeless: impl Fn(&Arrival) -> bool) -> bool {
        let lost = std::mem::take(&mut self.reading);
        let is_given_up = matches!(&lost[..], [only] if hopeless(only));
        if !is_given_up {
            for arrival in lost {
                if !self.waiting.holds(arrival.path()) && !self.suspected.holds(arrival.path()) {
                    self.suspected.push(arrival);
                }
            }
        }
        is_given_up
    }

    pub(super) fn is_reading(&self) -> bool {
        !self.reading.is_empty()
    }

    /// Whether no file is read, waits, or is still to be found.
    pub(super) fn is_at_rest(&self) -> bool {
        !self.is_reading() && self.n_waiting() == 0 && !self.awaits_survey
    }

    pub(super) fn n_waiting(&self) -> usize {
        self.waiting.len() + self.suspected.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::FileStamp;

    fn settled(number: usize, last_try: bool) -> Arrival {
        Arrival::Settled { path: format!("{number}.png"), stamp: FileStamp::NONE, last_try }
    }

    fn arrivals(n: usize) -> Vec<Arrival> {
        (0..n).map(|number| settled(number, true)).collect()
    }

    fn start(queue: &mut IntakeQueue) -> Vec<Arrival> {
        let batch = queue.next_batch();
        queue.start_batch(batch.clone());
        batch
    }

    #[test]
    fn one_batch_at_a_time_in_the_order_of_arrival() {
        let mut queue = IntakeQueue::new(false);
        assert!(queue.is_at_rest() && queue.next_batch().is_empty());
        queue.add(arrivals(FILES_A_BATCH + 1), |_| false);
        assert_eq!((start(&mut queue).len(), queue.n_waiting()), (FILES_A_BATCH, 1));
        assert!(queue.is_reading() && queue.next_batch().is_empty(), "one at a time");
        queue.finish_batch();
        assert!(!queue.is_at_rest(), "one file waits");
        assert_eq!(start(&mut queue).len(), 1);
        queue.finish_batch();
        assert!(queue.is_at_rest());
    }

    #[test]
    fn suspected_files_come_last_and_one_by_one() {
        let mut queue = IntakeQueue::new(false);
        queue.add(arrivals(4), |arrival| ["0.png", "2.png"].contains(&arrival.path()));
        let mut lose_then_finish = || {
            let batch = start(&mut queue);
            queue.lose_batch(|_| false);
            batch.len()
        };
        assert_eq!([lose_then_finish(), lose_then_finish()], [2, 1]);
        let rest = std::iter::from_fn(|| {
            let batch = start(&mut queue);
            queue.finish_batch();
            batch.first().map(|arrival| arrival.path().to_owned())
        });
        assert_eq!(rest.collect::<Vec<_>>(), ["2.png", "1.png", "3.png", "0.png"]);
        assert!(queue.is_at_rest());
    }

    #[test]
    fn of_a_file_only_the_last_arrival_waits() {
        let mut queue = IntakeQueue::new(false);
        queue.add(arrivals(2), |_| true);
        queue.add(vec![settled(0, false)], |_| false);
        assert_eq!((queue.n_waiting(), start(&mut queue)), (2, vec![settled(0, false)]), "it is no suspect any more");
        queue.add(arrivals(1), |_| true);
        assert!(!queue.lose_batch(|_| false));
        assert_eq!((queue.n_waiting(), start(&mut queue)), (2, vec![settled(1, true)]));
        queue.finish_batch();
        assert_eq!(start(&mut queue), [settled(0, true)], "not what was lost");
    }

    #[test]
    fn what_is_gone_comes_after_the_suspected_files_it_came_with() {
        let gone = || Arrival::Gone { path: "moved.png".into() };
        let mut queue = IntakeQueue::new(false);
        queue.add([arrivals(2), vec![gone()]].concat(), |arrival| arrival.path() == "1.png");
        let order = std::iter::from_fn(|| {
            let batch = start(&mut queue);
            queue.finish_batch();
            (!batch.is_empty()).then_some(batch)
        });
        assert_eq!(order.collect::<Vec<_>>(), [vec![settled(0, true)], vec![settled(1, true)], vec![gone()]]);
    }

    #[test]
    fn one_that_is_lost_alone_and_hopeless_is_given_up() {
        let mut queue = IntakeQueue::new(false);
        queue.add(arrivals(2), |_| false);
        start(&mut queue);
        assert!(!queue.lose_batch(|_| true) && queue.n_waiting() == 2, "each is tried alone");
        start(&mut queue);
        assert!(queue.lose_batch(|_| true) && queue.n_waiting() == 1);
    }

    #[test]
    fn it_is_not_at_rest_before_the_survey_has_ended() {
        let mut queue = IntakeQueue::new(true);
        assert!(!queue.is_at_rest());
        queue.finish_survey();
        assert!(queue.is_at_rest());
    }
}

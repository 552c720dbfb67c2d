//! What failed and is not done: why, and when it is next tried. Pauses grow with every failure.
//!
//! It knows no clock: every question brings the time.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::domain::{DatasetName, ScanKey};
use crate::workflow::{FailedWork, Fault, Work};

/// The pause after the first failure; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(600);
/// The same for what a disk or a device refused, as work goes on within 30 seconds of the end of that, and for erasures.
const LONGEST_OUTSIDE_PAUSE: Duration = Duration::from_secs(20);
/// What its inputs or the program itself make fail is set aside after so many tries.
const TRIES: u32 = 3;

/// What is tried again as one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Task {
    /// Commits to the registry.
    Record,
    /// To name a job before it begins.
    Attempts,
    /// To find out which trainings are due.
    FindDue,
    /// The training of a dataset.
    Training(DatasetName),
    /// One part of a dataset's last training that is not its model: a page, a sheet, the copies of an image.
    Part(DatasetName, Work, String),
    /// The explanation of a scan.
    Scan(ScanKey),
    /// The gallery.
    Gallery,
    /// Deciding on a file.
    Intake,
    /// The removal of forgotten images.
    Erasure,
    /// The removal of what exceeds the limits.
    Retention,
}

/// A task that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failed {
    /// The last failure.
    pub(super) work: FailedWork,
    /// How often it failed, one after the other.
    pub(super) n_failures: u32,
    /// `None`: not by itself.
    pub(super) next_try: Option<Instant>,
    /// It is not tried again until something changes that it depends on.
    is_set_aside: bool,
    /// Counts all failures of the process.
    order: u64,
}

/// All tasks that failed and are not done.
#[derive(Debug)]
pub(super) struct FailedTasks {
    tries_again: bool,
    tasks: BTreeMap<Task, Failed>,
    /// Datasets whose scans all wait, since the cause of a failure may hold for each: how often, and until when.
    paused: BTreeMap<DatasetName, (u32, Instant)>,
    n_noted: u64,
    /// [`Self::n_noted`] when parts were last to be made anew.
    renewed_since: u64,
}

impl FailedTasks {
    /// `tries_again`: whether this process lives long enough for another try.
    pub(super) fn new(tries_again: bool) -> Self {
        Self { tries_again, tasks: BTreeMap::new(), paused: BTreeMap::new(), n_noted: 0, renewed_since: 0 }
    }

    /// A task failed; `may_pass`: whether another try can help.
    pub(super) fn note(&mut self, task: Task, work: FailedWork, may_pass: bool, now: Instant) {
        let n_failures = 1 + self.tasks.get(&task).map_or(0, |failed| failed.n_failures);
        // A person waits for an erasure, and nothing replaces it.
        let is_erasure = task == Task::Erasure;
        let is_set_aside = may_pass && !is_erasure && !is_outside(work.fault) && n_failures >= TRIES;
        let tries_again = may_pass && self.tries_again && !is_set_aside;
        let longest = if is_erasure { LONGEST_OUTSIDE_PAUSE } else { LONGEST_PAUSE };
        let next_try = tries_again.then(|| now + pause(n_failures, work.fault).min(longest));
        self.n_noted += 1;
        self.tasks.insert(task, Failed { work, n_failures, next_try, is_set_aside, order: self.n_noted });
    }

    /// Whether anything is set aside.
    pub(super) fn has_set_aside(&self) -> bool {
        self.tasks.values().any(|failed| failed.is_set_aside)
    }

    /// Something changed that work may depend on: what was set aside has three more tries.
    pub(super) fn take_up(&mut self, now: Instant) {
        for failed in self.tasks.values_mut().filter(|failed| failed.is_set_aside && self.tries_again) {
            (failed.n_failures, failed.next_try, failed.is_set_aside) = (0, Some(now), false);
        }
        self.paused.clear();
    }

    /// A task is done. If a disk stood in its way, it may stand in no other's way any more.
    pub(super) fn clear(&mut self, task: &Task, now: Instant) {
        if self.tasks.remove(task).is_some_and(|failed| failed.work.fault == Fault::Io) {
            self.paused.clear();
            self.hurry(|_, failed| failed.work.fault == Fault::Io, now);
        }
    }

    /// A task needs no other try: there is nothing to do for it any more.
    pub(super) fn drop_task(&mut self, task: &Task) {
        self.tasks.remove(task);
    }

    /// Parts of a dataset's training are made anew now: a failure from before counts until that is done, and is tried by
    /// nobody else meanwhile.
    pub(super) fn renew_parts(&mut self, dataset: &DatasetName) {
        self.renewed_since = self.n_noted;
        let parts = self.tasks.iter_mut().filter(|(task, _)| matches!(task, Task::Part(of, ..) if of == dataset));
        parts.for_each(|(_, failed)| failed.next_try = None);
    }

    /// It is done: parts that failed before and not again are made, or are no more to be made; of these, `which`.
    pub(super) fn clear_former_parts(&mut self, dataset: &DatasetName, which: impl Fn(&FailedWork) -> bool) {
        let since = self.renewed_since;
        let is_former = |failed: &Failed| failed.order <= since && which(&failed.work);
        self.tasks.retain(|task, failed| !(matches!(task, Task::Part(of, ..) if of == dataset) && is_former(failed)));
    }

    /// What the parts of a dataset's training name is not there any more.
    pub(super) fn drop_parts(&mut self, dataset: &DatasetName) {
        self.tasks.retain(|task, _| !matches!(task, Task::Part(of, ..) if of == dataset));
    }

    /// Scans that are not known any more need no explanation.
    pub(super) fn keep_scans(&mut self, is_known: impl Fn(&ScanKey) -> bool) {
        self.tasks.retain(|task, _| if let Task::Scan(key) = task { is_known(key) } else { true });
    }

    /// Another model may explain what the last one could not.
    pub(super) fn release_scans(&mut self) {
        self.paused.clear();
        self.keep_scans(|_| false);
    }

    /// The cause of a scan's failure may hold for all of its dataset: one of them tries whether it still does.
    pub(super) fn pause_scans(&mut self, dataset: &DatasetName, fault: Fault, now: Instant) {
        if self.tries_again {
            let n_failures = 1 + self.paused.get(dataset).map_or(0, |(n, _)| *n);
            self.paused.insert(dataset.clone(), (n_failures, now + pause(n_failures, fault)));
        }
    }

    /// A scan of `dataset` was explained, so the others that wait for the same need wait no longer.
    pub(super) fn resume_scans(&mut self, dataset: &DatasetName, now: Instant) {
        if self.paused.remove(dataset).is_some() {
            self.hurry(|task, _| matches!(task, Task::Scan(_)), now);
        }
    }

    /// Whether the scans of `dataset` wait.
    pub(super) fn is_paused(&self, dataset: &DatasetName, now: Instant) -> bool {
        self.paused.get(dataset).is_some_and(|(_, until)| *until > now)
    }

    /// Whether the next try of a task is at least its third, one after the other.
    pub(super) fn is_last_try(&self, task: &Task) -> bool {
        self.tasks.get(task).is_some_and(|failed| failed.n_failures + 1 >= TRIES)
    }

    /// Whether a task failed and is not done since.
    pub(super) fn has_failed(&self, task: &Task) -> bool {
        self.tasks.contains_key(task)
    }

    /// Whether the task failed by just this the last time.
    pub(super) fn is_known(&self, task: &Task, work: &FailedWork) -> bool {
        self.tasks.get(task).is_some_and(|failed| failed.work == *work)
    }

    /// Whether a task failed and its next try is not due.
    pub(super) fn holds(&self, task: &Task, now: Instant) -> bool {
        self.tasks.get(task).is_some_and(|failed| failed.next_try.is_none_or(|at| at > now))
    }

    /// A dataset whose training, or a part of it, failed and is to be tried now.
    pub(super) fn due_training(&self, now: Instant) -> Option<DatasetName> {
        let due = |failed: &Failed| failed.next_try.is_some_and(|at| at <= now);
        self.tasks.iter().find_map(|(task, failed)| match task {
            Task::Training(dataset) | Task::Part(dataset, ..) if due(failed) => Some(dataset.clone()),
            _ => None,
        })
    }

    /// Scans that failed and are to be tried now.
    pub(super) fn due_scans(&self, now: Instant) -> impl Iterator<Item = &ScanKey> {
        self.tasks.iter().filter_map(move |(task, failed)| match task {
            Task::Scan(key) if failed.next_try.is_some_and(|at| at <= now) => Some(key),
            _ => None,
        })
    }

    /// All of them, the latest failure first.
    pub(super) fn latest_first(&self) -> Vec<&Failed> {
        let mut all: Vec<_> = self.tasks.values().collect();
        all.sort_unstable_by_key(|failed| std::cmp::Reverse(failed.order));
        all
    }

    fn hurry(&mut self, which: impl Fn(&Task, &Failed) -> bool, now: Instant) {
        for (task, failed) in &mut self.tasks {
            if failed.next_try.is_some() && which(task, failed) {
                failed.next_try = Some(now);
            }
        }
    }
}

/// How long a task rests that failed `n_failures` times, one after the other.
fn pause(n_failures: u32, fault: Fault) -> Duration {
    let longest = if matches!(fault, Fault::Io | Fault::Device) { LONGEST_OUTSIDE_PAUSE } else { LONGEST_PAUSE };
    FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(n_failures.saturating_sub(1))).min(longest)
}

/// Whether a fault lies outside of the program and of what it works on.
fn is_outside(fault: Fault) -> bool {
    !matches!(fault, Fault::Data | Fault::Program)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ContentHash;

    fn dataset(name: &str) -> DatasetName {
        DatasetName::new(name).unwrap()
    }

    fn training(name: &str) -> Task {
        Task::Training(dataset(name))
    }

    fn scan(name: &str) -> Task {
        Task::Scan((Some(dataset("a")), ContentHash::of(name.as_bytes())))
    }

    fn full_disk() -> FailedWork {
        FailedWork::new(Work::Training, "a", Fault::Io, "the disk is full; free some space")
    }

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn pauses_double_up_to_ten_minutes_and_for_a_disk_or_device_up_to_twenty_seconds() {
        let pauses = |fault| (1..=9).map(|n| pause(n, fault).as_secs()).collect::<Vec<_>>();
        for fault in [Fault::Later, Fault::Data, Fault::Missing, Fault::Program] {
            assert_eq!(pauses(fault), [5, 10, 20, 40, 80, 160, 320, 600, 600], "{fault:?}");
            assert_eq!(pause(u32::MAX, fault), LONGEST_PAUSE);
        }
        for fault in [Fault::Io, Fault::Device] {
            assert_eq!(pauses(fault), [5, 10, 20, 20, 20, 20, 20, 20, 20], "{fault:?}");
        }
    }

    #[test]
    fn what_the_data_or_the_program_make_fail_is_set_aside_after_three_tries_until_something_changes() {
        for (fault, is_set_aside) in [
            (Fault::Later, false),
            (Fault::Data, true),
            (Fault::Missing, false),
            (Fault::Device, false),
            (Fault::Io, false),
            (Fault::Program, true),
        ] {
            let (mut failed, now) = (FailedTasks::new(true), Instant::now());
            let later = now + LONGEST_PAUSE;
            for n in 1..=4 {
                failed.note(training("a"), FailedWork::new(Work::Training, "a", fault, "why; remedy"), true, now);
                assert_eq!(failed.due_training(later).is_none(), is_set_aside && n >= 3, "{fault:?}, {n} failures");
            }
            failed.take_up(now);
            assert_eq!(failed.due_training(later), Some(dataset("a")), "{fault:?}");
        }
    }

    #[test]
    fn an_erasure_is_never_set_aside_and_tried_again_at_least_every_20_seconds() {
        for fault in [Fault::Later, Fault::Data, Fault::Missing, Fault::Device, Fault::Io, Fault::Program] {
            let (mut failed, now) = (FailedTasks::new(true), Instant::now());
            for n in 1..=12 {
                failed.note(Task::Erasure, FailedWork::new(Work::Erasure, "a", fault, "why; remedy"), true, now);
                assert!(!failed.holds(&Task::Erasure, now + seconds(20)), "{fault:?}, {n} failures");
                assert!(!failed.has_set_aside());
            }
        }
    }

    #[test]
    fn a_training_is_due_when_its_pause_is_over_and_the_next_one_is_longer() {
        let (mut failed, start) = (FailedTasks::new(true), Instant::now());
        failed.note(training("a"), full_disk(), true, start);
        assert!(failed.holds(&training("a"), start + seconds(4)));
        assert_eq!(failed.due_training(start + seconds(4)), None);
        assert_eq!(failed.due_training(start + seconds(5)), Some(dataset("a")));
        assert!(!failed.is_last_try(&training("a")));
        failed.note(training("a"), full_disk(), true, start + seconds(5));
        assert!(failed.is_last_try(&training("a")));
        assert_eq!(failed.due_training(start + seconds(14)), None);
        assert_eq!(failed.due_training(start + seconds(15)), Some(dataset("a")));
        failed.clear(&training("a"), start + seconds(20));
        assert_eq!((failed.due_training(start + seconds(999)), failed.latest_first().len()), (None, 0));
        failed.note(training("a"), full_disk(), true, start + seconds(20));
        assert_eq!(failed.due_training(start + seconds(25)), Some(dataset("a")), "it begins anew");
    }

    #[test]
    fn what_cannot_pass_and_a_process_that_ends_try_nothing_again() {
        let start = Instant::now();
        for (tries_again, may_pass) in [(true, false), (false, true)] {
            let mut failed = FailedTasks::new(tries_again);
            failed.note(Task::Gallery, full_disk(), may_pass, start);
            failed.pause_scans(&dataset("a"), Fault::Io, start);
            assert!(failed.holds(&Task::Gallery, start + LONGEST_PAUSE));
            assert_eq!(failed.is_paused(&dataset("a"), start), tries_again, "a run does all it can");
        }
    }

    #[test]
    fn a_disk_that_takes_writes_again_is_tried_by_all() {
        let (mut failed, start) = (FailedTasks::new(true), Instant::now());
        failed.note(training("a"), full_disk(), true, start);
        failed.note(Task::Gallery, full_disk(), true, start);
        let other = FailedWork::new(Work::Training, "b", Fault::Data, "its weights are damaged; copy them again");
        failed.note(training("b"), other, true, start);
        failed.clear(&Task::Gallery, start + seconds(1));
        assert_eq!(failed.due_training(start + seconds(1)), Some(dataset("a")));
        assert!(failed.holds(&training("b"), start + seconds(1)));
    }

    #[test]
    fn scans_of_a_dataset_wait_together_and_go_on_together() {
        let (mut failed, start) = (FailedTasks::new(true), Instant::now());
        failed.note(scan("1"), full_disk(), true, start);
        failed.pause_scans(&dataset("a"), Fault::Io, start);
        assert!(failed.is_paused(&dataset("a"), start + seconds(4)));
        assert!(!failed.is_paused(&dataset("b"), start));
        assert!(!failed.is_paused(&dataset("a"), start + seconds(5)), "one of them tries");
        failed.resume_scans(&dataset("a"), start + seconds(2));
        assert!(!failed.holds(&scan("1"), start + seconds(2)));
        failed.release_scans();
        assert_eq!(failed.latest_first().len(), 0);
    }

    #[test]
    fn the_latest_failure_comes_first() {
        let (mut failed, start) = (FailedTasks::new(true), Instant::now());
        failed.note(training("a"), full_disk(), true, start);
        failed.note(Task::Gallery, full_disk(), true, start);
        failed.note(training("a"), full_disk(), true, start);
        let found: Vec<_> = failed.latest_first().into_iter().map(|failed| failed.n_failures).collect();
        assert_eq!(found, [2, 1]);
    }
}

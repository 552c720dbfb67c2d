//! The settle rules one by one, then all of them against a world of random events.

mod faults;

use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::privacy::shown;

use super::*;

const SETTLE: u64 = 1_000;
const UNCLOSED: u64 = 5_000;
const MAX: u64 = 600_000;

fn settings() -> WatchSettings {
    WatchSettings {
        inbox: "/in".into(),
        settle: Duration::from_millis(SETTLE),
        settle_unclosed: Duration::from_millis(UNCLOSED),
        max_settle: Duration::from_millis(MAX),
        rescan: Duration::from_secs(60),
    }
}

/// A file system of names and looks, with both clocks in milliseconds.
struct World {
    start: Instant,
    instant: u64,
    wall: u64,
    version: u64,
    files: BTreeMap<String, FileSnapshot>,
    changed: BTreeMap<String, u64>,
    tracker: Tracker,
    reported: Vec<Arrival>,
}

impl World {
    fn new() -> Self {
        Self {
            start: Instant::now(),
            instant: 0,
            wall: 1_000_000,
            version: 0,
            files: BTreeMap::new(),
            changed: BTreeMap::new(),
            tracker: Tracker::new(&settings(), BTreeMap::new()),
            reported: Vec::new(),
        }
    }

    fn now(&self) -> Now {
        Now {
            instant: self.start + Duration::from_millis(self.instant),
            wall: UNIX_EPOCH + Duration::from_millis(self.wall),
        }
    }

    /// Every change makes a stamp that never was before.
    fn change(&mut self, path: &str, mtime: u64) {
        self.version += 1;
        let ns = |ms: u64| i64::try_from(ms).unwrap() * 1_000_000;
        let (len, ctime_ns) = (self.version, Some(ns(self.wall)));
        let stamp = FileStamp { len, mtime_ns: ns(mtime), inode: 1, ctime_ns, sample: None };
        self.files.insert(path.into(), FileSnapshot { stamp, is_remote: false });
        self.changed.insert(path.into(), self.instant);
    }

    fn write(&mut self, path: &str) {
        self.change(path, self.wall);
    }

    fn event(&mut self, path: &str, trigger: Trigger) {
        self.tracker.observe(path, Ok(self.files.get(path).copied()), trigger, self.now());
    }

    fn reconsider(&mut self, path: &str, failure: &FileFailure) -> bool {
        self.tracker.reconsider(path, Ok(self.files.get(path).copied()), failure, self.now())
    }

    fn listed(&self) -> Vec<String> {
        let listed = self.tracker.listed(self.now());
        listed.iter().map(|line| line.replace(&shown("a"), "a")).collect()
    }

    fn survey(&mut self) {
        self.tracker.survey(&self.files, |_| true, self.now());
    }

    /// Lets time pass; what settles is reported as soon as it is due, and must not have changed for `SETTLE`.
    fn pass(&mut self, ms: u64) {
        let end = self.instant + ms;
        loop {
            let due = self.tracker.next_due().map(|due| u64::try_from((due - self.start).as_millis()).unwrap());
            let next = due.map_or(end, |due| due.clamp(self.instant, end));
            self.wall += next - self.instant;
            self.instant = next;
            let batch = self.tracker.collect(self.now(), |path| Ok(self.files.get(path).copied()));
            for arrival in &batch {
                self.check(arrival);
            }
            self.reported.extend(batch);
            if next == end && self.tracker.next_due().is_none_or(|due| due > self.now().instant) {
                return;
            }
        }
    }

    fn check(&self, arrival: &Arrival) {
        match arrival {
            Arrival::Settled { path, stamp, .. } => {
                assert_eq!(self.files[path].stamp, *stamp, "reported as it is");
                assert!(self.changed[path] + SETTLE <= self.instant, "`{path}` was reported while it changed");
            }
            Arrival::Gone { path } => assert!(!self.files.contains_key(path), "`{path}` is there"),
        }
    }

    fn n_settled(&self) -> usize {
        self.reported.iter().filter(|arrival| matches!(arrival, Arrival::Settled { .. })).count()
    }
}

fn truncated() -> FileFailure {
    FileFailure { may_pass: true, ..FileFailure::new("a", "truncated", "the file ends early", "copy it again") }
}

#[test]
fn a_closed_file_settles_after_a_second_of_quiet() {
    let mut world = World::new();
    world.write("a");
    world.event("a", Trigger::Touched);
    world.pass(500);
    world.event("a", Trigger::Closed);
    world.pass(SETTLE - 1);
    assert_eq!(world.n_settled(), 0);
    world.pass(1);
    assert_eq!(world.n_settled(), 1);
}

#[test]
fn any_change_starts_again_and_without_a_close_it_takes_longer() {
    let mut world = World::new();
    world.write("a");
    world.event("a", Trigger::Closed);
    world.pass(SETTLE - 1);
    world.write("a");
    world.event("a", Trigger::Touched);
    world.pass(UNCLOSED - 1);
    assert_eq!(world.n_settled(), 0);
    world.pass(1);
    assert_eq!(world.n_settled(), 1);
}

#[test]
fn a_change_without_an_event_is_seen_by_the_last_look() {
    let mut world = World::new();
    world.write("a");
    world.event("a", Trigger::Closed);
    world.pass(SETTLE - 1);
    world.write("a");
    world.pass(UNCLOSED);
    assert_eq!(world.n_settled(), 0);
    world.pass(1);
    assert_eq!(world.n_settled(), 1);
}

#[test]
fn an_old_file_settles_at_once_and_a_recent_one_when_it_is_old() {
    let mut world = World::new();
    world.write("recent");
    world.pass(UNCLOSED - 10);
    world.survey();
    world.pass(0);
    assert_eq!(world.n_settled(), 0);
    world.pass(10);
    assert_eq!(world.n_settled(), 1);
}

#[test]
fn a_copy_with_an_old_date_is_as_recent_as_its_copying() {
    let mut world = World::new();
    world.change("a", 0);
    world.survey();
    world.pass(UNCLOSED - 1);
    assert_eq!(world.n_settled(), 0);
}

#[test]
fn a_clock_that_is_set_back_only_makes_it_wait() {
    let mut world = World::new();
    world.write("a");
    world.wall -= 900_000;
    world.survey();
    world.pass(UNCLOSED - 1);
    assert_eq!(world.n_settled(), 0);
    world.pass(1);
    assert_eq!(world.n_settled(), 1);
}

#[test]
fn an_unfinished_file_waits_for_a_change_and_then_has_its_last_try() {
    let mut world = World::new();
    world.write("a");
    world.event("a", Trigger::Closed);
    world.pass(SETTLE);
    world.reconsider("a", &truncated());
    world.survey();
    world.event("a", Trigger::Closed);
    world.pass(MAX - 1);
    assert_eq!(world.n_settled(), 1);
    world.pass(1);
    assert!(matches!(world.reported.last(), Some(Arrival::Settled { last_try: true, .. })), "{:?}", world.reported);
}

#[test]
fn an_unfinished_file_that_grows_is_tried_again() {
    let mut world = World::new();
    world.write("a");
    world.event("a", Trigger::Closed);
    world.pass(SETTLE);
    world.reconsider("a", &truncated());
    world.write("a");
    world.event("a", Trigger::Closed);
    world.pass(SETTLE);
    assert!(matches!(world.reported.last(), Some(Arrival::Settled { last_try: false, .. })), "{:?}", world.reported);
    assert_eq!(world.n_settled(), 2);
}

#[test]
fn a_removed_folder_takes_its_files_with_it_and_no_others() {
    let mut world = World::new();
    for path in ["c/a", "c/b/a", "cc/a"] {
        world.write(path);
        world.event(path, Trigger::Closed);
    }
    world.pass(SETTLE);
    world.files.retain(|path, _| !path.starts_with("c/"));
    world.tracker.removed("c", world.now());
    world.pass(UNCLOSED);
    let gone: Vec<_> = world.reported[3..].iter().map(Arrival::path).collect();
    assert_eq!(gone, ["c/a", "c/b/a"]);
}

#[test]
fn what_a_survey_could_not_look_into_is_not_gone() {
    let mut world = World::new();
    world.write("c/a");
    world.event("c/a", Trigger::Closed);
    world.pass(SETTLE);
    world.tracker.survey(&BTreeMap::new(), |path| !path.starts_with("c/"), world.now());
    assert_eq!(world.tracker.n_waiting(), 0);
}

#[test]
fn known_files_are_told_again_only_when_they_changed() {
    let mut world = World::new();
    world.write("same");
    world.write("changed");
    world.pass(UNCLOSED);
    let known = world.files.iter().map(|(path, snapshot)| (path.clone(), snapshot.stamp));
    let known = known.chain([("gone".to_owned(), world.files["same"].stamp)]).collect();
    world.tracker = Tracker::new(&settings(), known);
    world.write("changed");
    world.survey();
    world.pass(UNCLOSED);
    let reported: Vec<_> = world.reported.iter().map(Arrival::path).collect();
    assert_eq!(reported, ["changed", "gone"]);
}

#[derive(Debug, Clone)]
enum Step {
    /// A write; its event may be lost.
    Write {
        file: usize,
        lost: bool,
    },
    /// A close without a write before it.
    Close {
        file: usize,
    },
    /// Another file in this one's place, dated long ago.
    MoveIn {
        file: usize,
        lost: bool,
    },
    Remove {
        file: usize,
        lost: bool,
    },
    Reconsider {
        file: usize,
    },
    InboxSurvey,
    SetClockBack {
        ms: u64,
    },
    Pass {
        ms: u64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let file = 0..3_usize;
    prop_oneof![
        4 => (file.clone(), any::<bool>()).prop_map(|(file, lost)| Step::Write { file, lost }),
        2 => file.clone().prop_map(|file| Step::Close { file }),
        1 => (file.clone(), any::<bool>()).prop_map(|(file, lost)| Step::MoveIn { file, lost }),
        1 => (file.clone(), any::<bool>()).prop_map(|(file, lost)| Step::Remove { file, lost }),
        1 => file.prop_map(|file| Step::Reconsider { file }),
        1 => Just(Step::InboxSurvey),
        1 => (0..100_000_u64).prop_map(|ms| Step::SetClockBack { ms }),
        5 => (0..2 * UNCLOSED).prop_map(|ms| Step::Pass { ms }),
    ]
}

impl World {
    fn take(&mut self, step: &Step) {
        let name = |file: &usize| format!("f{file}");
        match step {
            Step::Write { file, lost } => {
                self.write(&name(file));
                self.unless(*lost, &name(file), Trigger::Touched);
            }
            Step::Close { file } if self.files.contains_key(&name(file)) => self.event(&name(file), Trigger::Closed),
            Step::MoveIn { file, lost } => {
                self.change(&name(file), 0);
                self.unless(*lost, &name(file), Trigger::Closed);
            }
            Step::Remove { file, lost } => {
                self.files.remove(&name(file));
                if !lost {
                    self.tracker.removed(&name(file), self.now());
                }
            }
            Step::Reconsider { file } if self.was_told_to_the_first_time(&name(file)) => {
                let path = name(file);
                self.reconsider(&path, &truncated());
            }
            Step::Close { .. } | Step::Reconsider { .. } => {}
            Step::InboxSurvey => self.survey(),
            Step::SetClockBack { ms } => self.wall = self.wall.saturating_sub(*ms),
            Step::Pass { ms } => self.pass(*ms),
        }
    }

    fn unless(&mut self, lost: bool, path: &str, trigger: Trigger) {
        if !lost {
            self.event(path, trigger);
        }
    }

    fn was_told_to_the_first_time(&self, path: &str) -> bool {
        let last = self.reported.iter().rev().find(|arrival| arrival.path() == path);
        matches!(last, Some(Arrival::Settled { last_try: false, .. }))
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Never reported while it changes (see `World::check`), each state of each file once and once more as its last try,
    /// and in the end all is reported.
    #[test]
    fn every_state_is_told_once_and_in_the_end_all_is_told(steps in prop::collection::vec(step(), 1..60)) {
        let mut world = World::new();
        for step in &steps {
            world.take(step);
        }
        world.survey();
        world.pass(MAX + 4 * UNCLOSED);
        prop_assert_eq!(world.tracker.n_waiting(), 0);
        let mut reported = BTreeSet::new();
        let mut present = BTreeMap::new();
        for arrival in &world.reported {
            match arrival {
                Arrival::Settled { path, stamp, last_try } => {
                    prop_assert!(reported.insert((path, stamp.len, *last_try)), "reported twice: {:?}", arrival);
                    present.insert(path.clone(), *stamp);
                }
                Arrival::Gone { path } => prop_assert!(present.remove(path).is_some(), "gone, never reported: {}", path),
            }
        }
        let files: BTreeMap<_, _> = world.files.iter().map(|(path, snapshot)| (path.clone(), snapshot.stamp)).collect();
        prop_assert_eq!(present, files);
    }
}

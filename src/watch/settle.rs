//! When is a file finished? A pure state machine: from what was seen and when, it decides what can be read.
//!
//! It knows no file system, no clock and no notify; whoever asks brings the looks and the times.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::config::WatchSettings;
pub(super) use crate::content::FileSnapshot;
use crate::domain::{Arrival, FileStamp};

/// What made somebody look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trigger {
    /// A writer closed the file, or it was moved to its place.
    Closed,
    /// It was created or written to.
    Touched,
    /// A survey came by.
    Surveyed,
}

/// One moment on two clocks: the one that only goes forward, and the one that files are dated by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Now {
    pub(super) instant: Instant,
    pub(super) wall: SystemTime,
}

impl Now {
    pub(super) fn read() -> Self {
        Self { instant: Instant::now(), wall: SystemTime::now() }
    }
}

/// The states of every file that is not at rest.
#[derive(Debug)]
pub(super) struct Tracker {
    settle: Duration,
    settle_unclosed: Duration,
    max_settle: Duration,
    /// What was reported, and as of when; `None` when it has to be reported again.
    known: BTreeMap<String, Option<FileStamp>>,
    waiting: BTreeMap<String, Waiting>,
}

#[derive(Debug, Clone, Copy)]
struct Waiting {
    phase: FileState,
    due: Instant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FileState {
    /// Read when it still looks like this.
    Settling(FileSnapshot),
    /// It was read, and ended too early; read a last time unless it changes before.
    Unfinished(FileSnapshot),
    /// Given up only after a while: it may be about to be replaced, or may have moved.
    Vanished,
}

impl Tracker {
    /// `known` are the files that need not be reported again, by path.
    pub(super) fn new(settings: &WatchSettings, known: BTreeMap<String, FileStamp>) -> Self {
        Self {
            settle: settings.settle,
            settle_unclosed: settings.settle_unclosed,
            max_settle: settings.max_settle,
            known: known.into_iter().map(|(path, stamp)| (path, Some(stamp))).collect(),
            waiting: BTreeMap::new(),
        }
    }

    /// How many files were reported and are still there.
    pub(super) fn n_known(&self) -> usize {
        self.known.len()
    }

    /// How many files are not at rest.
    pub(super) fn n_waiting(&self) -> usize {
        self.waiting.len()
    }

    /// When [`Self::collect`] has something to do next.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.waiting.values().map(|waiting| waiting.due).min()
    }

    /// Somebody looked at `path`; `None` when no file is there.
    pub(super) fn observe(&mut self, path: &str, snapshot: Option<FileSnapshot>, trigger: Trigger, now: Now) {
        match snapshot {
            Some(snapshot) => self.present(path, snapshot, trigger, now),
            None => self.absent(path, now),
        }
    }

    /// Everything that is there now. What is not in `found` is gone, if the survey came by where it was (`covers`).
    pub(super) fn survey(&mut self, found: &BTreeMap<String, FileSnapshot>, covers: impl Fn(&str) -> bool, now: Now) {
        for (path, snapshot) in found {
            self.present(path, *snapshot, Trigger::Surveyed, now);
        }
        let missed = |path: &&String| !found.contains_key(*path) && covers(path);
        let missing: Vec<String> = self.known.keys().chain(self.waiting.keys()).filter(missed).cloned().collect();
        for path in missing {
            self.absent(&path, now);
        }
    }

    /// A folder (or file) is no longer at `path`, and so nothing below it.
    pub(super) fn removed(&mut self, path: &str, now: Now) {
        let below = format!("{path}/");
        let mut missing = vec![path.to_owned()];
        missing.extend(keys_below(&self.known, &below));
        missing.extend(keys_below(&self.waiting, &below));
        for path in missing {
            self.absent(&path, now);
        }
    }

    /// The file that was reported at `path` is incomplete: it waits for a change, and is reported a last time after
    /// `max_settle` without one.
    pub(super) fn reconsider(&mut self, path: &str, snapshot: Option<FileSnapshot>, now: Now) {
        let reported = self.known.insert(path.to_owned(), None).flatten();
        match snapshot {
            None => self.absent(path, now),
            Some(snapshot) if reported == Some(snapshot.stamp) => {
                self.wait(path, FileState::Unfinished(snapshot), self.max_settle, now);
            }
            Some(_) if self.waiting.contains_key(path) => {}
            Some(snapshot) => self.wait(path, FileState::Settling(snapshot), self.settle_unclosed, now),
        }
    }

    /// What is due by now, looked at once more: settled files in the order of their paths, then those that are gone.
    pub(super) fn collect(&mut self, now: Now, mut snapshot: impl FnMut(&str) -> Option<FileSnapshot>) -> Vec<Arrival> {
        let is_due = |(_, waiting): &(&String, &Waiting)| waiting.due <= now.instant;
        let due: Vec<_> = self.waiting.iter().filter(is_due).map(|(path, w)| (path.clone(), w.phase)).collect();
        let (mut settled, mut gone) = (Vec::new(), Vec::new());
        for (path, phase) in due {
            match (phase, snapshot(&path)) {
                (FileState::Settling(old), Some(new)) if old == new => settled.extend(self.deliver(path, new, false)),
                (FileState::Unfinished(old), Some(new)) if old == new => settled.extend(self.deliver(path, new, true)),
                (FileState::Vanished, None) => {
                    self.waiting.remove(&path);
                    gone.extend(self.known.remove(&path).map(|_| Arrival::Gone { path }));
                }
                (_, snapshot) => self.observe(&path, snapshot, Trigger::Surveyed, now),
            }
        }
        settled.append(&mut gone);
        settled
    }

    fn present(&mut self, path: &str, snapshot: FileSnapshot, trigger: Trigger, now: Now) {
        let phase = self.waiting.get(path).map(|waiting| waiting.phase);
        let quiet = match (phase, trigger) {
            // Nothing new; signs that change nothing do not make an unfinished file any more finished.
            (Some(FileState::Unfinished(old)), _) | (Some(FileState::Settling(old)), Trigger::Surveyed)
                if old == snapshot =>
            {
                return;
            }
            (None | Some(FileState::Vanished), Trigger::Surveyed)
                if self.known.get(path) == Some(&Some(snapshot.stamp)) =>
            {
                self.waiting.remove(path);
                return;
            }
            (_, Trigger::Closed) => self.settle,
            (None | Some(FileState::Vanished), Trigger::Surveyed) => {
                self.settle_unclosed.saturating_sub(age(snapshot, now.wall))
            }
            // Written to, or changed between two looks, by somebody who was not seen to close it.
            _ => self.settle_unclosed,
        };
        self.wait(path, FileState::Settling(snapshot), quiet, now);
    }

    fn absent(&mut self, path: &str, now: Now) {
        if !self.known.contains_key(path) {
            self.waiting.remove(path);
        } else if self.waiting.get(path).is_none_or(|waiting| waiting.phase != FileState::Vanished) {
            self.wait(path, FileState::Vanished, self.settle_unclosed, now);
        }
    }

    fn wait(&mut self, path: &str, phase: FileState, quiet: Duration, now: Now) {
        self.waiting.insert(path.to_owned(), Waiting { phase, due: now.instant + quiet });
    }

    /// `None` when exactly this was reported already: an event without a change.
    fn deliver(&mut self, path: String, snapshot: FileSnapshot, last_try: bool) -> Option<Arrival> {
        self.waiting.remove(&path);
        let reported = self.known.insert(path.clone(), Some(snapshot.stamp)).flatten();
        (reported != Some(snapshot.stamp)).then_some(Arrival::Settled { path, stamp: snapshot.stamp, last_try })
    }
}

fn keys_below<V>(map: &BTreeMap<String, V>, below: &str) -> Vec<String> {
    let from = (Bound::Included(below), Bound::Unbounded);
    map.range::<str, _>(from).map(|(path, _)| path).take_while(|path| path.starts_with(below)).cloned().collect()
}

/// How long ago the file was changed last; zero when its dates lie in the future, as after the clock was set back.
fn age(snapshot: FileSnapshot, wall: SystemTime) -> Duration {
    let changed = u64::try_from(snapshot.stamp.mtime_ns.max(snapshot.ctime_ns)).unwrap_or(0);
    wall.duration_since(UNIX_EPOCH + Duration::from_nanos(changed)).unwrap_or_default()
}

#[cfg(test)]
mod tests;

//! When is a file finished? A pure state machine: from what was seen and when, it decides what can be read.
//!
//! It knows no file system, no clock and no notify; whoever asks brings the looks and the times.

mod listing;

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::below::{beginning_with, below};
use crate::config::WatchSettings;
use crate::content::FileFailure;
pub(super) use crate::content::FileSnapshot;
use crate::domain::{Arrival, FileStamp};

/// Until a file is tried again that a disk, a share or a permission did not let us read.
const REFUSED: Duration = Duration::from_secs(15);

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
    /// Why files could not be used at their last try.
    obstacles: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Copy)]
struct Waiting {
    phase: FileState,
    due: Instant,
    since: Instant,
}

/// What one look found: a file, nothing, or why it could not be looked at.
pub(super) type Look = Result<Option<FileSnapshot>, String>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FileState {
    /// Read when it still looks like this.
    Settling(FileSnapshot),
    /// It was read, and ended too early; read a last time unless it changes before.
    Unfinished(FileSnapshot),
    /// A disk, a share or a permission was in the way: read again after a while, as often as it takes.
    Refused(FileSnapshot),
    /// The same, and it could not even be looked at.
    Unseen,
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
            obstacles: BTreeMap::new(),
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

    /// Somebody looked at `path`.
    pub(super) fn observe(&mut self, path: &str, look: Look, trigger: Trigger, now: Now) {
        match look {
            Ok(Some(snapshot)) => self.present(path, snapshot, trigger, now),
            Ok(None) => self.absent(path, now),
            Err(why) => self.unseen(path, why, now),
        }
    }

    /// What was reported of `path` does not hold any more: what is there is reported again.
    pub(super) fn report_again(&mut self, path: &str, look: Look, now: Now) {
        self.obstacles.remove(path);
        if let Some(known) = self.known.get_mut(path) {
            *known = None;
        }
        self.observe(path, look, Trigger::Surveyed, now);
    }

    /// Whether something that was reported lies below `folder`; everything does below the inbox, `""`.
    pub(super) fn knows_below(&self, folder: &str) -> bool {
        below(&self.known, folder).next().is_some()
    }

    /// Whether a file was found there that looks as it did when it was reported: it has its path, size and time of writing,
    /// which any copy keeps that keeps times.
    pub(super) fn recognises_below(&self, folder: &str, found: &BTreeMap<String, FileSnapshot>) -> bool {
        let looks_alike = |a: &FileStamp, b: &FileStamp| (a.len, a.mtime_ns) == (b.len, b.mtime_ns);
        below(&self.known, folder).any(|(path, known)| {
            known.as_ref().zip(found.get(path)).is_some_and(|(known, found)| looks_alike(known, &found.stamp))
        })
    }

    /// What was reported of `path`.
    pub(super) fn reported(&self, path: &str) -> Option<FileStamp> {
        self.known.get(path).copied().flatten()
    }

    /// How many files could not be used at their last try.
    pub(super) fn n_obstacles(&self) -> usize {
        self.obstacles.len()
    }

    /// The bytes of a file were looked at, whose metadata say that nothing changed.
    pub(super) fn recheck(&mut self, path: &str, look: Option<FileSnapshot>, now: Now) {
        let Some((snapshot, reported)) = look.zip(self.reported(path)) else { return };
        if !self.waiting.contains_key(path) && !snapshot.matches(&reported) {
            self.present(path, snapshot, Trigger::Touched, now);
        }
    }

    /// Nothing is decided about files that cannot be seen now (`is_away`): they stay as they were known.
    pub(super) fn suspend(&mut self, is_away: impl Fn(&str) -> bool) {
        self.waiting.retain(|path, _| !is_away(path));
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
        let start = format!("{path}/");
        let mut missing = vec![path.to_owned()];
        missing.extend(beginning_with(&self.known, start.clone()).map(|(path, _)| path.clone()));
        missing.extend(beginning_with(&self.waiting, start).map(|(path, _)| path.clone()));
        for path in missing {
            self.absent(&path, now);
        }
    }

    /// The file that was reported at `path` could not be used. An incomplete one waits for a change, and is reported a last
    /// time after `max_settle` without one; one that could not be read is reported again after a while.
    ///
    /// Returns whether the reason is another than at its last try.
    pub(super) fn reconsider(&mut self, path: &str, look: Look, failure: &FileFailure, now: Now) -> bool {
        let reported = self.known.insert(path.to_owned(), None).flatten();
        let was = self.obstacles.insert(path.to_owned(), failure.sentence());
        match look {
            Ok(None) => self.absent(path, now),
            Err(why) => self.unseen(path, why, now),
            Ok(Some(snapshot)) if reported.is_some_and(|reported| snapshot.matches(&reported)) => {
                if failure.is_refused() {
                    self.wait(path, FileState::Refused(snapshot), REFUSED, now);
                } else {
                    self.wait(path, FileState::Unfinished(snapshot), self.max_settle, now);
                }
            }
            Ok(Some(_)) if self.waiting.contains_key(path) => {}
            Ok(Some(snapshot)) => self.wait(path, FileState::Settling(snapshot), self.settle_unclosed, now),
        }
        was != self.obstacles.get(path).cloned()
    }

    /// What is due by now, looked at once more: settled files in the order of their paths, then those that are gone.
    pub(super) fn collect(&mut self, now: Now, mut look: impl FnMut(&str) -> Look) -> Vec<Arrival> {
        let is_due = |(_, waiting): &(&String, &Waiting)| waiting.due <= now.instant;
        let due: Vec<_> = self.waiting.iter().filter(is_due).map(|(path, w)| (path.clone(), w.phase)).collect();
        let (mut settled, mut gone) = (Vec::new(), Vec::new());
        for (path, phase) in due {
            match (phase, look(&path)) {
                (FileState::Settling(old) | FileState::Refused(old), Ok(Some(new))) if new.matches(&old.stamp) => {
                    settled.extend(self.deliver(path, new, false));
                }
                (FileState::Unfinished(old), Ok(Some(new))) if new.matches(&old.stamp) => {
                    settled.extend(self.deliver(path, new, true));
                }
                (FileState::Vanished, Ok(None)) => {
                    self.waiting.remove(&path);
                    gone.extend(self.known.remove(&path).map(|_| Arrival::Gone { path }));
                }
                (_, look) => self.observe(&path, look, Trigger::Surveyed, now),
            }
        }
        settled.append(&mut gone);
        settled
    }

    fn present(&mut self, path: &str, snapshot: FileSnapshot, trigger: Trigger, now: Now) {
        let phase = self.waiting.get(path).map(|waiting| waiting.phase);
        let quiet = match (phase, trigger) {
            // Nothing new; signs that change nothing do not make an unfinished file any more finished.
            (Some(FileState::Unfinished(old) | FileState::Refused(old)), _)
            | (Some(FileState::Settling(old)), Trigger::Surveyed)
                if snapshot.matches(&old.stamp) =>
            {
                return;
            }
            (None | Some(FileState::Vanished | FileState::Unseen), Trigger::Surveyed)
                if self.reported(path).is_some_and(|reported| snapshot.matches(&reported)) =>
            {
                self.waiting.remove(path);
                self.obstacles.remove(path);
                return;
            }
            (_, Trigger::Closed) => self.settle,
            (None | Some(FileState::Vanished | FileState::Unseen), Trigger::Surveyed) => {
                self.settle_unclosed.saturating_sub(age(snapshot, now.wall))
            }
            // Written to, or changed between two looks, by somebody who was not seen to close it.
            _ => self.settle_unclosed,
        };
        self.wait(path, FileState::Settling(snapshot), quiet, now);
    }

    fn unseen(&mut self, path: &str, why: String, now: Now) {
        self.obstacles.insert(path.to_owned(), why);
        self.wait(path, FileState::Unseen, REFUSED, now);
    }

    fn absent(&mut self, path: &str, now: Now) {
        self.obstacles.remove(path);
        if !self.known.contains_key(path) {
            self.waiting.remove(path);
        } else if self.waiting.get(path).is_none_or(|waiting| waiting.phase != FileState::Vanished) {
            self.wait(path, FileState::Vanished, self.settle_unclosed, now);
        }
    }

    fn wait(&mut self, path: &str, phase: FileState, quiet: Duration, now: Now) {
        let since = self.waiting.get(path).map_or(now.instant, |waiting| waiting.since);
        self.waiting.insert(path.to_owned(), Waiting { phase, due: now.instant + quiet, since });
    }

    /// `None` when exactly this was reported already: an event without a change.
    fn deliver(&mut self, path: String, snapshot: FileSnapshot, last_try: bool) -> Option<Arrival> {
        self.waiting.remove(&path);
        let reported = self.known.insert(path.clone(), Some(snapshot.stamp)).flatten();
        let is_new = reported.is_none_or(|reported| !snapshot.matches(&reported));
        is_new.then_some(Arrival::Settled { path, stamp: snapshot.stamp, last_try })
    }
}

/// How long ago the file was changed last; zero when its dates lie in the future, as after the clock was set back.
fn age(snapshot: FileSnapshot, wall: SystemTime) -> Duration {
    let FileStamp { mtime_ns, ctime_ns, .. } = snapshot.stamp;
    let changed = u64::try_from(ctime_ns.map_or(mtime_ns, |ctime_ns| ctime_ns.max(mtime_ns))).unwrap_or(0);
    wall.duration_since(UNIX_EPOCH + Duration::from_nanos(changed)).unwrap_or_default()
}

#[cfg(test)]
mod tests;

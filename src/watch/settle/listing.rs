//! Files that wait: which, why, and until when.

use crate::privacy::shown;
use std::time::{Duration, SystemTime};

use super::{FileState, Now, Tracker, Waiting};

/// Files that are named; more are counted.
const NAMED: usize = 20;

/// A file that settles is named when it took longer than this.
const SLOW: Duration = Duration::from_secs(10);

impl Tracker {
    /// One sentence for each file that waits for more than its turn, at most [`NAMED`], and one for how many more there are.
    pub(in crate::watch) fn listed(&self, now: Now) -> Vec<String> {
        let mut sentences = self.waiting.iter().filter_map(|(path, waiting)| self.sentence(path, waiting, now));
        let mut listed: Vec<String> = sentences.by_ref().take(NAMED).collect();
        match sentences.count() {
            0 => {}
            n => listed.push(format!("{n} more files wait; the log and the quarantine name those that stay unusable")),
        }
        listed
    }

    /// The files that cannot even be looked at, and why.
    pub(in crate::watch) fn hidden(&self) -> impl Iterator<Item = (String, String)> {
        let unseen = self.waiting.iter().filter(|(_, waiting)| waiting.phase == FileState::Unseen);
        unseen.filter_map(|(path, _)| Some((path.clone(), self.obstacles.get(path)?.clone())))
    }

    /// The files that are being written, or may be.
    pub(in crate::watch) fn unsettled(&self) -> impl Iterator<Item = &String> {
        let unsettled = self.waiting.iter().filter(|(_, waiting)| waiting.phase != FileState::Unseen);
        unsettled.map(|(path, _)| path)
    }

    fn sentence(&self, path: &str, waiting: &Waiting, now: Now) -> Option<String> {
        let name = shown(path);
        let name = name.escape_debug();
        let why = self.obstacles.get(path);
        let due = utc(now.wall + waiting.due.saturating_duration_since(now.instant));
        match (waiting.phase, why) {
            (FileState::Unfinished(_), Some(why)) => {
                Some(format!("`{name}`: {why}; waits for a change until {due}, then it is quarantined"))
            }
            (FileState::Refused(_) | FileState::Unseen, Some(why)) => Some(format!("`{name}`: {why}; next try {due}")),
            (FileState::Settling(_), _) if now.instant.saturating_duration_since(waiting.since) >= SLOW => {
                Some(format!("`{name}`: still being written to; read once it stays the same, next look {due}"))
            }
            _ => None,
        }
    }
}

fn utc(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(time).to_string()
}

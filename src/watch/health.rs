//! How the watching goes: written by the watching thread, read by whoever holds the watcher.

use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::mounts::SeenMounts;
use super::unseen::UnseenInputs;
use crate::content::Skipped;

/// How the watching goes, for the status.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Health {
    /// Why the inbox cannot be read at the moment; one line with the fix. It is retried automatically.
    pub blocked: Option<String>,
    /// Whether the system's events are missing, so that changes are found by rescans alone.
    pub polling: bool,
    /// Files that are not at rest.
    pub n_waiting: usize,
    /// Times the whole inbox was looked at.
    pub n_surveys: u64,
    /// Times the system's events could not be relied on.
    pub n_lost: u64,
    /// What is no input, though it lies where inputs do: one for each reason.
    pub skipped: Vec<SkippedInputs>,
    /// Files that wait for longer than their turn: which, why and until when, one sentence each.
    pub waiting: Vec<String>,
    /// Mounted folders that went away or are others now: which, and what to do, one sentence each. Their files are kept as known.
    pub away: Vec<String>,
    /// The same folders, and what else cannot be seen now.
    pub unseen: UnseenInputs,
    /// Folders that were seen to be mounted, to be known at the next start; `None` when nobody remembers, nor looked.
    pub mounts: Option<SeenMounts>,
}

/// Links, pipes, folders that cannot be read and the like, which are not taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedInputs {
    /// How many, where, the first names, and what to do.
    pub sentence: String,
    /// Whether the disk, a share or a permission is in the way, and not what lies there.
    pub is_refused: bool,
}

impl SkippedInputs {
    /// What cannot be seen now, for this reason.
    pub fn refused(sentence: String) -> Self {
        Self { sentence, is_refused: true }
    }

    /// What was skipped in the inbox.
    pub(super) fn of(skipped: &Skipped, inbox: &Path) -> Vec<Self> {
        let lines = skipped.lines(inbox).into_iter();
        lines.map(|(why, sentence)| Self { sentence, is_refused: why.hides() }).collect()
    }
}

/// A handle; clones share the value.
#[derive(Debug, Clone, Default)]
pub(super) struct SharedHealth(Arc<(Mutex<Health>, Condvar)>);

impl SharedHealth {
    pub(super) fn get(&self) -> Health {
        self.lock().clone()
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut Health)) {
        change(&mut self.lock());
        self.0.1.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Health> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until it `is_so`; whether it came to that within `limit`.
    #[cfg(test)]
    pub(super) fn wait_until(&self, is_so: impl Fn(&Health) -> bool, limit: std::time::Duration) -> bool {
        let waited = self.0.1.wait_timeout_while(self.lock(), limit, |health| !is_so(health));
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }
}

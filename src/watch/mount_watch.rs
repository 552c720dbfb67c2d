//! Looks at the folders that are or were mounted, for [`Mounts`] to judge.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::mount_point::is_mount_point;
use super::mounts::{MountState, Mounts};
use super::settle::Tracker;
use super::survey::InboxSurvey;

/// The mounted folders of one inbox.
#[derive(Debug)]
pub(super) struct MountWatch {
    inbox: PathBuf,
    mounts: Mounts,
}

impl MountWatch {
    /// `seen` are the folders that were mounted before.
    pub(super) fn new(inbox: &Path, seen: BTreeSet<String>) -> Self {
        Self { inbox: inbox.to_owned(), mounts: Mounts::new(seen) }
    }

    /// What is known of them.
    pub(super) fn mounts(&self) -> &Mounts {
        &self.mounts
    }

    /// Whether each is mounted now; `None` where the system refuses to say.
    pub(super) fn states(&self) -> Vec<Option<bool>> {
        self.mounts.seen().iter().map(|folder| self.is_mounted(folder)).collect()
    }

    /// Whether one was mounted or unmounted since the last survey.
    pub(super) fn is_changed(&self) -> bool {
        self.mounts.is_changed(|folder| self.is_mounted(folder))
    }

    /// Takes in a survey of the whole inbox, before and after which the states were the same.
    pub(super) fn judge(&mut self, found: &InboxSurvey, tracker: &Tracker) {
        let mounted: BTreeSet<String> = found.mounted.iter().cloned().chain(mounted_above(&self.inbox)).collect();
        let place = |folder: &str| {
            let within = within_inbox(folder);
            match is_mount_point(&self.inbox.join(folder)) {
                Err(_) => MountState::Unreadable,
                Ok(true) if found.skipped.may_hide(within) => MountState::Unreadable,
                Ok(true) => MountState::Mounted,
                Ok(false) if found.holds_below(within) => MountState::InUse,
                Ok(false) => MountState::Empty,
            }
        };
        self.mounts.judge(&mounted, place, |folder| tracker.knows_below(within_inbox(folder)));
    }

    fn is_mounted(&self, folder: &str) -> Option<bool> {
        is_mount_point(&self.inbox.join(folder)).ok()
    }
}

/// A folder above the inbox holds all of it.
fn within_inbox(folder: &str) -> &str {
    if folder.starts_with('/') { "" } else { folder }
}

/// Mounted folders above the inbox, but for the root of the system, which is always there.
fn mounted_above(inbox: &Path) -> Vec<String> {
    let Ok(inbox) = fs::canonicalize(inbox) else { return Vec::new() };
    let above = inbox.ancestors().skip(1).filter(|folder| folder.parent().is_some());
    let mounted = above.filter(|folder| is_mount_point(folder).is_ok_and(|is_mounted| is_mounted));
    mounted.filter_map(|folder| folder.to_str().map(str::to_owned)).collect()
}

//! Looks at the folders that are or were mounted, for [`Mounts`] to judge.

use std::fs;
use std::path::{Path, PathBuf};

use super::mount_point::{is_mount_point, mounted_at};
use super::mounts::{FilesBelow, FolderEvidence, MountLook, MountLooks, Mounts, SeenMounts};
use super::settle::Tracker;
use super::survey::InboxSurvey;

/// The mounted folders of one inbox.
#[derive(Debug)]
pub(super) struct MountWatch {
    inbox: PathBuf,
    mounts: Mounts,
}

impl MountWatch {
    /// `seen` are the folders that were mounted before; `None` when nobody remembers.
    pub(super) fn new(inbox: &Path, seen: Option<SeenMounts>) -> Self {
        Self { inbox: inbox.to_owned(), mounts: Mounts::new(seen) }
    }

    /// What is known of them.
    pub(super) fn mounts(&self) -> &Mounts {
        &self.mounts
    }

    /// How each is now.
    pub(super) fn looks(&self) -> MountLooks {
        self.mounts.folders().map(|folder| (folder.clone(), self.look(folder))).collect()
    }

    /// Whether one was mounted, unmounted or exchanged since the last survey.
    pub(super) fn is_changed(&self) -> bool {
        self.mounts.is_changed(|folder| self.look(folder))
    }

    /// Takes in a survey of the whole inbox, before and after which these were the looks.
    pub(super) fn judge(&mut self, found: &InboxSurvey, looks: &MountLooks, tracker: &Tracker) {
        let mounted = found.mounted.iter().cloned().chain(mounted_above(&self.inbox)).collect();
        let inbox = &self.inbox;
        let evidence = |folder: &str| {
            let within = within_inbox(folder);
            FolderEvidence {
                look: looks.get(folder).cloned().unwrap_or_else(|| look(inbox, folder)),
                is_hidden: found.skipped.may_hide(within),
                files: files_below(within, found, tracker),
            }
        };
        self.mounts.judge(mounted, evidence);
    }

    fn look(&self, folder: &str) -> MountLook {
        look(&self.inbox, folder)
    }
}

fn look(inbox: &Path, folder: &str) -> MountLook {
    match mounted_at(&inbox.join(folder)) {
        Ok(Some(id)) => MountLook::Mounted(id),
        Ok(None) => MountLook::Unmounted,
        Err(_) => MountLook::Refused,
    }
}

fn files_below(folder: &str, found: &InboxSurvey, tracker: &Tracker) -> FilesBelow {
    if !tracker.knows_below(folder) {
        FilesBelow::Unknown
    } else if tracker.recognises_below(folder, &found.files) {
        FilesBelow::Recognised
    } else if found.holds_below(folder) {
        FilesBelow::Others
    } else {
        FilesBelow::Missing
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

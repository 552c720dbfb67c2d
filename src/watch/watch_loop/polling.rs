//! Whether the system's events are to be had, and what is done without them: the inbox is surveyed more often until they are.

use super::{POLL, WatchLoop};
use crate::content::remote_kind;
use crate::watch::fs_events::OutOfWatches;
use crate::watch::survey::{self, InboxSurvey};

impl WatchLoop {
    /// Watches every folder there is, so that nothing that comes from now on is missed, however long the first survey takes.
    pub(super) fn watch_folders(&mut self) {
        let Some(fs_events) = &mut self.fs_events else { return };
        loop {
            match fs_events.watch(&survey::folders(&self.settings.inbox, &self.stop)) {
                Ok(true) => {}
                Ok(false) => break,
                // The survey reports it, and polls from then on.
                Err(OutOfWatches) => return,
            }
        }
        // Full means that it was notified before.
        let _ = self.reports.ready.try_send(());
    }

    pub(super) fn reopen(&mut self, reason: &str) {
        self.request_rescan(reason);
        self.open_fs_events();
    }

    pub(super) fn open_fs_events(&mut self) {
        self.fs_events = None;
        if let Some(kind) = remote_kind(&self.settings.inbox) {
            return self.poll(&silent(kind));
        }
        match (self.open)(&self.settings.inbox) {
            Ok(fs_events) => self.fs_events = Some(fs_events),
            Err(error) => self.poll(&format!("{error}; raise fs.inotify.max_user_instances (sysctl)")),
        }
    }

    /// What the system refused may be had by now.
    pub(super) fn seek_fs_events(&mut self) {
        self.no_events = None;
        if self.fs_events.is_none() && !self.blocked {
            self.open_fs_events();
        }
    }

    /// After a survey: whether events can be relied on from now on.
    pub(super) fn settle_for_events(&mut self, found: &InboxSurvey) {
        if let Some(kind) = found.shares.kind() {
            self.poll(&silent(kind));
        }
        if self.polling && self.no_events.is_none() {
            tracing::info!("File events again");
            self.polling = false;
            self.report(|health, _| health.polling = false);
        }
    }

    pub(super) fn poll(&mut self, reason: &str) {
        if !self.polling {
            let every = humantime::format_duration(POLL.min(self.settings.rescan));
            tracing::warn!(reason, %every, "No file events; the whole inbox is scanned periodically");
        }
        self.polling = true;
        self.no_events = Some(reason.to_owned());
        self.report(|health, _| health.polling = true);
    }
}

fn silent(kind: &str) -> String {
    format!("{kind} reports no changes made by other machines")
}

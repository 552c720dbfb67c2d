//! What the watching thread says of the inbox, in the log and to whoever holds the watcher.

use super::WatchLoop;
use crate::watch::health::SkippedInputs;
use crate::watch::settle::Now;
use crate::watch::survey::InboxSurvey;

impl WatchLoop {
    /// What is skipped is reported when it is first met.
    pub(super) fn warn_of(&mut self, found: &InboxSurvey) {
        found.skipped.new_since(&self.skipped).warn(&self.settings.inbox);
        if self.skipped != found.skipped {
            self.skipped = found.skipped.clone();
            let inputs = SkippedInputs::of(&self.skipped, &self.settings.inbox);
            self.report(|health, _| health.skipped = inputs);
        }
        self.warn_of_mounts();
    }

    /// Mounted folders that went away are reported once, and so is their return.
    pub(super) fn warn_of_mounts(&mut self) {
        let away = self.mounts.mounts().sentences(&self.settings.inbox);
        for sentence in away.iter().filter(|sentence| !self.away.contains(sentence)) {
            tracing::warn!(reason = %sentence, "Mounted folder not available");
        }
        if away.len() < self.away.len() {
            tracing::info!(n_away = away.len(), "Mounted folder available again");
        }
        self.away.clone_from(&away);
        let (mounts, folders) = (self.mounts.mounts().seen().cloned(), self.mounts.mounts().away());
        self.report(|health, _| (health.away, health.unseen.away, health.mounts) = (away, folders, mounts));
    }

    pub(super) fn report_waiting(&self, now: Now) {
        let listed = self.tracker.listed(now);
        let hidden = self.skipped.hidden().chain(self.tracker.hidden()).collect();
        self.report(|health, _| (health.waiting, health.unseen.hidden) = (listed, hidden));
    }
}

//! What the watching thread does: wait for the next signal, order or deadline, look, and report.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, never, select};

use super::WatchError;
use super::fs_events::{FsEvents, OutOfWatches};
use super::health::{Health, SharedHealth, SkippedInputs};
use super::interpret::Signal;
use super::settle::{Now, Tracker, Trigger};
use super::survey::{self, InboxSurvey};
use crate::config::WatchSettings;
use crate::content::Skipped;
use crate::domain::{Arrival, FileStamp, StopFlag};

/// Between two surveys while there are no events to rely on.
const POLL: Duration = Duration::from_secs(10);

/// Between two attempts to find an inbox that went away.
const RETRY: Duration = Duration::from_secs(2);

/// What others ask of the thread.
pub(super) enum Order {
    /// See [`super::Watcher::reconsider`].
    Reconsider(String),
}

/// How the system's events are asked for.
pub(super) type OpenFsEvents = fn(&Path) -> notify::Result<FsEvents>;

/// The thread's own state.
pub(super) struct WatchLoop {
    settings: WatchSettings,
    tracker: Tracker,
    open: OpenFsEvents,
    /// `None` while the system's events are not to be had.
    fs_events: Option<FsEvents>,
    polling: bool,
    blocked: bool,
    skipped: Skipped,
    next_survey: Instant,
    arrivals: Sender<Vec<Arrival>>,
    ready: Sender<()>,
    health: SharedHealth,
    /// Raised when nobody wants to hear any more; a walk may take long.
    stop: StopFlag,
}

impl WatchLoop {
    pub(super) fn new(
        settings: WatchSettings,
        known: BTreeMap<String, FileStamp>,
        open: OpenFsEvents,
        arrivals: Sender<Vec<Arrival>>,
        ready: Sender<()>,
        health: SharedHealth,
        stop: StopFlag,
    ) -> Self {
        Self {
            tracker: Tracker::new(&settings, known),
            settings,
            open,
            fs_events: None,
            polling: false,
            blocked: false,
            skipped: Skipped::default(),
            next_survey: Instant::now(),
            arrivals,
            ready,
            health,
            stop,
        }
    }

    /// Until the orders end.
    pub(super) fn run(mut self, orders: &Receiver<Order>) {
        self.open_fs_events();
        self.watch_folders();
        loop {
            if self.next_survey <= Instant::now() {
                self.survey();
            }
            if !self.send_settled() {
                return;
            }
            let fs_events = self.fs_events.as_ref();
            let signals = fs_events.map_or_else(never, |fs_events| fs_events.signals.clone());
            let lost = fs_events.map_or_else(never, |fs_events| fs_events.lost.clone());
            select! {
                recv(orders) -> order => match order {
                    Ok(Order::Reconsider(path)) => self.reconsider(&path),
                    Err(_) => return,
                },
                recv(lost) -> _ => self.request_rescan("the queue of events overflowed"),
                recv(signals) -> signal => match signal {
                    Ok(first) => std::iter::once(first).chain(signals.try_iter()).for_each(|s| self.handle_signal(s)),
                    Err(_) => self.reopen("the system ended the watch"),
                },
                default(self.pause()) => {}
            }
        }
    }

    /// Watches every folder there is, so that nothing that comes from now on is missed, however long the first survey takes.
    fn watch_folders(&mut self) {
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
        let _ = self.ready.try_send(());
    }

    /// Time until there is something to do unasked.
    fn pause(&self) -> Duration {
        let due = self.tracker.next_due().filter(|_| !self.blocked);
        due.map_or(self.next_survey, |due| due.min(self.next_survey)).saturating_duration_since(Instant::now())
    }

    /// Sends what has settled; `false` when nobody listens any more.
    fn send_settled(&mut self) -> bool {
        let now = Now::read();
        let mut batch = Vec::new();
        if !self.blocked && self.tracker.next_due().is_some_and(|due| due <= now.instant) {
            let inbox = &self.settings.inbox;
            // While the inbox is away, every look at a file would say that it is gone.
            match survey::check(inbox, self.tracker.n_known()) {
                Ok(()) => batch = self.tracker.collect(now, |path| survey::snapshot(inbox, path)),
                Err(error) => self.block(&error),
            }
        }
        self.report(|health, watch_loop| health.n_waiting = watch_loop.tracker.n_waiting());
        batch.is_empty() || self.arrivals.send(batch).is_ok()
    }

    fn reconsider(&mut self, path: &str) {
        let snapshot = survey::snapshot(&self.settings.inbox, path);
        self.tracker.reconsider(path, snapshot, Now::read());
    }

    fn handle_signal(&mut self, signal: Signal) {
        match signal {
            Signal::Rescan(reason) => self.request_rescan(&reason),
            Signal::Seen(path, trigger) if survey::is_input(&self.settings.inbox, &path) => {
                self.file_changed(&path, trigger);
            }
            Signal::Removed(path) if survey::is_input(&self.settings.inbox, &path) => self.removed(&path),
            _ => {}
        }
    }

    fn file_changed(&mut self, path: &Path, trigger: Trigger) {
        let inbox = &self.settings.inbox;
        if std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir()) {
            // What lies in a folder that appears is not reported, so it has to be looked for.
            self.survey_folder(path);
        } else if let Some(name) = survey::relative(inbox, path) {
            self.tracker.observe(&name, survey::snapshot(inbox, &name), trigger, Now::read());
        }
    }

    fn removed(&mut self, path: &Path) {
        if let Some(fs_events) = &mut self.fs_events {
            fs_events.forget(path);
        }
        if let Some(name) = survey::relative(&self.settings.inbox, path) {
            self.tracker.removed(&name, Now::read());
        }
    }

    fn survey_folder(&mut self, folder: &Path) {
        let (inbox, stop) = (self.settings.inbox.clone(), self.stop.clone());
        let found = self.watch_and_walk(|| Ok(survey::survey_below(&inbox, folder, &stop)));
        let within = survey::relative(&inbox, folder).map(|name| format!("{name}/"));
        if let (Ok(found), Some(within), false) = (found, within, self.stop.is_raised()) {
            let covers = |path: &str| path.starts_with(&within) && found.covers(path);
            self.tracker.survey(&found.files, covers, Now::read());
        }
    }

    fn survey(&mut self) {
        let (inbox, n_known, stop) = (self.settings.inbox.clone(), self.tracker.n_known(), self.stop.clone());
        match self.watch_and_walk(|| survey::survey(&inbox, n_known, &stop)) {
            // Half of a walk would make the other half look gone.
            Ok(_) if self.stop.is_raised() => {}
            Ok(found) => {
                self.unblock();
                self.warn_of(&found);
                self.tracker.survey(&found.files, |path| found.covers(path), Now::read());
                // Full means that it was notified before.
                let _ = self.ready.try_send(());
                let every = if self.polling { POLL.min(self.settings.rescan) } else { self.settings.rescan };
                self.next_survey = Instant::now() + every;
            }
            Err(error) => self.block(&error),
        }
        self.report(|health, _| health.n_surveys += 1);
    }

    /// A folder is watched first and walked then, so that nothing can come in between unseen; what the walk finds anew is
    /// watched and walked again.
    fn watch_and_walk(
        &mut self,
        walk: impl Fn() -> Result<InboxSurvey, WatchError>,
    ) -> Result<InboxSurvey, WatchError> {
        loop {
            let found = walk()?;
            let any_new = match &mut self.fs_events {
                Some(fs_events) => fs_events.watch(&found.folders),
                None => Ok(false),
            };
            match any_new {
                Ok(true) => {}
                Ok(false) => return Ok(found),
                Err(OutOfWatches) => {
                    self.poll("the system grants no more file watches; raise fs.inotify.max_user_watches (sysctl)");
                    return Ok(found);
                }
            }
        }
    }

    /// Events were lost: everything is looked at, now.
    fn request_rescan(&mut self, reason: &str) {
        tracing::info!(reason, "Scanning the whole inbox");
        self.report(|health, _| health.n_lost += 1);
        self.next_survey = Instant::now();
    }

    fn reopen(&mut self, reason: &str) {
        self.request_rescan(reason);
        self.open_fs_events();
    }

    fn open_fs_events(&mut self) {
        self.fs_events = None;
        if let Some(kind) = silent_file_system(&self.settings.inbox) {
            return self.poll(&format!("{kind} reports no changes made by other machines"));
        }
        match (self.open)(&self.settings.inbox) {
            Ok(fs_events) => self.fs_events = Some(fs_events),
            Err(error) => self.poll(&format!("{error}; raise fs.inotify.max_user_instances (sysctl)")),
        }
    }

    fn poll(&mut self, reason: &str) {
        if !self.polling {
            let every = humantime::format_duration(POLL.min(self.settings.rescan));
            tracing::warn!(reason, %every, "No file events; the whole inbox is scanned periodically");
        }
        self.polling = true;
        self.report(|health, _| health.polling = true);
    }

    fn block(&mut self, error: &WatchError) {
        if !self.blocked {
            tracing::warn!(%error, "Inbox not available; its files are kept as known until it is back");
        }
        self.blocked = true;
        // The watches are on folders that are not the inbox any more.
        self.fs_events = None;
        self.next_survey = Instant::now() + RETRY.min(self.settings.rescan);
        self.report(|health, _| health.blocked = Some(error.to_string()));
    }

    fn unblock(&mut self) {
        if self.blocked {
            tracing::info!("Inbox available again");
            self.blocked = false;
            self.report(|health, _| health.blocked = None);
            self.open_fs_events();
        }
    }

    /// What is skipped is reported when it is first met.
    fn warn_of(&mut self, found: &InboxSurvey) {
        found.skipped.new_since(&self.skipped).warn(&self.settings.inbox);
        if self.skipped != found.skipped {
            self.skipped = found.skipped.clone();
            let inputs = SkippedInputs::of(&self.skipped, &self.settings.inbox);
            self.report(|health, _| health.skipped = inputs);
        }
    }

    fn report(&self, change: impl FnOnce(&mut Health, &Self)) {
        self.health.change(|health| change(health, self));
    }
}

/// The name of a file system that does not report changes made elsewhere.
fn silent_file_system(inbox: &PathBuf) -> Option<&'static str> {
    match rustix::fs::statfs(inbox).ok()?.f_type {
        0x6969 => Some("NFS"),
        0xFF53_4D42 | 0xFE53_4D42 => Some("SMB"),
        0x6573_5546 => Some("FUSE"),
        0x0102_1997 => Some("9P"),
        _ => None,
    }
}

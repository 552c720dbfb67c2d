//! What the watching thread does: wait for the next signal, order or deadline, look, and report.

mod polling;
mod reporting;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, never, select};

use super::WatchError;
use super::fs_events::{FsEvents, OutOfWatches};
use super::health::{Health, SharedHealth};
use super::interpret::Signal;
use super::mount_watch::MountWatch;
use super::mounts::{MountLooks, SeenMounts};
use super::remote_check::RemoteCheck;
use super::settle::{Now, Tracker, Trigger};
use super::survey::{self, InboxSurvey, Shares};
use crate::config::WatchSettings;
use crate::content::{FileFailure, Skipped};
use crate::domain::{Arrival, FileStamp, StopFlag};
use crate::privacy::shown;

/// Between two surveys while there are no events to rely on.
const POLL: Duration = Duration::from_secs(10);

/// Between two attempts to find an inbox that went away.
const RETRY: Duration = Duration::from_secs(2);

/// Between two looks whether a mounted folder is still mounted; the system reports neither that nor the contrary.
const PROBE: Duration = Duration::from_secs(5);

/// Files that wait for a reason and are named in the log.
const LOGGED: usize = 100;

/// What others ask of the thread.
pub(super) enum Order {
    /// See [`super::Watcher::reconsider`].
    Reconsider(String, FileFailure),
    /// See [`super::Watcher::report_again`].
    ReportAgain(String),
}

/// Where the thread reports to.
pub(super) struct Reports {
    pub(super) arrivals: Sender<Vec<Arrival>>,
    pub(super) ready: Sender<()>,
    pub(super) health: SharedHealth,
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
    /// Why the last survey found no events to rely on.
    no_events: Option<String>,
    blocked: bool,
    skipped: Skipped,
    mounts: MountWatch,
    /// Mounted folders that are away, as they were reported.
    away: Vec<String>,
    shares: Shares,
    remote_check: RemoteCheck,
    next_survey: Instant,
    next_probe: Instant,
    reports: Reports,
    /// Raised when nobody wants to hear any more; a walk may take long.
    stop: StopFlag,
}

impl WatchLoop {
    pub(super) fn new(
        settings: WatchSettings,
        known: BTreeMap<String, FileStamp>,
        mounts: Option<SeenMounts>,
        open: OpenFsEvents,
        reports: Reports,
        stop: StopFlag,
    ) -> Self {
        Self {
            tracker: Tracker::new(&settings, known),
            mounts: MountWatch::new(&settings.inbox, mounts),
            settings,
            open,
            fs_events: None,
            polling: false,
            no_events: None,
            blocked: false,
            skipped: Skipped::default(),
            away: Vec::new(),
            shares: Shares::default(),
            remote_check: RemoteCheck::default(),
            next_survey: Instant::now(),
            next_probe: Instant::now() + PROBE,
            reports,
            stop,
        }
    }

    /// Until the orders end.
    pub(super) fn run(mut self, orders: &Receiver<Order>) {
        self.open_fs_events();
        self.watch_folders();
        loop {
            self.probe_mounts();
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
                    Ok(Order::Reconsider(path, failure)) => self.reconsider(&path, &failure),
                    Ok(Order::ReportAgain(path)) => {
                        let look = survey::look(&self.settings.inbox, &path);
                        self.tracker.report_again(&path, look, Now::read());
                    }
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

    /// Time until there is something to do unasked.
    fn pause(&self) -> Duration {
        let due = self.tracker.next_due().filter(|_| !self.blocked);
        let next = due.map_or(self.next_survey, |due| due.min(self.next_survey)).min(self.next_probe);
        next.saturating_duration_since(Instant::now())
    }

    /// Looks at everything when a folder was mounted, unmounted or exchanged.
    fn probe_mounts(&mut self) {
        let now = Instant::now();
        if self.next_probe <= now {
            self.next_probe = now + PROBE;
            if self.mounts.is_changed() {
                self.next_survey = now;
            }
        }
    }

    /// Sends what has settled; `false` when nobody listens any more.
    fn send_settled(&mut self) -> bool {
        let now = Now::read();
        let mut batch = Vec::new();
        if !self.blocked && self.tracker.next_due().is_some_and(|due| due <= now.instant) {
            let inbox = &self.settings.inbox;
            // While the inbox or a mounted folder is away, every look at a file would say that it is gone.
            match survey::check(inbox, self.tracker.n_known()) {
                Ok(()) if self.mounts.is_changed() => self.survey(),
                Ok(()) => {
                    let mounts = self.mounts.mounts();
                    self.tracker.suspend(|path| mounts.is_away(path));
                    batch = self.tracker.collect(now, |path| survey::look(inbox, path));
                    self.report_waiting(now);
                }
                Err(error) => self.block(&error),
            }
        }
        self.report(|health, watch_loop| health.n_waiting = watch_loop.tracker.n_waiting());
        batch.is_empty() || self.reports.arrivals.send(batch).is_ok()
    }

    fn reconsider(&mut self, path: &str, failure: &FileFailure) {
        let look = survey::look(&self.settings.inbox, path);
        let now = Now::read();
        // Many fail together when a share goes; the status counts them.
        if self.tracker.reconsider(path, look, failure, now) && self.tracker.n_obstacles() <= LOGGED {
            tracing::warn!(file = %shown(path), reason = %failure.sentence(), "File waits");
        }
        self.report_waiting(now);
    }

    fn handle_signal(&mut self, signal: Signal) {
        match signal {
            Signal::Rescan(reason) => self.request_rescan(&reason),
            Signal::Seen(path, trigger) if survey::is_input(&self.settings.inbox, &path) => {
                self.file_changed(&path, trigger);
            }
            Signal::Removed(path) if survey::is_input(&self.settings.inbox, &path) => self.removed(&path),
            Signal::Attributes(path) if survey::is_input(&self.settings.inbox, &path) => self.attributes_changed(&path),
            _ => {}
        }
    }

    fn file_changed(&mut self, path: &Path, trigger: Trigger) {
        let inbox = &self.settings.inbox;
        if std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir()) {
            // What lies in a folder that appears is not reported, so it has to be looked for.
            self.survey_folder(path);
        } else if let Some(name) = survey::relative(inbox, path) {
            self.tracker.observe(&name, survey::snapshot(inbox, &name, &self.shares), trigger, Now::read());
        }
    }

    /// A folder that could not be read may be readable now; a file may be another one with the old one's times.
    fn attributes_changed(&mut self, path: &Path) {
        let Some(name) = survey::relative(&self.settings.inbox, path) else { return };
        if self.skipped.may_hide(&name) {
            self.next_survey = Instant::now();
        } else if std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file()) {
            self.file_changed(path, Trigger::Surveyed);
        }
    }

    fn removed(&mut self, path: &Path) {
        if let Some(fs_events) = &mut self.fs_events {
            fs_events.forget(path);
        }
        // Nothing is reported before the mounted folders were looked at.
        if let Some(name) = survey::relative(&self.settings.inbox, path) {
            self.tracker.removed(&name, Now::read());
        }
    }

    fn survey_folder(&mut self, folder: &Path) {
        let (inbox, stop) = (self.settings.inbox.clone(), self.stop.clone());
        let found = self.watch_and_walk(|| Ok(survey::survey_below(&inbox, folder, &stop)));
        let within = survey::relative(&inbox, folder).map(|name| format!("{name}/"));
        if self.mounts.is_changed() {
            self.next_survey = Instant::now();
        } else if let (Ok(found), Some(within), false) = (found, within, self.stop.is_raised()) {
            if found.skipped.awaits_disk() {
                self.next_survey = Instant::now();
            }
            let mounts = self.mounts.mounts();
            let covers = |path: &str| path.starts_with(&within) && found.covers(path) && !mounts.is_away(path);
            self.tracker.survey(&found.files, covers, Now::read());
        }
    }

    fn survey(&mut self) {
        self.seek_fs_events();
        let (inbox, n_known, stop) = (self.settings.inbox.clone(), self.tracker.n_known(), self.stop.clone());
        let looks = self.mounts.looks();
        match self.watch_and_walk(|| survey::survey(&inbox, n_known, &stop)) {
            // Half of a walk would make the other half look gone.
            Ok(_) if self.stop.is_raised() => {}
            // So would a folder that was mounted, unmounted or exchanged meanwhile.
            Ok(_) if self.mounts.looks() != looks => self.next_survey = Instant::now(),
            Ok(found) => {
                self.unblock();
                self.take_in(found, &looks);
                // Full means that it was notified before.
                let _ = self.reports.ready.try_send(());
                let is_slow =
                    self.no_events.is_none() && !self.mounts.mounts().any_away() && !self.skipped.awaits_disk();
                let every = if is_slow { self.settings.rescan } else { POLL.min(self.settings.rescan) };
                self.next_survey = Instant::now() + every;
            }
            Err(error) => self.block(&error),
        }
        self.report(|health, _| health.n_surveys += 1);
    }

    /// What a survey of the whole inbox found.
    fn take_in(&mut self, found: InboxSurvey, looks: &MountLooks) {
        self.mounts.judge(&found, looks, &self.tracker);
        self.warn_of(&found);
        let mounts = self.mounts.mounts();
        self.tracker.survey(&found.files, |path| found.covers(path) && !mounts.is_away(path), Now::read());
        self.tracker.suspend(|path| mounts.is_away(path));
        for path in self.remote_check.next(&found.files) {
            if let Ok(look) = survey::look(&self.settings.inbox, &path) {
                self.tracker.recheck(&path, look, Now::read());
            }
        }
        self.settle_for_events(&found);
        self.shares = found.shares;
        self.report_waiting(Now::read());
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

    fn report(&self, change: impl FnOnce(&mut Health, &Self)) {
        self.reports.health.change(|health| change(health, self));
    }
}

//! The service begins anew when it failed by what may pass: a disk, a limit, an inbox that is not there. Each life opens
//! everything from the disk, as the first one did, so that nothing is carried over that the failure may have spoilt.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, select, unbounded};

use crate::config::Settings;
use crate::disk::{InstanceLock, Workspace};
use crate::domain::{Progress, StopFlag};
use crate::privacy;
use crate::registry::{JournalEnd, Registry, RegistryError};
use crate::workflow;

use super::conductor::{Conductor, STOP_TIMEOUT};
use super::error::ServiceError;
use super::event::Event;
use super::pauses::Pauses;
use super::reload::{ReadSettings, Reload};
use super::service_manager;
use super::signals;
use super::start;
use super::status::Status;
use super::status_writer::StatusWriter;
use super::stop_bell::StopBell;
use super::summary::Mode;

/// How often the status of a service that waits is looked after.
const STATUS_EVERY: Duration = Duration::from_secs(1);

/// Runs the service on this thread until a signal ends it. What may pass does not end it: it waits, says for what, and begins
/// anew. SIGHUP has it `read` its configuration; without that, it ends the program as usual.
///
/// # Errors
/// [`ServiceError`], of a kind that does not pass by itself; what was finished is kept.
pub fn serve(
    settings: Settings,
    read: Option<ReadSettings>,
    shown: Arc<dyn Progress + Send + Sync>,
) -> Result<(), ServiceError> {
    let (stop, waiting) = (StopFlag::default(), unbounded());
    let bell = StopBell::new(waiting.0.clone());
    let reload = read.map(|read| Reload::new(read, settings.clone()));
    take_signals(&stop, &bell, reload.clone()).map_err(ServiceError::Threads)?;
    workflow::self_test()?;
    Lives::new(settings, shown, stop, reload, (bell, waiting)).run()
}

/// A stop and a new configuration both wake whoever works. A configuration is read on a thread of its own, one at a time, so that
/// a slow disk does not hold up a stop.
fn take_signals(stop: &StopFlag, bell: &StopBell, reload: Option<Reload>) -> io::Result<()> {
    let ringing = bell.clone();
    let stopping = move || ringing.ring();
    let Some(reload) = reload else { return signals::stop_on_signals(stop.clone(), stopping) };
    let (asked, to_read) = bounded(1);
    let ringing = bell.clone();
    thread::Builder::new().name("gw-reload".to_owned()).spawn(move || {
        for () in to_read {
            if reload.request() {
                ringing.ring();
            }
        }
    })?;
    // Where one waits to be read, that one reads what is there now.
    signals::stop_or_reload_on_signals(stop.clone(), stopping, move || {
        let _ = asked.try_send(());
    })
}

/// The service, from its start to its end.
struct Lives {
    settings: Arc<Settings>,
    workspace: Workspace,
    shown: Arc<dyn Progress + Send + Sync>,
    stop: StopFlag,
    reload: Option<Reload>,
    bell: StopBell,
    /// What the bell rings while no conductor works.
    waiting: (Sender<Event>, Receiver<Event>),
    /// Kept from life to life, so that no other program comes in between, and the status is known to be of a living service.
    lock: Option<InstanceLock>,
    /// Written only under the lock.
    status: Option<StatusWriter>,
    journal_end: JournalEnd,
    /// An earlier life had a journal: an empty state folder is another one.
    had_journal: bool,
    pauses: Pauses,
    /// What was logged as waited for since a conductor worked last.
    logged: BTreeSet<String>,
    /// A life has come up, or is waited for.
    begun: bool,
}

impl Lives {
    /// `bell` must ring the sending side of `waiting`.
    fn new(
        settings: Settings,
        shown: Arc<dyn Progress + Send + Sync>,
        stop: StopFlag,
        reload: Option<Reload>,
        (bell, waiting): (StopBell, (Sender<Event>, Receiver<Event>)),
    ) -> Self {
        Self {
            workspace: Workspace::new(&settings.state_dir),
            settings: Arc::new(settings),
            shown,
            stop,
            reload,
            bell,
            waiting,
            lock: None,
            status: None,
            journal_end: JournalEnd::Known,
            had_journal: false,
            pauses: Pauses::default(),
            logged: BTreeSet::new(),
            begun: false,
        }
    }

    /// Until a stop is requested, or what cannot pass happens.
    fn run(mut self) -> Result<(), ServiceError> {
        loop {
            self.take_over();
            let begun = Instant::now();
            let outcome = self.live();
            if !self.goes_on(&outcome) {
                self.end();
                return outcome;
            }
            if let Err(error) = outcome {
                let pause = self.pauses.after(begun.elapsed());
                self.wait(&error, Instant::now() + pause);
                if self.stop.is_raised() {
                    self.end();
                    return Ok(());
                }
            }
        }
    }

    /// A new configuration, if one was read.
    fn take_over(&mut self) {
        let Some(settings) = self.reload.as_ref().and_then(Reload::take) else { return };
        settings.warnings.iter().for_each(|warning| tracing::warn!(%warning, "Configuration"));
        privacy::use_names(&settings);
        tracing::info!(inbox = %settings.watch.inbox.display(), "New configuration in use");
        let status = self.status.take().map(|status| {
            let status = Status { inbox: settings.watch.inbox.display().to_string(), ..status.status().clone() };
            StatusWriter::new(self.workspace.clone(), settings.reserve, status)
        });
        (self.status, self.settings) = (status, Arc::new(settings));
    }

    /// Whether another life follows one that ended so.
    fn goes_on(&self, outcome: &Result<(), ServiceError>) -> bool {
        !self.stop.is_raised() && outcome.as_ref().err().is_none_or(ServiceError::may_pass)
    }

    /// One life. Where another one follows, all its threads have ended.
    fn live(&mut self) -> Result<(), ServiceError> {
        let (life, (events, heard)) = (self.stop.part(), unbounded());
        if let Some(reload) = &self.reload {
            reload.begin(&life);
        }
        let outcome = self.bring_up(&life, &events).and_then(|conductor| self.conduct(conductor, events, &heard));
        self.bell.redirect(self.waiting.0.clone());
        if self.goes_on(&outcome) {
            life.raise();
            if let Err(error) = &outcome {
                self.journal_end = journal_end_after(error, self.journal_end);
            }
            self.await_end(outcome.as_ref().err(), &heard);
        }
        outcome
    }

    fn bring_up(&mut self, life: &StopFlag, events: &Sender<Event>) -> Result<Conductor, ServiceError> {
        let journal = self.workspace.journal();
        if self.had_journal && journal.try_exists().is_ok_and(|is_there| !is_there) {
            return Err(ServiceError::StateAway(self.workspace.root().to_owned()));
        }
        let lock = self.take_lock()?;
        let starting = || Status::starting(self.settings.watch.inbox.display().to_string());
        let mut status = self
            .status
            .take()
            .unwrap_or_else(|| StatusWriter::new(self.workspace.clone(), self.settings.reserve, starting()));
        let registry = Registry::open_locked(lock, &self.workspace, self.settings.clock, self.journal_end);
        let parts = registry.map_err(ServiceError::from).and_then(|registry| {
            status.update(|status| status.open_with(&registry));
            let (settings, shown) = (Arc::clone(&self.settings), Arc::clone(&self.shown));
            start::parts(registry, settings, Mode::Service, life, shown, events)
        });
        match parts {
            Ok(parts) => {
                // It may outlast this life, and does in the next one what it would do there.
                drop(start::sweep(&parts).map_err(ServiceError::Threads)?);
                Ok(Conductor::new(parts, status, Mode::Service))
            }
            Err(error) => {
                self.status = Some(status);
                Err(error)
            }
        }
    }

    fn conduct(
        &mut self,
        mut conductor: Conductor,
        events: Sender<Event>,
        heard: &Receiver<Event>,
    ) -> Result<(), ServiceError> {
        self.journal_end = JournalEnd::Known;
        self.had_journal |= self.workspace.journal().exists();
        self.log_begin();
        self.bell.redirect(events);
        let outcome = conductor.run(heard);
        conductor.close_attempts();
        if !self.goes_on(&outcome) {
            conductor.publish_end();
        }
        self.status = Some(conductor.retire());
        outcome
    }

    /// The lock of the state folder that is there now.
    fn take_lock(&mut self) -> Result<InstanceLock, RegistryError> {
        let root = self.workspace.root();
        if let Some(lock) = self.lock.as_ref().filter(|lock| lock.is_of(root)) {
            return Ok(lock.clone());
        }
        self.lock = None;
        let lock = InstanceLock::take(root)?;
        Ok(self.lock.insert(lock).clone())
    }

    /// Waits until the threads of a life have ended: they alone hold the sending side of `heard`. After a stop was asked for,
    /// it waits no longer than a service has for stopping.
    fn await_end(&mut self, error: Option<&ServiceError>, heard: &Receiver<Event>) {
        let mut deadline = None;
        loop {
            if self.stop.is_raised() {
                let deadline = *deadline.get_or_insert_with(|| Instant::now() + STOP_TIMEOUT);
                if deadline <= Instant::now() {
                    return;
                }
            }
            select! {
                // What a thread had to tell is found again by the next life.
                recv(heard) -> event => if event.is_err() { return },
                recv(self.waiting.1) -> _ => {}
                default(STATUS_EVERY) => match error {
                    Some(error) => self.show(error, Instant::now()),
                    None => self.show_taking_over(),
                },
            }
        }
    }

    /// Waits for the next try, a new configuration, or a stop.
    fn wait(&mut self, error: &ServiceError, until: Instant) {
        self.tell(error);
        while !self.stop.is_raised() && !self.reload.as_ref().is_some_and(Reload::is_pending) {
            self.show(error, until);
            let left = until.saturating_duration_since(Instant::now());
            match self.waiting.1.recv_timeout(left.min(STATUS_EVERY)) {
                Err(RecvTimeoutError::Timeout) if left <= STATUS_EVERY => break,
                _ => {}
            }
        }
    }

    /// Says once what is waited for. The service manager takes a service that waits for started.
    fn tell(&mut self, error: &ServiceError) {
        self.begun = true;
        let error = error.to_string();
        service_manager::ready();
        service_manager::status(&format!("waiting: {error}"));
        if self.logged.insert(error.clone()) {
            tracing::warn!(error, "Service waits and tries again by itself");
        }
    }

    fn show(&mut self, error: &ServiceError, next_try: Instant) {
        if let Some(status) = self.status.as_mut().filter(|_| self.lock.is_some()) {
            let state_dir = self.workspace.root().display().to_string();
            status.update(|status| status.wait_for(error, state_dir, next_try));
        }
    }

    fn show_taking_over(&mut self) {
        if let Some(status) = self.status.as_mut() {
            let what = "the work of the old configuration to end, before the new one is used";
            status.update(|status| status.waits_for = Some(what.to_owned()));
        }
    }

    fn log_begin(&mut self) {
        let (has_begun, waited) = (std::mem::replace(&mut self.begun, true), std::mem::take(&mut self.logged));
        if !waited.is_empty() {
            tracing::info!("Service resumed");
        } else if !has_begun {
            let Settings { watch, state_dir, .. } = &*self.settings;
            tracing::info!(inbox = %watch.inbox.display(), state_dir = %state_dir.display(), "Service started");
        }
    }

    fn end(&mut self) {
        service_manager::stopping();
        if let Some(status) = self.status.as_mut().filter(|_| self.lock.is_some()) {
            status.update(Status::stop);
        }
        if self.begun {
            tracing::info!("Service stopped");
        }
    }
}

/// What the next life is to know of the journal, after one that ended by `error` or did not come up.
fn journal_end_after(error: &ServiceError, known: JournalEnd) -> JournalEnd {
    if matches!(error, ServiceError::Registry(RegistryError::Unsynced(_))) { JournalEnd::InDoubt } else { known }
}

//! Bringing up what a run needs, and the run that ends when everything is processed.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::SystemTime;

use crossbeam_channel::{Receiver, Sender, unbounded};

use crate::config::Settings;
use crate::disk::Workspace;
use crate::domain::{Progress, StopFlag};
use crate::ingest::{self, Intake};
use crate::privacy::{self, SiteKey};
use crate::registry::{Registry, RegistryError};
use crate::watch::{self, Watcher};
use crate::workflow::{self, Engines};

use super::attempt_log::AttemptLog;
use super::attempts::MAX_CRASHES;
use super::conductor::{Conductor, IntakeJob, Parts, Workers};
use super::control::Server;
use super::error::ServiceError;
use super::event::{Event, WorkerRole};
use super::known_mounts::KnownMounts;
use super::recorder::Recorder;
use super::scan_worker::ScanWorker;
use super::shared_progress::SharedProgress;
use super::signals;
use super::status::Status;
use super::status_writer::StatusWriter;
use super::stop_bell::StopBell;
use super::summary::{Mode, Summary};
use super::surveyor::Surveyor;
use super::training_worker::TrainingWorker;
use super::worker::Worker;

/// Processes everything that is present, on this thread.
///
/// # Errors
/// [`ServiceError`] when it cannot start, or cannot go on; what was finished is kept.
pub fn run_once(settings: Settings, shown: Arc<dyn Progress + Send + Sync>) -> Result<Summary, ServiceError> {
    let stop = StopFlag::default();
    let (events, heard) = unbounded();
    let bell = StopBell::new(events.clone());
    signals::stop_on_signals(stop.clone(), move || bell.ring()).map_err(ServiceError::Threads)?;
    workflow::check_device(&settings)?;
    // Before anything is made: the path may be wrong.
    watch::check_inbox(&settings.watch.inbox, 0)?;
    let registry = Registry::open(&Workspace::new(&settings.state_dir), settings.clock)?;
    let mut status = Status::starting(settings.watch.inbox.display().to_string());
    status.open_with(&registry);
    let parts = parts(registry, Arc::new(settings), Mode::Once, &stop, shown, &events)?;
    finish(parts, status, &heard)
}

/// Runs the conductor until everything is processed.
fn finish(parts: Parts, status: Status, heard: &Receiver<Event>) -> Result<Summary, ServiceError> {
    let sweeping = sweep(&parts).map_err(ServiceError::Threads)?;
    let status = StatusWriter::new(parts.workspace.clone(), parts.settings.reserve, status);
    let mut conductor = Conductor::new(parts, status, Mode::Once);
    let before = conductor.ledger().counters;
    let outcome = conductor.run(heard);
    conductor.close_attempts();
    if sweeping.join().is_err() {
        tracing::error!(
            advice = "report it with the log messages above",
            "Removal of leftovers ended by a fault of the program"
        );
    }
    conductor.publish_end();
    outcome.map(|()| conductor.summary(&before))
}

/// Starts the threads that work, and opens what the conductor needs. They all hold a sending side of `events`, and end early
/// once `stop` is raised.
///
/// # Errors
/// [`ServiceError`]; what was started ends by itself.
pub(super) fn parts(
    registry: Registry,
    settings: Arc<Settings>,
    mode: Mode,
    stop: &StopFlag,
    shown: Arc<dyn Progress + Send + Sync>,
    events: &Sender<Event>,
) -> Result<Parts, ServiceError> {
    let workspace = Workspace::new(&settings.state_dir);
    let key = privacy::site_key(&workspace)?;
    privacy::use_key(key.clone());
    Intake::warn_of_other_key(registry.ledger(), &key);
    privacy::hide_known(registry.ledger());
    restore_reasons(&workspace, &registry);
    let attempts = AttemptLog::open(&workspace, |of| of.is_needed(registry.ledger())).map_err(RegistryError::from)?;
    let asked = events.clone();
    let control = Server::start(&workspace, move |request| drop(asked.send(Event::Asked(request))));
    let mounts = KnownMounts::open(&workspace);
    let (watcher, surveyor) = match mode {
        Mode::Service => {
            let known = Intake::known(registry.ledger(), &key);
            (Some(Watcher::start(&settings.watch, known, mounts.seen().cloned())?), None)
        }
        Mode::Once => {
            let surveyor = Surveyor::start(settings.watch.clone(), stop.clone(), events.clone());
            (None, Some(surveyor.map_err(ServiceError::Threads)?))
        }
    };
    let engines = Engines::new(&settings, stop);
    let progress = SharedProgress::new(shown);
    let workers =
        workers(&settings, (&workspace, &key), &engines, stop, &progress, events).map_err(ServiceError::Threads)?;
    Ok(Parts {
        workers,
        attempts,
        registry: Recorder::start(registry, events).map_err(ServiceError::Threads)?,
        control: control.map_err(ServiceError::Control)?,
        settings,
        workspace,
        key,
        engines,
        stop: stop.clone(),
        progress,
        watcher,
        surveyor,
        mounts,
    })
}

/// Without the reason files the registry still says all, so a full disk is no reason not to start.
fn restore_reasons(workspace: &Workspace, registry: &Registry) {
    if let Err(error) = ingest::restore_reasons(&workspace.quarantine(), registry.ledger()) {
        tracing::error!(%error, "Reason files not updated");
    }
}

fn workers(
    settings: &Arc<Settings>,
    (workspace, key): (&Workspace, &SiteKey),
    engines: &Engines,
    stop: &StopFlag,
    progress: &SharedProgress,
    events: &Sender<Event>,
) -> io::Result<Workers> {
    let (intake, stop_intake) = (Intake::new(settings, workspace, key.clone()), stop.clone());
    let take_in = move |IntakeJob { arrivals, is_set_aside, ledger }| {
        let set_aside = is_set_aside.then_some(MAX_CRASHES);
        Event::Read(intake.take(&ledger, arrivals, set_aside, &stop_intake))
    };
    let training = TrainingWorker {
        settings: Arc::clone(settings),
        workspace: workspace.clone(),
        engines: engines.clone(),
        stop: stop.clone(),
        progress: progress.clone(),
        events: events.clone(),
    };
    let mut scans = ScanWorker::new(settings, engines.clone());
    Ok(Workers {
        intake: Worker::spawn(WorkerRole::Intake, events.clone(), take_in)?,
        training: Worker::spawn(WorkerRole::Training, events.clone(), move |task| training.work(task))?,
        scans: Worker::spawn(WorkerRole::Scans, events.clone(), move |job| scans.work(job))?,
    })
}

/// Removes what killed programs left, on a thread of its own because it walks through the whole state folder.
pub(super) fn sweep(parts: &Parts) -> io::Result<thread::JoinHandle<()>> {
    let (ledger, workspace) = (parts.registry.ledger().clone(), parts.workspace.clone());
    let work = move || workflow::remove_leftovers(&ledger, &workspace, SystemTime::now());
    thread::Builder::new().name("gw-sweep".to_owned()).spawn(work)
}

#[cfg(test)]
mod tests;

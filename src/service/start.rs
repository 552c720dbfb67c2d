//! Bringing the service up, and taking it down.

use std::io;
use std::sync::Arc;
use std::thread;

use crossbeam_channel::{Receiver, Sender, unbounded};

use crate::config::Settings;
use crate::disk::Workspace;
use crate::domain::{Progress, StopFlag};
use crate::ingest::Intake;
use crate::registry::{Registry, RegistryError};
use crate::watch::{self, Watcher};
use crate::workflow::{self, Engines};

use super::attempt_log::AttemptLog;
use super::attempts::MAX_CRASHES;
use super::conductor::{Conductor, IntakeJob, Parts, Workers};
use super::control::Server;
use super::error::ServiceError;
use super::event::{Event, WorkerRole};
use super::recorder::Recorder;
use super::scan_worker::ScanWorker;
use super::shared_progress::SharedProgress;
use super::status::Status;
use super::status_writer::StatusWriter;
use super::summary::{Mode, Summary};
use super::training_worker::TrainingWorker;
use super::worker::Worker;
use super::{service_manager, signals};

/// Runs the service on this thread.
///
/// # Errors
/// [`ServiceError`] when it cannot start, or cannot go on; what was finished is kept.
pub fn run(settings: Settings, mode: Mode, shown: Arc<dyn Progress + Send + Sync>) -> Result<Summary, ServiceError> {
    let stop = StopFlag::default();
    let (events, heard) = unbounded();
    let wake = events.clone();
    signals::stop_on_signals(stop.clone(), move || drop(wake.send(Event::StopRequested)))
        .map_err(ServiceError::Threads)?;
    match mode {
        Mode::Service => workflow::self_test()?,
        // The service waits for a device that is not there yet.
        Mode::Once => workflow::check_device(&settings)?,
    }
    let parts = parts(Arc::new(settings), mode, &stop, shown, &events)?;
    if mode == Mode::Service {
        let Settings { watch, state_dir, .. } = &*parts.settings;
        tracing::info!(inbox = %watch.inbox.display(), state_dir = %state_dir.display(), "Service started");
    }
    run_with(parts, mode, events, &heard)
}

/// Runs the conductor to its end.
fn run_with(parts: Parts, mode: Mode, events: Sender<Event>, heard: &Receiver<Event>) -> Result<Summary, ServiceError> {
    if mode == Mode::Once {
        survey(&parts, events).map_err(ServiceError::Threads)?;
    }
    let mut conductor = Conductor::new(parts, mode);
    let before = conductor.ledger().counters;
    let outcome = conductor.run(heard);
    conductor.close_attempts();
    service_manager::stopping();
    conductor.publish_end();
    if mode == Mode::Service {
        tracing::info!("Service stopped");
    }
    outcome.map(|()| conductor.summary(&before))
}

fn parts(
    settings: Arc<Settings>,
    mode: Mode,
    stop: &StopFlag,
    shown: Arc<dyn Progress + Send + Sync>,
    events: &Sender<Event>,
) -> Result<Parts, ServiceError> {
    let workspace = Workspace::new(&settings.state_dir);
    let registry = Registry::open(&workspace, settings.clock)?;
    let attempts = AttemptLog::open(&workspace, |of| of.is_needed(registry.ledger())).map_err(RegistryError::from)?;
    let mut status = Status::starting(settings.watch.inbox.display().to_string());
    status.look_at(registry.ledger());
    let status = StatusWriter::new(workspace.clone(), status);
    let asked = events.clone();
    let control = Server::start(&workspace, move |request| drop(asked.send(Event::Asked(request))));
    let watcher = match mode {
        Mode::Service => Some(Watcher::start(&settings.watch, Intake::known(registry.ledger()))?),
        Mode::Once => None,
    };
    let engines = Engines::new(&settings, stop);
    let progress = SharedProgress::new(shown);
    let workers = workers(&settings, &workspace, &engines, stop, &progress, events).map_err(ServiceError::Threads)?;
    Ok(Parts {
        workers,
        attempts,
        registry: Recorder::start(registry, events).map_err(ServiceError::Threads)?,
        control: control.map_err(ServiceError::Control)?,
        status,
        settings,
        workspace,
        engines,
        stop: stop.clone(),
        progress,
        watcher,
    })
}

fn workers(
    settings: &Arc<Settings>,
    workspace: &Workspace,
    engines: &Engines,
    stop: &StopFlag,
    progress: &SharedProgress,
    events: &Sender<Event>,
) -> io::Result<Workers> {
    let (intake, stop_intake) = (Intake::new(settings, workspace), stop.clone());
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

/// Looks once at everything present, on a thread of its own because it waits for files to settle.
fn survey(parts: &Parts, events: Sender<Event>) -> io::Result<()> {
    let (settings, stop) = (parts.settings.watch.clone(), parts.stop.clone());
    let known = Intake::known(parts.registry.ledger());
    thread::Builder::new().name("gw-survey".to_owned()).spawn(move || {
        let survey = watch::survey_once(&settings, known, &stop);
        drop(events.send(Event::Surveyed(survey)));
    })?;
    Ok(())
}

#[cfg(test)]
mod tests;

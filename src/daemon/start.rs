//! Bringing the service up, and taking it down.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use crossbeam_channel::{Sender, unbounded};

use crate::config::Settings;
use crate::disk::Workspace;
use crate::domain::{Counters, ModelRecord, Progress, StopFlag};
use crate::ingest::Intake;
use crate::nn;
use crate::registry::Registry;
use crate::watch::{self, Watcher};

use super::admission::IntakeJob;
use super::board::StatusBoard;
use super::conductor::{Conductor, Workers};
use super::control::Server;
use super::engine::EngineCell;
use super::event::Event;
use super::failed_work::FailedWork;
use super::learner::Learner;
use super::listing::Listing;
use super::phase::Watched;
use super::recorder::Recorder;
use super::retrain::RetrainTrigger;
use super::retry::FailedTasks;
use super::serve;
use super::status::Status;
use super::worker::Worker;
use super::{DaemonError, INTAKE, LEARN, SERVE, service_manager, signals};

/// How long the service lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Until a signal ends it.
    Service,
    /// Until everything that is present is worked off.
    Once,
}

/// What a run did, and how things stand at its end.
#[derive(Debug, Clone)]
pub struct Summary {
    /// Whether a signal ended it.
    pub stopped: bool,
    /// Work done by this run.
    pub done: Counters,
    /// The promoted models.
    pub best: Vec<ModelRecord>,
    /// What cannot be done yet, though nothing failed: one clause each.
    pub waiting: Vec<String>,
    /// What failed and is not done, in the order of the failures.
    pub failures: Vec<FailedWork>,
    /// The gallery, when there are reports.
    pub gallery: Option<PathBuf>,
}

/// Runs the service on this thread.
///
/// # Errors
/// [`DaemonError`] when it cannot start, or cannot go on; what was finished is kept.
pub fn run(settings: Settings, mode: Mode, shown: Arc<dyn Progress + Send + Sync>) -> Result<Summary, DaemonError> {
    let stop = StopFlag::default();
    let (events, heard) = unbounded();
    let wake = events.clone();
    signals::stop_on_signals(stop.clone(), move || drop(wake.send(Event::StopRequested)))
        .map_err(DaemonError::Threads)?;
    if mode == Mode::Service {
        nn::self_test()?;
    }
    let mut conductor = conductor(Arc::new(settings), mode, &stop, shown, &events)?;
    let before = conductor.registry.ledger().counters;
    conductor.find_due();
    if mode == Mode::Once {
        survey(&conductor, events).map_err(DaemonError::Threads)?;
    }
    let outcome = conductor.run(&heard);
    service_manager::stopping();
    conductor.publish_end();
    outcome.map(|()| conductor.summary(&before))
}

fn conductor(
    settings: Arc<Settings>,
    mode: Mode,
    stop: &StopFlag,
    shown: Arc<dyn Progress + Send + Sync>,
    events: &Sender<Event>,
) -> Result<Conductor, DaemonError> {
    let workspace = Workspace::new(&settings.state_dir);
    let registry = Registry::open(&workspace, settings.clock)?;
    let mut status = Status::starting(settings.watch.inbox.display().to_string());
    status.look_at(registry.ledger());
    let board = StatusBoard::new(workspace.clone(), status);
    let asked = events.clone();
    let control = Server::start(&workspace, move |request| drop(asked.send(Event::Asked(request))));
    let watcher = match mode {
        Mode::Service => Some(Watcher::start(&settings.watch, Intake::known(registry.ledger()))?),
        Mode::Once => None,
    };
    let trigger = match mode {
        Mode::Service => RetrainTrigger::new(&settings),
        Mode::Once => RetrainTrigger::immediate(),
    };
    let engine = EngineCell::new(&settings, stop);
    let progress = Watched::new(shown);
    let intake = Arc::new(Intake::new(&settings, &workspace));
    Ok(Conductor {
        workers: workers(&settings, &workspace, &intake, &engine, stop, &progress, events)
            .map_err(DaemonError::Threads)?,
        registry: Recorder::start(registry, events).map_err(DaemonError::Threads)?,
        _control: control.map_err(DaemonError::Control)?,
        board,
        settings,
        workspace,
        engine,
        stop: stop.clone(),
        progress,
        watcher,
        trigger,
        unread: VecDeque::new(),
        reading: false,
        learning: None,
        serving: None,
        unrecorded: Vec::new(),
        unheard: VecDeque::new(),
        failed: FailedTasks::new(mode == Mode::Service),
        obstacles: BTreeMap::new(),
        listing: Listing::default(),
        surveyed: false,
        n_forwarded_counted: 0,
    })
}

fn workers(
    settings: &Arc<Settings>,
    workspace: &Workspace,
    intake: &Arc<Intake>,
    engine: &EngineCell,
    stop: &StopFlag,
    progress: &Watched,
    events: &Sender<Event>,
) -> io::Result<Workers> {
    let take = {
        let (intake, stop) = (Arc::clone(intake), stop.clone());
        move |IntakeJob { arrivals, ledger }: IntakeJob| Event::Read(intake.take(&ledger, arrivals, &stop))
    };
    let learner = Learner {
        settings: Arc::clone(settings),
        workspace: workspace.clone(),
        engine: engine.clone(),
        stop: stop.clone(),
        progress: progress.clone(),
        events: events.clone(),
    };
    let mut server = serve::Server::new(settings, engine.clone());
    Ok(Workers {
        intake: Worker::spawn(INTAKE, events.clone(), take)?,
        learn: Worker::spawn(LEARN, events.clone(), move |task| learner.work(task))?,
        serve: Worker::spawn(SERVE, events.clone(), move |job| server.work(job))?,
    })
}

/// Looks once at everything present, on a thread of its own because it waits for files to settle.
fn survey(conductor: &Conductor, events: Sender<Event>) -> io::Result<()> {
    let (settings, stop) = (conductor.settings.watch.clone(), conductor.stop.clone());
    let known = Intake::known(conductor.registry.ledger());
    thread::Builder::new().name("gw-survey".to_owned()).spawn(move || {
        let arrivals = watch::survey_once(&settings, known, &stop);
        drop(events.send(Event::Surveyed(arrivals)));
    })?;
    Ok(())
}

#[cfg(test)]
mod tests;

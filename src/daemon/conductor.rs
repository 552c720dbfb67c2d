//! The one loop that knows the order: it hears of everything, owns the registry, and hands out all work.
//!
//! It never works itself: workers decide on copies of the ledger, and what it does takes no longer the more is known (but for
//! what has failed), so that it always answers within moments.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, at, never, select};

use crate::config::Settings;
use crate::disk::Workspace;
use crate::domain::{Arrival, Counter, DatasetName, LedgerEvent, StopFlag};
use crate::watch::Watcher;

use super::admission::IntakeJob;
use super::board::StatusBoard;
use super::control::Server;
use super::engine::EngineCell;
use super::event::Event;
use super::learner::LearnTask;
use super::learning::Learning;
use super::listing::Listing;
use super::phase::Watched;
use super::recorder::Recorder;
use super::retrain::RetrainTrigger;
use super::retry::FailedTasks;
use super::serve::ServeJob;
use super::serving::Serving;
use super::worker::Worker;
use super::{DaemonError, RECORD, service_manager};

/// How long a stop waits for the jobs in hand; a service has 5 seconds in all.
const PATIENCE: Duration = Duration::from_secs(4);
/// How often the status is looked after.
const STATUS_EVERY: Duration = Duration::from_secs(1);

/// The threads that work.
pub(super) struct Workers {
    pub(super) intake: Worker<IntakeJob>,
    pub(super) learn: Worker<LearnTask>,
    pub(super) serve: Worker<ServeJob>,
}

/// The service's state. Its methods are spread over the files that know one stage each.
pub(super) struct Conductor {
    pub(super) settings: Arc<Settings>,
    pub(super) workspace: Workspace,
    pub(super) registry: Recorder,
    pub(super) engine: EngineCell,
    pub(super) stop: StopFlag,
    pub(super) progress: Watched,
    pub(super) workers: Workers,
    pub(super) board: StatusBoard,
    /// Only held: it closes the socket when the service ends.
    pub(super) _control: Server,
    /// `None` for `run --once`.
    pub(super) watcher: Option<Watcher>,
    pub(super) trigger: RetrainTrigger,
    /// Settled files that no worker has yet.
    pub(super) unread: VecDeque<Arrival>,
    pub(super) reading: bool,
    pub(super) learning: Option<Learning>,
    pub(super) serving: Option<Serving>,
    /// What is to be committed. It stays here while the disk is full, or other events are being recorded.
    pub(super) unrecorded: Vec<LedgerEvent>,
    /// What happened while events could not be recorded.
    pub(super) unheard: VecDeque<Event>,
    /// What failed and is not done since.
    pub(super) failed: FailedTasks,
    /// Why datasets cannot be trained on yet, as of the last time that it was due.
    pub(super) obstacles: BTreeMap<DatasetName, String>,
    pub(super) listing: Listing,
    /// Everything present at the start was handed over.
    pub(super) surveyed: bool,
    /// Of `engine.n_forwarded()`, already counted in the registry.
    pub(super) n_forwarded_counted: u64,
}

impl Conductor {
    /// Works until a stop is asked for, or (for `run --once`) until all is worked off.
    pub(super) fn run(&mut self, events: &Receiver<Event>) -> Result<(), DaemonError> {
        let arrivals = self.watcher.as_ref().map_or_else(never, |watcher| watcher.arrivals().clone());
        // Of the service; `run --once` has nobody who waits for it.
        let mut watching = self.watcher.as_ref().map_or_else(never, |watcher| watcher.ready().clone());
        let mut status_due = Instant::now();
        let mut stop_deadline = None;
        loop {
            if self.stop.is_raised() && stop_deadline.is_none() {
                stop_deadline = Some(Instant::now() + PATIENCE);
            }
            self.hand_out()?;
            let is_over = self.is_finished() || stop_deadline.is_some_and(|deadline| deadline <= Instant::now());
            if is_over && !self.registry.is_away() {
                break;
            }
            if status_due <= Instant::now() {
                self.publish();
                status_due = Instant::now() + STATUS_EVERY;
            }
            select! {
                recv(arrivals) -> batch => match batch {
                    Ok(batch) => self.unread.extend(batch),
                    Err(_) => return Err(DaemonError::ThreadGone("watching")),
                },
                recv(events) -> event => match event {
                    Ok(event) => self.hear(event)?,
                    Err(_) => return Err(DaemonError::ThreadGone("working")),
                },
                recv(watching) -> stands => {
                    // A thread that died first shows in `arrivals`.
                    if stands.is_ok() {
                        service_manager::ready();
                    }
                    watching = never();
                }
                recv(at(self.wake_at(status_due, stop_deadline))) -> _ => {}
            }
        }
        self.count_forwards()?;
        self.record_rest()
    }

    pub(super) fn hear(&mut self, event: Event) -> Result<(), DaemonError> {
        let Some(event) = self.put_off(event) else { return Ok(()) };
        match event {
            Event::Surveyed(arrivals) => {
                self.unread.extend(arrivals?);
                self.surveyed = true;
            }
            Event::Read(taken) => self.admit(taken)?,
            Event::Due(datasets) => self.found_due(&datasets),
            Event::Prepared(dataset, prepared) => self.prepared(dataset, prepared)?,
            Event::Expanded(n) => self.commit(vec![LedgerEvent::Counted { counter: Counter::CopiesWritten, n }])?,
            Event::Learned(dataset, outcome) => self.learned(&dataset, *outcome)?,
            Event::PartFailed(dataset, work) => self.part_failed(dataset, work),
            Event::Served(scan, outcome) => self.served(*scan, *outcome)?,
            Event::Gallery(outcome) => self.listed(outcome),
            Event::Recorded(recorded) => {
                self.recorded(*recorded)?;
                self.catch_up()?;
            }
            Event::Asked(request) => self.answer(request)?,
            Event::StopRequested => {}
            Event::WorkerPanicked(RECORD) => return Err(DaemonError::ThreadGone("recording")),
            Event::WorkerPanicked(name) => self.survive(name),
        }
        Ok(())
    }

    /// Gives every idle worker its next job. After a stop was asked for, nobody gets any.
    fn hand_out(&mut self) -> Result<(), DaemonError> {
        if self.stop.is_raised() {
            return Ok(());
        }
        self.record_again()?;
        if self.is_stuck() {
            return Ok(());
        }
        self.take_in();
        self.start_training();
        self.serve_next();
        Ok(())
    }

    fn is_finished(&self) -> bool {
        let working = self.reading || self.serving.is_some();
        if self.stop.is_raised() {
            // What only prepares a training leaves nothing behind.
            return !working && !matches!(self.learning, Some(Learning::Training(_)));
        }
        let at_rest = !working && self.learning.is_none();
        let once = self.watcher.is_none();
        let nothing_left = self.unread.is_empty() && self.unheard.is_empty() && self.trigger.next_deadline().is_none();
        once && at_rest && self.surveyed && nothing_left && !self.registry.is_away()
    }

    /// A deadline that has passed is waited for no more: something else stands in the way, and tells when it is done.
    fn wake_at(&self, status_due: Instant, stop_deadline: Option<Instant>) -> Instant {
        let trigger = if self.can_train() { self.trigger.next_deadline() } else { None };
        let stop_deadline = stop_deadline.filter(|_| !self.registry.is_away());
        [Some(status_due), stop_deadline, trigger].into_iter().flatten().min().unwrap_or(status_due)
    }
}

//! The one loop that decides: it receives every event, owns the registry, and hands out all work.
//!
//! It does no work itself: workers decide on copies of the ledger, and a turn of the loop takes no longer the more is known (but
//! for what has failed), so that it always answers within moments. Each file below knows one stage of the work.

mod again;
mod answers;
mod attempts;
mod data_warnings;
mod derived;
mod erasure;
mod failures;
mod held;
mod intake;
mod record;
mod retention;
mod scans;
mod status;
mod training;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crossbeam_channel::{Receiver, at, never, select};

use crate::config::Settings;
use crate::disk::Workspace;
use crate::domain::{Arrival, Counter, CurrentClasses, DatasetName, Ledger, LedgerEvent, Progress, StopFlag};
use crate::privacy::SiteKey;
use crate::watch::{OnceSurvey, SkippedInputs, UnseenInputs, Watcher};
use crate::workflow::{self, Engines, Exceeding, ForgetTargets};

use super::attempt_log::AttemptLog;
use super::control::Server;
use super::error::ServiceError;
use super::event::{Event, WorkerRole};
use super::gallery_schedule::GallerySchedule;
use super::held_erasure::HeldErasure;
use super::intake_queue::IntakeQueue;
use super::known_mounts::KnownMounts;
use super::recorder::Recorder;
use super::reexplanation_queue::ReexplanationQueue;
use super::retrain_trigger::RetrainTrigger;
use super::retry::FailedTasks;
use super::scan_state::ScanWorkerState;
use super::scan_worker::ScanJob;
use super::service_manager;
use super::shared_progress::SharedProgress;
use super::status_writer::StatusWriter;
use super::summary::Mode;
use super::surveyor::Surveyor;
use super::training_state::TrainingWorkerState;
use super::training_worker::TrainingTask;
use super::unread_inputs::UnreadInputs;
use super::weights_stamp::WeightsStamp;
use super::worker::Worker;

/// How long a stop waits for the jobs in hand; a service has 5 seconds in all.
pub(super) const STOP_TIMEOUT: Duration = Duration::from_secs(4);
/// How often the status is written.
const STATUS_EVERY: Duration = Duration::from_secs(1);

/// The threads that work.
pub(super) struct Workers {
    pub(super) intake: Worker<IntakeJob>,
    pub(super) training: Worker<TrainingTask>,
    pub(super) scans: Worker<ScanJob>,
}

/// Files to take in.
pub(super) struct IntakeJob {
    pub(super) arrivals: Vec<Arrival>,
    /// They ended the program too often, and are not read.
    pub(super) is_set_aside: bool,
    /// What is known of them.
    pub(super) ledger: Ledger,
}

/// What the conductor works with.
pub(super) struct Parts {
    pub(super) settings: Arc<Settings>,
    pub(super) workspace: Workspace,
    /// Of the hashes that stand for identifiers of DICOM.
    pub(super) key: SiteKey,
    pub(super) registry: Recorder,
    pub(super) attempts: AttemptLog,
    pub(super) engines: Engines,
    pub(super) stop: StopFlag,
    pub(super) progress: SharedProgress,
    pub(super) workers: Workers,
    pub(super) control: Server,
    /// `None` for `run --once`.
    pub(super) watcher: Option<Watcher>,
    /// Of `run --once` alone.
    pub(super) surveyor: Option<Surveyor>,
    pub(super) mounts: KnownMounts,
}

/// The service's state.
pub(super) struct Conductor {
    settings: Arc<Settings>,
    workspace: Workspace,
    key: SiteKey,
    registry: Recorder,
    /// What is begun is named in it first.
    attempts: AttemptLog,
    engines: Engines,
    stop: StopFlag,
    progress: SharedProgress,
    workers: Workers,
    status: StatusWriter,
    /// Only held: it closes the socket when the service ends.
    _control: Server,
    /// `None` for `run --once`.
    watcher: Option<Watcher>,
    /// Of `run --once` alone.
    surveyor: Option<Surveyor>,
    mounts: KnownMounts,
    /// What of the inbox cannot be seen, as of the last look; `None` while the inbox itself cannot.
    unseen: Option<UnseenInputs>,
    unread: UnreadInputs,
    /// Datasets whose training is due and waits for what cannot be seen or read.
    held: BTreeSet<DatasetName>,
    /// Datasets of which something cannot be read.
    incomplete: BTreeSet<DatasetName>,
    trigger: RetrainTrigger,
    intake: IntakeQueue,
    training: TrainingWorkerState,
    scans: ScanWorkerState,
    /// What is to be committed. It stays here while the disk refuses it, or other events are being recorded.
    unrecorded: Vec<LedgerEvent>,
    /// Events that wait until what happened before them is recorded.
    deferred: VecDeque<Event>,
    /// What failed and is not done since.
    failed: FailedTasks,
    /// As of the last look.
    weights: WeightsStamp,
    /// What is to be erased as soon as no work is under way; meanwhile none is begun.
    erasure: Option<ForgetTargets>,
    /// Commands that wait for it.
    held_erasures: Vec<HeldErasure>,
    /// Why datasets cannot be trained on yet, as of the last time that it was due.
    obstacles: BTreeMap<DatasetName, String>,
    /// What the last survey of `run --once` left out.
    skipped: Vec<SkippedInputs>,
    /// What a person should know of datasets, as of the last time that they were looked at.
    data_warnings: BTreeMap<DatasetName, Vec<String>>,
    gallery: GallerySchedule,
    /// Scans that are explained again.
    again: ReexplanationQueue,
    /// When it is next looked whether reports and gallery are as they should be.
    next_look: Instant,
    /// When it is next looked what exceeds the limits of the retention.
    next_retention: Instant,
    /// What exceeds them, while that is being recorded.
    exceeding: Option<Exceeding>,
    /// The classes with which the gallery is being written.
    listing: CurrentClasses,
    /// Of `engines.n_forwarded()`, already counted in the registry.
    n_forwarded_counted: u64,
}

impl Conductor {
    pub(super) fn new(parts: Parts, status: StatusWriter, mode: Mode) -> Self {
        let trigger = match mode {
            Mode::Service => RetrainTrigger::new(&parts.settings),
            Mode::Once => RetrainTrigger::immediate(),
        };
        let next_look = Instant::now() + parts.settings.watch.rescan;
        // An earlier process may have been stopped before it was done.
        let erasure = workflow::unfinished(parts.registry.ledger());
        Self {
            next_look,
            weights: WeightsStamp::read(&parts.settings, &parts.workspace),
            again: ReexplanationQueue::new(parts.settings.report.reexplain),
            settings: parts.settings,
            workspace: parts.workspace,
            key: parts.key,
            registry: parts.registry,
            attempts: parts.attempts,
            engines: parts.engines,
            stop: parts.stop,
            progress: parts.progress,
            workers: parts.workers,
            status,
            _control: parts.control,
            watcher: parts.watcher,
            mounts: parts.mounts,
            surveyor: parts.surveyor,
            unseen: None,
            unread: match mode {
                Mode::Service => UnreadInputs::of_service(),
                Mode::Once => UnreadInputs::of_a_run(),
            },
            held: BTreeSet::new(),
            incomplete: BTreeSet::new(),
            trigger,
            intake: IntakeQueue::new(mode == Mode::Once),
            training: TrainingWorkerState::default(),
            scans: ScanWorkerState::default(),
            unrecorded: Vec::new(),
            deferred: VecDeque::new(),
            failed: FailedTasks::new(mode == Mode::Service),
            erasure,
            held_erasures: Vec::new(),
            obstacles: BTreeMap::new(),
            skipped: Vec::new(),
            data_warnings: BTreeMap::new(),
            gallery: GallerySchedule::default(),
            next_retention: Instant::now(),
            exceeding: None,
            listing: CurrentClasses::new(),
            n_forwarded_counted: 0,
        }
    }

    pub(super) fn ledger(&self) -> &Ledger {
        self.registry.ledger()
    }

    /// Ends its work and hands the status back. Its threads end by themselves, soon once their stop is raised.
    pub(super) fn retire(self) -> StatusWriter {
        self.progress.end();
        self.status
    }

    /// Works until a stop is requested, or (for `run --once`) until everything is processed.
    pub(super) fn run(&mut self, events: &Receiver<Event>) -> Result<(), ServiceError> {
        let arrivals = self.watcher.as_ref().map_or_else(never, |watcher| watcher.arrivals().clone());
        // Of the service; nothing waits for it in `run --once`.
        let mut watching = self.watcher.as_ref().map_or_else(never, |watcher| watcher.ready().clone());
        let (mut status_due, mut rested) = (Instant::now(), false);
        let mut stop_deadline = None;
        self.name_set_aside();
        self.find_due()?;
        loop {
            if self.stop.is_raised() && stop_deadline.is_none() {
                stop_deadline = Some(Instant::now() + STOP_TIMEOUT);
            }
            self.hand_out()?;
            let is_over = self.is_finished() || stop_deadline.is_some_and(|deadline| deadline <= Instant::now());
            if is_over && !self.registry.is_away() {
                break;
            }
            // Short work between two times would never be seen, or be taken for work without an end.
            let rests = self.is_at_rest();
            if status_due <= Instant::now() || rests != rested {
                self.publish();
                (status_due, rested) = (Instant::now() + STATUS_EVERY, rests);
            }
            select! {
                recv(arrivals) -> batch => match batch {
                    Ok(batch) => {
                        self.note_mounts();
                        self.arrived(batch);
                    }
                    Err(_) => return Err(ServiceError::ThreadGone("watching")),
                },
                recv(events) -> event => match event {
                    Ok(event) => self.receive(event)?,
                    Err(_) => return Err(ServiceError::ThreadGone("working")),
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
        self.give_up_held_erasures();
        self.count_forwards()?;
        self.record_rest()
    }

    fn receive(&mut self, event: Event) -> Result<(), ServiceError> {
        match self.defer(event) {
            Some(event) => self.handle(event),
            None => Ok(()),
        }
    }

    fn handle(&mut self, event: Event) -> Result<(), ServiceError> {
        match event {
            Event::Surveyed(survey) => {
                let OnceSurvey { arrivals, skipped, mounts, unseen } = survey?;
                self.mounts.store(mounts.as_ref());
                self.arrived(arrivals);
                self.intake.finish_survey();
                self.skipped = skipped;
                self.unread.survey(unseen.hidden.clone(), Instant::now());
                self.unseen = Some(unseen);
            }
            Event::Read(read) => self.admit(read)?,
            Event::Due(datasets) => self.found_due(&datasets)?,
            Event::Prepared(dataset, prepared) => self.prepared(dataset, prepared)?,
            Event::Expanded(n) => self.commit(vec![LedgerEvent::Counted { counter: Counter::CopiesWritten, n }])?,
            Event::Trained(dataset, outcome) => self.trained(&dataset, *outcome)?,
            Event::PartFailed(dataset, work) => self.part_failed(dataset, work),
            Event::Explained(scan, outcome) => self.explained(*scan, *outcome)?,
            Event::Gallery { pages, look } => self.gallery_written(&pages, look)?,
            Event::Exceeding(found) => self.found_exceeding(found)?,
            Event::Retained(outcome) => self.retained(outcome)?,
            Event::Erased(outcome) => self.erased(outcome)?,
            Event::Recorded(commit) => self.committed(*commit)?,
            Event::Asked(request) => self.answer(request)?,
            Event::StopRequested => {}
            Event::WorkerPanicked(WorkerRole::Survey) => return Err(ServiceError::ThreadGone("watching")),
            Event::WorkerPanicked(WorkerRole::Record) => return Err(ServiceError::ThreadGone("recording")),
            Event::WorkerPanicked(worker) => self.worker_panicked(worker)?,
        }
        Ok(())
    }

    /// Gives every idle worker its next job. After a stop was asked for, nobody gets any.
    fn hand_out(&mut self) -> Result<(), ServiceError> {
        self.release_held_erasures();
        if self.stop.is_raised() {
            return Ok(());
        }
        self.survey();
        self.record_again()?;
        if self.is_stuck() {
            return Ok(());
        }
        self.remove_recorded();
        if self.erase_next()? {
            return Ok(());
        }
        self.take_in()?;
        // Before a training, so that a suspected scan can be tried alone.
        self.explain_next()?;
        self.prepare_training()?;
        self.settle_attempts()?;
        self.retain_when_idle()?;
        self.look_again();
        Ok(())
    }

    fn is_finished(&self) -> bool {
        let working = self.intake.is_reading() || !self.scans.is_idle();
        if self.stop.is_raised() {
            // What only prepares a training leaves nothing behind.
            return !working && !self.training.is_training() && self.training.erasing().is_none();
        }
        let nothing_left = self.deferred.is_empty() && !self.has_to_erase() && self.trigger.is_empty();
        self.is_once() && self.is_at_rest() && nothing_left && !self.registry.is_away()
    }

    /// Whether nothing is under way, and no file waits to be read.
    fn is_at_rest(&self) -> bool {
        self.intake.is_at_rest() && self.scans.is_idle() && self.training.is_idle()
    }

    /// Whether this is `run --once`.
    fn is_once(&self) -> bool {
        self.watcher.is_none()
    }

    /// A deadline that has passed is waited for no more: something else stands in the way, and its end is an event.
    fn wake_at(&self, status_due: Instant, stop_deadline: Option<Instant>) -> Instant {
        let trigger = self.trigger.next_deadline(Instant::now(), time_of_day()).filter(|_| self.can_train());
        let stop_deadline = stop_deadline.filter(|_| !self.registry.is_away());
        let survey = self.surveyor.as_ref().and_then(Surveyor::next);
        let now = Instant::now();
        let pages = self.gallery.pages_due(now).filter(|due| *due > now);
        [Some(status_due), stop_deadline, trigger, survey, pages].into_iter().flatten().min().unwrap_or(status_due)
    }
}

/// For hours of the day, whatever dates the records.
fn time_of_day() -> SystemTime {
    SystemTime::now()
}

//! The surveys of `run --once`: one, and a few more with growing pauses while not everything could be read.

use std::collections::BTreeMap;
use std::io;
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;

use crate::config::WatchSettings;
use crate::domain::{FileStamp, StopFlag};
use crate::watch::{self, SeenMounts};

use super::event::{Event, WorkerRole};
use super::pauses::Pauses;
use super::worker::Worker;

/// With their pauses, seven seconds.
const SURVEYS: u32 = 4;

/// How long a survey waits for files that are being written, but for the first.
const LATER_PATIENCE: Duration = Duration::from_secs(10);

/// What is known of the inbox before a survey, and how long it waits for files that are being written.
struct SurveyJob {
    known: BTreeMap<String, FileStamp>,
    mounts: Option<SeenMounts>,
    patience: Duration,
}

/// A thread of its own, because it waits for files to settle; and when it is to look next.
pub(super) struct Surveyor {
    worker: Worker<SurveyJob>,
    schedule: SurveySchedule,
    patience: Duration,
}

impl Surveyor {
    /// The first survey is due at once.
    ///
    /// # Errors
    /// When no thread can be started.
    pub(super) fn start(settings: WatchSettings, stop: StopFlag, events: Sender<Event>) -> io::Result<Self> {
        let patience = settings.max_settle;
        let survey = move |SurveyJob { known, mounts, patience }| {
            Event::Surveyed(watch::survey_once(&settings, known, mounts, patience, &stop))
        };
        let worker = Worker::spawn(WorkerRole::Survey, events, survey)?;
        Ok(Self { worker, schedule: SurveySchedule::new(Instant::now()), patience })
    }

    pub(super) fn schedule(&mut self) -> &mut SurveySchedule {
        &mut self.schedule
    }

    /// When the next survey is due, if one is.
    pub(super) fn next(&self) -> Option<Instant> {
        self.schedule.next
    }

    /// Begins one. What was still written to when the first one's patience was over is not waited for that long again.
    pub(super) fn give(&mut self, known: BTreeMap<String, FileStamp>, mounts: Option<SeenMounts>) {
        self.worker.give(SurveyJob { known, mounts, patience: self.patience });
        self.patience = self.patience.min(LATER_PATIENCE);
    }
}

/// When the next survey is due. It knows no clock: every question brings the time.
#[derive(Debug)]
pub(super) struct SurveySchedule {
    next: Option<Instant>,
    n_left: u32,
    pauses: Pauses,
}

impl SurveySchedule {
    fn new(now: Instant) -> Self {
        Self { next: Some(now), n_left: SURVEYS - 1, pauses: Pauses::default() }
    }

    /// Not everything could be read: plans another survey. `false` when there were enough.
    pub(super) fn plan_another(&mut self, now: Instant) -> bool {
        if self.n_left == 0 {
            return false;
        }
        self.n_left -= 1;
        self.next = Some(now + self.pauses.after(Duration::ZERO));
        true
    }

    /// Whether a survey is to begin now; then it is taken as begun.
    pub(super) fn take_due(&mut self, now: Instant) -> bool {
        self.next.take_if(|at| *at <= now).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inbox_that_stays_unreadable_is_surveyed_four_times_in_seven_seconds() {
        let start = Instant::now();
        let (mut schedule, mut now, mut seconds) = (SurveySchedule::new(start), start, vec![0]);
        assert!(schedule.take_due(now) && !schedule.take_due(now));
        while schedule.plan_another(now) {
            assert!(!schedule.take_due(now), "after a pause");
            now = schedule.next.unwrap();
            assert!(schedule.take_due(now));
            seconds.push((now - start).as_secs());
        }
        assert_eq!((seconds, schedule.next), (vec![0, 1, 3, 7], None));
    }
}

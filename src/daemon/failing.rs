//! What the conductor does about work that failed: it is noted, told, and tried again.

use std::time::Instant;

use crate::domain::{DatasetName, Scan};

use super::conductor::Conductor;
use super::failed_work::{FailedWork, Work};
use super::fault::Fault;
use super::learn::LearnError;
use super::learning::Learning;
use super::retry::{Failed, Task};
use super::serve::ServeError;
use super::serving::Serving;
use super::status::{self, FailedStatus};
use super::{INTAKE, LEARN};

/// The status names so many of the failures; it counts all.
const TOLD: usize = 20;

impl Conductor {
    /// A training came to no model.
    pub(super) fn training_failed(&mut self, dataset: &DatasetName, error: &LearnError) {
        let work = FailedWork::of(Work::Training, dataset, error);
        self.fail(Task::Training(dataset.clone()), work, error.may_pass());
    }

    /// Something beside a training's model was not made.
    pub(super) fn part_failed(&mut self, dataset: DatasetName, mut work: FailedWork) {
        if work.fault == Fault::Missing {
            work.fault = Fault::Later;
        }
        self.fail(Task::Part(dataset, work.what, work.place.clone()), work, false);
    }

    /// A scan has no report.
    pub(super) fn scan_failed(&mut self, scan: &Scan, error: &ServeError) {
        let mut work = FailedWork::of_scan(&scan.path, error);
        if work.fault == Fault::Missing {
            // Nobody named it: the inbox's next survey finds that it is gone.
            work.fault = Fault::Later;
        }
        self.fail(Task::Scan((scan.dataset.clone(), scan.hash)), work, error.may_pass());
        if let (true, Some(dataset)) = (error.may_be_shared(), self.dataset_of(scan)) {
            self.failed.pause_scans(&dataset, Instant::now());
        }
    }

    /// A worker lost its job to a fault of the program. The job is not repeated in this process: it would fail again.
    pub(super) fn survive(&mut self, worker: &str) {
        let fault = |what, place: &dyn std::fmt::Display| {
            let message = format!("internal error in {worker}; the other work goes on, please report the log's lines");
            FailedWork::new(what, place, Fault::Program, message)
        };
        let (task, work) = match worker {
            INTAKE => {
                self.reading = false;
                (Task::Intake, fault(Work::Intake, &self.settings.watch.inbox.display()))
            }
            LEARN => {
                let dataset = match self.learning.take() {
                    Some(Learning::Preparing(dataset) | Learning::Training(dataset)) => dataset,
                    Some(Learning::FindingDue) => {
                        let work = fault(Work::Training, &self.settings.watch.inbox.display());
                        return self.fail(Task::FindDue, work, false);
                    }
                    None => return,
                };
                let work = fault(Work::Training, &dataset);
                (Task::Training(dataset), work)
            }
            _ => match self.serving.take() {
                Some(Serving::Scan(key)) => {
                    let path = self.registry.ledger().scans.get(&key).map_or("", |scan| scan.path.as_str());
                    let work = fault(Work::Scan, &path);
                    (Task::Scan(key), work)
                }
                Some(Serving::Gallery) => (Task::Gallery, fault(Work::Gallery, &self.workspace.reports().display())),
                None => return,
            },
        };
        self.fail(task, work, false);
    }

    /// Notes a failure, and tells it once.
    pub(super) fn fail(&mut self, task: Task, work: FailedWork, may_pass: bool) {
        match work.what {
            // Files that cannot be used are told of together.
            Work::Image | Work::Augmentation => {}
            Work::Scan => tracing::warn!("Failed: {work}."),
            _ => tracing::error!("Failed: {work}."),
        }
        self.failed.note(task, work, may_pass, Instant::now());
    }

    /// Scans that are gone are no failures any more.
    pub(super) fn forget_gone_scans(&mut self) {
        let ledger = self.registry.ledger();
        self.failed.keep_scans(|key| ledger.scans.contains_key(key));
    }

    /// The failures for the status, the latest first, and how many there are.
    pub(super) fn failures_told(&self) -> (Vec<FailedStatus>, u64) {
        let all = self.failed.latest_first();
        let now = Instant::now();
        let told = all.iter().take(TOLD).map(|Failed { work, n_failures, next_try, .. }| FailedStatus {
            work: work.clone(),
            n_failures: *n_failures,
            next_try: next_try.map(|at| status::told_of(at, now)),
        });
        (told.collect(), all.len() as u64)
    }

    /// One sentence on what failed, for who asks what is waited for.
    pub(super) fn waits_for_another_try(&self) -> Option<String> {
        let all = self.failed.latest_first();
        let first = all.first()?;
        let more = if all.len() > 1 { format!(" (and {} more)", all.len() - 1) } else { String::new() };
        Some(format!("{}{more}", first.work))
    }
}

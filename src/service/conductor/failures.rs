//! Work that failed: it is recorded, reported once, and tried again.

use std::fmt;
use std::time::Instant;

use crate::domain::{DatasetName, Scan};
use crate::ingest::UnfinishedFile;
use crate::privacy::shown;
use crate::service::error::ServiceError;
use crate::service::event::WorkerRole;
use crate::service::retry::{Failed, Task};
use crate::service::scan_state::LostScanWork;
use crate::service::status::{self, FailedStatus};
use crate::service::training_state::LostTraining;
use crate::service::weights_stamp::WeightsStamp;
use crate::workflow::{FailedWork, Fault, ScanError, Work, WorkflowError};

use super::Conductor;

/// The status names so many of the failures; it counts all.
const N_LISTED: usize = 20;

/// Whether a file or the disk was the cause, and not what the file holds.
fn is_of_a_file(work: &FailedWork) -> bool {
    matches!(work.fault, Fault::Io | Fault::Later)
}

impl Conductor {
    /// A training came to no model.
    pub(super) fn training_failed(&mut self, dataset: &DatasetName, error: &WorkflowError) {
        let work = FailedWork::of(Work::Training, dataset, error);
        self.fail(Task::Training(dataset.clone()), work, error.may_pass());
    }

    /// Something beside a training's model was not made.
    pub(super) fn part_failed(&mut self, dataset: DatasetName, mut work: FailedWork) {
        if work.fault == Fault::Missing {
            work.fault = Fault::Later;
        }
        let may_pass = is_of_a_file(&work);
        self.fail(Task::Part(dataset, work.what, work.place.clone()), work, may_pass);
    }

    /// Nothing is to be trained: of what may pass, only what `still` fails is left.
    pub(super) fn renew_parts(&mut self, dataset: &DatasetName, still: Vec<FailedWork>) {
        self.failed.renew_parts(dataset);
        for work in still {
            self.part_failed(dataset.clone(), work);
        }
        self.failed.clear_former_parts(dataset, is_of_a_file);
    }

    /// A scan has no report.
    pub(super) fn scan_failed(&mut self, scan: &Scan, error: &ScanError) {
        let mut work = FailedWork::of_scan(shown(&scan.path), error);
        if work.fault == Fault::Missing {
            // Nobody named it: the inbox's next survey finds that it is gone.
            work.fault = Fault::Later;
        }
        let fault = work.fault;
        self.fail(Task::Scan((scan.dataset.clone(), scan.hash)), work, error.may_pass());
        if let (true, Some(dataset)) = (error.may_be_shared(), self.dataset_of(scan)) {
            self.failed.pause_scans(&dataset, fault, Instant::now());
        }
    }

    /// What was set aside is tried again when the weights are others than before.
    pub(super) fn take_up_with_other_weights(&mut self) {
        if !self.failed.has_set_aside() {
            return;
        }
        let weights = WeightsStamp::read(&self.settings, &self.workspace);
        if self.weights != weights {
            self.weights = weights;
            self.failed.take_up(Instant::now());
        }
    }

    /// A worker lost its job to a fault of the program. Files are tried one by one at once, and anything else again until it is
    /// set aside.
    pub(super) fn worker_panicked(&mut self, worker: WorkerRole) -> Result<(), ServiceError> {
        let name = worker.thread_name();
        let was_set_aside = worker.attempt_slot().is_some_and(|slot| self.is_on_set_aside(slot));
        let is_set_aside = worker.attempt_slot().map_or(Ok(false), |slot| self.note_panic(slot))?;
        let may_pass = worker != WorkerRole::Intake && !is_set_aside;
        let fault = |what, place: &dyn fmt::Display| {
            let message = format!("internal error in {name}; other work continues, please report the log messages");
            FailedWork::new(what, place, Fault::Program, message)
        };
        let inbox = self.settings.watch.inbox.display().to_string();
        let lost = match worker {
            WorkerRole::Intake => {
                let work = fault(Work::Intake, &inbox);
                if self.lose_files(was_set_aside) {
                    Some((Task::Intake, work))
                } else {
                    work.error();
                    None
                }
            }
            WorkerRole::Training => self.training.lose().map(|lost| match lost {
                LostTraining::FindDue => (Task::FindDue, fault(Work::Training, &inbox)),
                LostTraining::Training(dataset) => {
                    let work = fault(Work::Training, &dataset);
                    (Task::Training(dataset), work)
                }
                LostTraining::Retention => (Task::Retention, fault(Work::Retention, &self.lose_retention())),
                LostTraining::Erasure(targets) => {
                    self.erasure.get_or_insert_default().extend(targets);
                    (Task::Erasure, fault(Work::Erasure, &self.workspace.root().display()))
                }
            }),
            // Its end is that of the program.
            WorkerRole::Survey | WorkerRole::Record => None,
            WorkerRole::Scans => self.scans.lose().map(|lost| match lost {
                LostScanWork::Scan(key) => {
                    let path = self.ledger().scans.get(&key).map_or_else(String::new, |scan| shown(&scan.path));
                    let work = fault(Work::Scan, &path);
                    (Task::Scan(key), work)
                }
                LostScanWork::Gallery => (Task::Gallery, fault(Work::Gallery, &self.workspace.reports().display())),
            }),
        };
        if let Some((task, work)) = lost {
            // Nobody asks anew for the others.
            let is_asked_again =
                matches!(task, Task::Training(_) | Task::Scan(_) | Task::Gallery | Task::Retention | Task::Erasure);
            self.fail(task, work, may_pass && is_asked_again);
        }
        Ok(())
    }

    /// Records a failure, and logs it once: not again while the same task fails by the same.
    pub(super) fn fail(&mut self, task: Task, work: FailedWork, may_pass: bool) {
        let is_known = self.failed.is_known(&task, &work);
        if work.fault == Fault::Io && !is_known && task != Task::Retention {
            self.hasten_retention();
        }
        match work.what {
            _ if is_known => {}
            // Files that cannot be used are logged together.
            Work::Image | Work::Augmentation => {}
            Work::Scan => work.warn(),
            _ => work.error(),
        }
        self.failed.note(task, work, may_pass, Instant::now());
    }

    /// What the last look at the inbox could not read: nothing else keeps a record of that.
    pub(super) fn unread_work(&self) -> impl Iterator<Item = FailedWork> {
        let inbox = self.settings.watch.inbox.display();
        self.unread
            .files()
            .map(move |UnfinishedFile { failure, .. }| FailedWork::new(Work::Intake, &inbox, failure.into(), failure))
    }

    /// Scans that are gone, or have the report that they should have, are no failures any more.
    pub(super) fn forget_gone_scans(&mut self) {
        let ledger = self.registry.ledger();
        self.failed.keep_scans(|key| ledger.scans.get(key).is_some_and(|scan| ledger.awaits_report(scan)));
    }

    /// The failures for the status, the latest first, and how many there are.
    pub(super) fn listed_failures(&self) -> (Vec<FailedStatus>, u64) {
        let all = self.failed.latest_first();
        let now = Instant::now();
        let listed = all.iter().take(N_LISTED).map(|Failed { work, n_failures, next_try, .. }| FailedStatus {
            work: work.clone(),
            n_failures: *n_failures,
            next_try: next_try.map(|at| status::timestamp(at, now)),
        });
        (listed.collect(), all.len() as u64)
    }

    /// One sentence on what failed, for who asks what is waited for: what a disk or device refused goes first, since it may
    /// stand in the way of more.
    pub(super) fn waits_for_another_try(&self) -> Option<String> {
        let all = self.failed.latest_first();
        let first = all.iter().find(|failed| is_refused(failed)).or(all.first())?;
        let more = if all.len() > 1 { format!(" (and {} more)", all.len() - 1) } else { String::new() };
        Some(format!("{}{more}", first.work))
    }

    /// The same, if a disk or device refused something.
    pub(super) fn waits_for_disk_or_device(&self) -> Option<String> {
        self.waits_for_another_try().filter(|_| self.failed.latest_first().into_iter().any(is_refused))
    }
}

fn is_refused(failed: &Failed) -> bool {
    matches!(failed.work.fault, Fault::Io | Fault::Device)
}

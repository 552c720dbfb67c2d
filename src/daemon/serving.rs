//! What the conductor does about scans: which is explained next, and what is recorded then.

use std::sync::Arc;
use std::time::Instant;

use crate::domain::{Counter, DatasetName, LedgerEvent, ModelRecord, Scan, ScanState};
use crate::report::{self, ReportError};

use super::DaemonError;
use super::conductor::Conductor;
use super::failed_work::{FailedWork, Work};
use super::retry::{ScanKey, Task};
use super::serve::{ServeError, ServeJob, Served};

/// The gallery is written when the last scan is explained, and after this many while more wait.
const REPORTS_A_GALLERY: usize = 50;

/// What the serving worker has in hand.
pub(super) enum Serving {
    /// A scan.
    Scan(ScanKey),
    /// The gallery.
    Gallery,
}

impl Conductor {
    /// Gives the serving worker its next scan, or the gallery.
    pub(super) fn serve_next(&mut self) {
        if self.serving.is_some() || self.learns_first() {
            return;
        }
        let now = Instant::now();
        let next = self.next_scan(now);
        let wanted = self.unlisted >= REPORTS_A_GALLERY || (self.unlisted > 0 && next.is_none());
        if wanted && !self.failed.holds(&Task::Gallery, now) {
            self.serving = Some(Serving::Gallery);
            self.workers.serve.give(ServeJob::Gallery);
        } else if let Some((scan, model)) = next {
            self.serving = Some(Serving::Scan((scan.dataset.clone(), scan.hash)));
            self.workers.serve.give(ServeJob::Scan(Box::new(scan), model));
        }
    }

    /// Under a fixed clock `run --once` explains when it has learned: which model explains a scan is then no matter of speed.
    fn learns_first(&self) -> bool {
        let arriving = !self.surveyed || self.reading || !self.unread.is_empty();
        let once = self.watcher.is_none() && self.settings.clock.is_fixed();
        once && (arriving || self.learning.is_some() || self.trigger.next_deadline().is_some())
    }

    /// Scans that never failed go first, so that one that always fails holds up no other.
    fn next_scan(&self, now: Instant) -> Option<(Scan, Arc<ModelRecord>)> {
        let task = |scan: &Scan| Task::Scan((scan.dataset.clone(), scan.hash));
        let find = |is_wanted: &dyn Fn(&Task) -> bool| {
            let ledger = self.registry.ledger();
            ledger.waiting_scans().filter(|scan| is_wanted(&task(scan))).find_map(|scan| {
                let dataset = self.dataset_of(scan)?;
                let model = ledger.best_model(&dataset).filter(|_| !self.failed.is_paused(&dataset, now))?;
                Some((scan.clone(), Arc::new(model.clone())))
            })
        };
        find(&|task| self.failed.n_failures(task) == 0)
            .or_else(|| find(&|task| self.failed.n_failures(task) > 0 && !self.failed.holds(task, now)))
    }

    /// A gallery that an earlier run could not write, or was stopped before, is written.
    pub(super) fn note_a_stale_gallery(&mut self) {
        // A folder that cannot be listed shows when the gallery is written.
        if !report::gallery_is_current(&self.workspace.reports()).unwrap_or(false) {
            self.unlisted = 1;
        }
    }

    /// The dataset that a scan's path names, or the only one there is.
    pub(super) fn dataset_of(&self, scan: &Scan) -> Option<DatasetName> {
        let only = || match self.registry.ledger().datasets().as_slice() {
            [only] => Some(only.clone()),
            _ => None,
        };
        scan.dataset.clone().or_else(only)
    }

    /// Scans that no training will bring a model to, with what to do.
    pub(super) fn stranded_scans(&self) -> Option<String> {
        let ledger = self.registry.ledger();
        let datasets = ledger.datasets();
        let scan = ledger.waiting_scans().find(|scan| match &scan.dataset {
            Some(dataset) => !datasets.contains(dataset) && !ledger.best.contains_key(dataset),
            None => datasets.len() > 1,
        })?;
        let names = datasets.iter().map(DatasetName::as_str).collect::<Vec<_>>().join(", ");
        Some(match &scan.dataset {
            Some(dataset) => {
                format!("`{}` names dataset `{dataset}`, which has no images (there are: {names})", scan.path)
            }
            None => format!(
                "`{}` names no dataset, and there are several: move it to scans/<dataset>/ ({names})",
                scan.path
            ),
        })
    }

    /// A scan was dealt with.
    pub(super) fn served(&mut self, scan: Scan, outcome: Result<Served, ServeError>) -> Result<(), DaemonError> {
        self.serving = None;
        self.count_forwards()?;
        match outcome {
            Ok(Served { explanation, report }) => {
                let predicted = &explanation.classes[explanation.predicted];
                tracing::info!(scan = %scan.path, model = %explanation.model, "Explained: {predicted}.");
                self.unlisted += 1;
                self.failed.clear(&Task::Scan((scan.dataset.clone(), scan.hash)), Instant::now());
                if let Some(dataset) = self.dataset_of(&scan) {
                    self.failed.resume_scans(&dataset, Instant::now());
                }
                let state = ScanState::Explained { model: explanation.model, report };
                self.commit(vec![
                    LedgerEvent::Scan(Scan { state, ..scan }),
                    LedgerEvent::Counted { counter: Counter::ScansExplained, n: 1 },
                ])
            }
            Err(error) => {
                if let (ServeError::OtherWeights { .. }, Some(dataset)) = (&error, self.dataset_of(&scan)) {
                    self.trigger.note(&dataset, 1, Instant::now());
                }
                self.scan_failed(&scan, &error);
                Ok(())
            }
        }
    }

    /// The gallery was written, or not.
    pub(super) fn listed(&mut self, outcome: Result<(), ReportError>) {
        self.serving = None;
        match outcome {
            Ok(()) => {
                self.unlisted = 0;
                self.failed.clear(&Task::Gallery, Instant::now());
            }
            Err(error) => {
                let work = FailedWork::of(Work::Gallery, self.workspace.reports().display(), &error);
                self.fail(Task::Gallery, work, true);
            }
        }
    }
}

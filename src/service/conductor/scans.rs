//! Scans: which is explained next, and what is recorded then.

use std::sync::Arc;
use std::time::Instant;

use crate::domain::{Counter, CurrentClasses, DatasetName, LedgerEvent, ModelRecord, Scan, ScanState};
use crate::privacy::{shown, shown_dataset};
use crate::report::ReportError;
use crate::service::attempts::{AttemptSlot, Attempted};
use crate::service::error::ServiceError;
use crate::service::gallery_look::GalleryLook;
use crate::service::retry::Task;
use crate::service::scan_worker::{GalleryDue, ScanJob};
use crate::workflow::{ExplainedScan, FailedWork, ScanError, Work};

use super::Conductor;

impl Conductor {
    /// Gives the scan worker its next scan, or the gallery.
    pub(super) fn explain_next(&mut self) -> Result<(), ServiceError> {
        self.again.renew(self.registry.ledger());
        if !self.scans.is_idle() || self.trains_first() || self.training.is_retaining() {
            return Ok(());
        }
        let now = Instant::now();
        let next = self.next_scan(now);
        let current = self.ledger().current_classes();
        let more = next.is_some() || !self.intake.is_at_rest();
        let again = if more { None } else { self.next_outdated_scan(now) };
        let due = self.gallery_due(more, again.is_some(), &current, now);
        if let Some(due) = due.filter(|_| !self.failed.holds(&Task::Gallery, now)) {
            if !self.begin(AttemptSlot::Scans, vec![Attempted::Gallery])? {
                return Ok(());
            }
            self.scans.start_gallery()?;
            self.listing = current.clone();
            let ledger = Box::new(self.ledger().clone());
            let changed = self.gallery.take_changed();
            self.workers.scans.give(ScanJob::Gallery { due, current, ledger, changed });
        } else if let Some((scan, model)) = next.or(again) {
            let key = (scan.dataset.clone(), scan.hash);
            if !self.begin(AttemptSlot::Scans, vec![Attempted::scan(key.clone())])? {
                return Ok(());
            }
            if is_explained(&scan) {
                self.again.remove(&key);
            }
            self.scans.start_scan(key)?;
            let ledger = Box::new(self.ledger().clone());
            self.workers.scans.give(ScanJob::Scan(Box::new(scan), model, ledger));
        }
        Ok(())
    }

    /// What is to be done for the gallery and the pages of datasets, if anything; `more`: whether other work goes before it;
    /// `again`: whether scans are explained again, which new reports do not wait for.
    fn gallery_due(&self, more: bool, again: bool, current: &CurrentClasses, now: Instant) -> Option<GalleryDue> {
        let waits = more || (again && !self.gallery.lacks_new());
        if self.gallery.is_due(waits, current) {
            return Some(if self.gallery.lacks_only() { GalleryDue::Writing } else { GalleryDue::Look });
        }
        let are_pages_due = !more && self.gallery.pages_due(now).is_some_and(|due| due <= now);
        are_pages_due.then_some(GalleryDue::Pages)
    }

    /// Under a fixed clock `run --once` explains when it has trained: which model explains a scan is then no matter of speed.
    fn trains_first(&self) -> bool {
        let nothing_to_train = self.training.is_idle() && self.trigger.is_empty();
        self.is_once() && self.settings.clock.is_fixed() && !(self.intake.is_at_rest() && nothing_to_train)
    }

    /// Scans that never failed go first, so that one that always fails holds up no other.
    fn next_scan(&self, now: Instant) -> Option<(Scan, Arc<ModelRecord>)> {
        let ledger = self.registry.ledger();
        let (scan, model) = ledger
            .n_waiting_scans()
            .keys()
            .filter_map(|named| Some((named, self.explaining_model(named.as_ref(), now)?)))
            .find_map(|(named, model)| {
                let is_new = |scan: &&Scan| !self.failed.has_failed(&Task::Scan((named.clone(), scan.hash)));
                Some((ledger.waiting_scans(named).find(is_new)?, model))
            })
            .or_else(|| {
                let due = self.failed.due_scans(now).filter_map(|key| ledger.scans.get(key));
                let mut waiting =
                    due.filter(|scan| scan.state == ScanState::Waiting && !ledger.forgotten.contains_key(&scan.hash));
                waiting.find_map(|scan| Some((scan, self.explaining_model(scan.dataset.as_ref(), now)?)))
            })?;
        Some((scan.clone(), Arc::new(model.clone())))
    }

    /// The model that explains the scans whose paths name `dataset`, or none; `None` while there is none, or they wait.
    pub(super) fn explaining_model(&self, named: Option<&DatasetName>, now: Instant) -> Option<&ModelRecord> {
        let ledger = self.registry.ledger();
        let dataset = ledger.explaining_dataset(named)?;
        ledger.best_model(dataset).filter(|_| !self.failed.is_paused(dataset, now))
    }

    /// The dataset that a scan's path names, or the only one there is.
    pub(super) fn dataset_of(&self, scan: &Scan) -> Option<DatasetName> {
        self.registry.ledger().explaining_dataset(scan.dataset.as_ref()).cloned()
    }

    /// Scans that wait for a first model, which a training will bring.
    pub(super) fn n_without_model(&self) -> usize {
        let ledger = self.registry.ledger();
        let has_model = |named: &Option<DatasetName>| {
            ledger.explaining_dataset(named.as_ref()).is_some_and(|dataset| ledger.best.contains_key(dataset))
        };
        let waits = |named: &Option<DatasetName>| !has_model(named) && !self.is_stranded(named.as_ref());
        ledger.n_waiting_scans().iter().filter(|(named, _)| waits(named)).map(|(_, n)| n).sum()
    }

    /// Whether no training will bring a model to the scans whose paths name this dataset, or none.
    fn is_stranded(&self, named: Option<&DatasetName>) -> bool {
        let ledger = self.registry.ledger();
        match named {
            Some(dataset) => !ledger.has_samples(dataset) && !ledger.best.contains_key(dataset),
            None => ledger.datasets().nth(1).is_some(),
        }
    }

    /// Scans that no training will bring a model to, with what to do: a clause for each dataset that they name.
    pub(super) fn stranded_scans(&self) -> Vec<String> {
        let ledger = self.registry.ledger();
        let list = ledger.datasets().map(DatasetName::as_str).collect::<Vec<_>>().join(", ");
        let stranded = ledger.n_waiting_scans().iter().filter(|(named, _)| self.is_stranded(named.as_ref()));
        let clause = |(named, n): (&Option<DatasetName>, &usize)| {
            let path = &ledger.waiting_scans(named).next()?.path;
            let file = shown(path);
            let file = file.escape_debug();
            let more = if *n > 1 { format!(" (and {} more)", n - 1) } else { String::new() };
            Some(match named {
                Some(dataset) => {
                    let dataset = shown_dataset(path, dataset);
                    format!("`{file}`{more} names dataset `{dataset}`, which has no images (there are: {list})")
                }
                None => format!(
                    "`{file}`{more} names no dataset, and there are several: move it to scans/<dataset>/ ({list})"
                ),
            })
        };
        stranded.filter_map(clause).collect()
    }

    /// A scan was explained, or not.
    pub(super) fn explained(
        &mut self,
        scan: Scan,
        outcome: Result<ExplainedScan, ScanError>,
    ) -> Result<(), ServiceError> {
        self.scans.finish_scan()?;
        self.attempts.end(AttemptSlot::Scans);
        self.count_forwards()?;
        match outcome {
            Ok(ExplainedScan { explanation, report }) => {
                let predicted = &explanation.classes[explanation.predicted];
                let is_new = !is_explained(&scan);
                if is_new {
                    tracing::info!(scan = %shown(&scan.path), model = %explanation.model, %predicted, "Scan explained");
                } else {
                    tracing::info!(scan = %shown(&scan.path), model = %explanation.model, %predicted, "Scan explained again");
                }
                self.gallery.add(is_new);
                self.failed.clear(&Task::Scan((scan.dataset.clone(), scan.hash)), Instant::now());
                if let Some(dataset) = self.dataset_of(&scan) {
                    self.failed.resume_scans(&dataset, Instant::now());
                    if self.registry.ledger().best.get(&dataset) != Some(&explanation.model) {
                        self.again.note_outdated();
                    }
                }
                let state = ScanState::Explained { model: explanation.model, report };
                // Its file may have been moved meanwhile.
                let now = self.registry.ledger().scans.get(&(scan.dataset.clone(), scan.hash)).cloned();
                let scan = now.unwrap_or(scan);
                self.commit(vec![
                    LedgerEvent::Scan(Scan { state, ..scan }),
                    LedgerEvent::Counted { counter: Counter::ScansExplained, n: 1 },
                ])
            }
            Err(error) => {
                // A training on the configured weights makes a model that can explain it.
                if let Some(dataset) = self.dataset_of(&scan).filter(|_| error.lacks_weights()) {
                    self.trigger.note(&dataset, 1, Instant::now());
                }
                self.scan_failed(&scan, &error);
                Ok(())
            }
        }
    }

    /// The pages of datasets and the gallery were written, or not: each counts, whatever became of the other.
    pub(super) fn gallery_written(
        &mut self,
        pages: &Result<(), ReportError>,
        look: Result<Option<GalleryLook>, ReportError>,
    ) -> Result<(), ServiceError> {
        self.scans.finish_gallery()?;
        self.attempts.end(AttemptSlot::Scans);
        match pages {
            Ok(()) => self.gallery.pages_written(Instant::now(), !self.is_once()),
            Err(_) => self.gallery.pages_failed(),
        }
        let unread = look.as_ref().ok().and_then(|look| look.as_ref()?.unread.as_ref());
        match look.as_ref().err().or(unread).or(pages.as_ref().err()) {
            None => self.failed.clear(&Task::Gallery, Instant::now()),
            Some(error) => {
                let work = FailedWork::of(Work::Gallery, self.workspace.reports().display(), error);
                self.fail(Task::Gallery, work, true);
            }
        }
        look.ok().flatten().map_or(Ok(()), |look| self.looked_at_gallery(&look))
    }

    fn looked_at_gallery(&mut self, GalleryLook { listed, lost, unread }: &GalleryLook) -> Result<(), ServiceError> {
        let before = self.gallery.n_obsolete();
        self.gallery.written(listed, std::mem::take(&mut self.listing));
        let n_reports = self.gallery.n_obsolete();
        if n_reports > before {
            tracing::warn!(n_reports, "Reports show a class that their dataset no longer has; explain the scans again");
        }
        lost.as_ref().map_or(Ok(()), |lost| self.explain_lost(lost))?;
        if unread.is_some() {
            self.gallery.look_again();
        }
        Ok(())
    }
}

/// Whether it has a report.
fn is_explained(scan: &Scan) -> bool {
    matches!(scan.state, ScanState::Explained { .. })
}

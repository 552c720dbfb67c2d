//! The scan worker: it explains scans, and writes the gallery of their reports and the pages of datasets.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use crate::config::Settings;
use crate::disk::Workspace;
use crate::domain::{CurrentClasses, DatasetName, Ledger, ModelRecord, Scan, ScanKey, ScanState};
use crate::report::{self, Gallery, Listed, ReportError};
use crate::workflow::{DatasetPages, Engines, Explainer, ReportPlace};

use super::event::Event;
use super::gallery_look::GalleryLook;

/// What the scan worker is asked for.
pub(super) enum ScanJob {
    /// Explain this scan with this model; the ledger says what its dataset is now.
    Scan(Box<Scan>, Arc<ModelRecord>, Box<Ledger>),
    /// Write the pages of datasets that `changed`, and the gallery, with the classes that datasets have now; when it is not known
    /// to lack a report, look first whether it has to be. The ledger says which reports there must be.
    Gallery { due: GalleryDue, current: CurrentClasses, ledger: Box<Ledger>, changed: BTreeSet<DatasetName> },
}

/// What has to be done for the gallery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GalleryDue {
    /// It lacks a report.
    Writing,
    /// Others may have changed it, or what it is made from.
    Look,
    /// Nothing, unless a page of a dataset comes or goes.
    Pages,
}

/// Explains scans and writes the gallery.
pub(super) struct ScanWorker {
    explainer: Explainer,
    inbox: PathBuf,
    reports: PathBuf,
    gallery: Gallery,
    pages: DatasetPages,
}

impl ScanWorker {
    pub(super) fn new(settings: &Settings, engines: Engines) -> Self {
        let reports = Workspace::new(&settings.state_dir).reports();
        let (inbox, gallery) = (settings.watch.inbox.clone(), Gallery::new(&reports));
        let pages = DatasetPages::new(settings);
        Self { explainer: Explainer::new(settings, engines), inbox, reports, gallery, pages }
    }

    pub(super) fn work(&mut self, job: ScanJob) -> Event {
        match job {
            ScanJob::Scan(scan, model, ledger) => {
                let (file, prefix) = (self.inbox.join(&scan.path), format!("{}/", model.dataset));
                let replaces = match &scan.state {
                    ScanState::Explained { report, .. } => Some(report.as_str()),
                    ScanState::Waiting | ScanState::Removed { .. } => None,
                };
                let place = ReportPlace { reports: &self.reports, prefix: &prefix, replaces };
                let outcome = self.explainer.explain(&file, Some(scan.hash), &model, Some(&ledger), place);
                Event::Explained(scan, Box::new(outcome))
            }
            ScanJob::Gallery { due, current, ledger, changed } => {
                if due == GalleryDue::Look {
                    self.pages.look_again();
                }
                let pages = self.pages.write(&ledger, &changed);
                // A page that cannot be written does not keep the gallery from it.
                let is_gallery_due = due != GalleryDue::Pages || !matches!(pages, Ok(false));
                let look = is_gallery_due.then(|| self.look(due == GalleryDue::Writing, &current, &ledger));
                Event::Gallery { pages: pages.map(drop), look: look.transpose() }
            }
        }
    }

    /// Looks which reports are lost, and has the gallery as it should be.
    fn look(&mut self, lacks: bool, current: &CurrentClasses, ledger: &Ledger) -> Result<GalleryLook, ReportError> {
        let lost = self.lost(ledger)?;
        Ok(GalleryLook { listed: self.list(lacks, current)?, lost })
    }

    /// What the gallery lists, once it is as it should be.
    fn list(&mut self, lacks: bool, current: &CurrentClasses) -> Result<Listed, ReportError> {
        if lacks {
            return self.gallery.write(current);
        }
        if let Some(listed) = report::current_gallery(&self.reports, current)? {
            return Ok(listed);
        }
        self.gallery.distrust_pages();
        self.gallery.write(current)
    }

    /// Explained scans whose reports are not there, or not whole.
    fn lost(&mut self, ledger: &Ledger) -> Result<Vec<ScanKey>, ReportError> {
        self.gallery.lacking(ledger.scans.iter().filter_map(|(key, scan)| match &scan.state {
            ScanState::Explained { report, .. } => Some((key.clone(), report.as_str(), scan.hash)),
            ScanState::Waiting | ScanState::Removed { .. } => None,
        }))
    }
}

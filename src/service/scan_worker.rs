//! The scan worker: it explains scans, and writes the gallery of their reports.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use crate::config::Settings;
use crate::disk::Workspace;
use crate::domain::{ClassName, CurrentClasses, Ledger, ModelRecord, Scan, ScanKey, ScanState};
use crate::report::{self, Gallery, Listed, ReportError};
use crate::workflow::{Engines, Explainer};

use super::event::Event;
use super::gallery_look::GalleryLook;

/// What the scan worker is asked for.
pub(super) enum ScanJob {
    /// Explain this scan with this model; the classes that its dataset has now, where it has images.
    Scan(Box<Scan>, Arc<ModelRecord>, Option<BTreeSet<ClassName>>),
    /// Write the gallery, with the classes that datasets have now; when it is not known to lack a report, look first whether
    /// it has to be. The ledger says which reports there must be.
    Gallery { lacks: bool, current: CurrentClasses, ledger: Box<Ledger> },
}

/// Explains scans and writes the gallery.
pub(super) struct ScanWorker {
    explainer: Explainer,
    inbox: PathBuf,
    reports: PathBuf,
    gallery: Gallery,
}

impl ScanWorker {
    pub(super) fn new(settings: &Settings, engines: Engines) -> Self {
        let reports = Workspace::new(&settings.state_dir).reports();
        let (inbox, gallery) = (settings.watch.inbox.clone(), Gallery::new(&reports));
        Self { explainer: Explainer::new(settings, engines), inbox, reports, gallery }
    }

    pub(super) fn work(&mut self, job: ScanJob) -> Event {
        match job {
            ScanJob::Scan(scan, model, classes) => {
                let (file, prefix) = (self.inbox.join(&scan.path), format!("{}/", model.dataset));
                let reports = (self.reports.as_path(), prefix.as_str());
                let outcome = self.explainer.explain(&file, Some(scan.hash), &model, classes.as_ref(), reports);
                Event::Explained(scan, Box::new(outcome))
            }
            ScanJob::Gallery { lacks, current, ledger } => {
                let lost = self.lost(&ledger);
                let look = lost.and_then(|lost| Ok(GalleryLook { listed: self.list(lacks, &current)?, lost }));
                Event::Gallery(look)
            }
        }
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

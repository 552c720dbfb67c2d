//! The scan worker: it explains scans, and writes the gallery of their reports.

use std::path::PathBuf;
use std::sync::Arc;

use crate::config::Settings;
use crate::disk::Workspace;
use crate::domain::{ModelRecord, Scan};
use crate::report::{self, Gallery, ReportError};
use crate::workflow::{EngineCell, Explainer};

use super::event::Event;

/// What the scan worker is asked for.
pub(super) enum ScanJob {
    /// Explain this scan with this model.
    Scan(Box<Scan>, Arc<ModelRecord>),
    /// Write the gallery; or, when it is not known to lack a report, look first whether it does.
    Gallery { lacks: bool },
}

/// Explains scans and writes the gallery.
pub(super) struct ScanWorker {
    explainer: Explainer,
    inbox: PathBuf,
    reports: PathBuf,
    gallery: Gallery,
}

impl ScanWorker {
    pub(super) fn new(settings: &Settings, engine: EngineCell) -> Self {
        let reports = Workspace::new(&settings.state_dir).reports();
        let (inbox, gallery) = (settings.watch.inbox.clone(), Gallery::new(&reports));
        Self { explainer: Explainer::new(settings, engine), inbox, reports, gallery }
    }

    pub(super) fn work(&mut self, job: ScanJob) -> Event {
        match job {
            ScanJob::Scan(scan, model) => {
                let (file, prefix) = (self.inbox.join(&scan.path), format!("{}/", model.dataset));
                let outcome = self.explainer.explain(&file, Some(scan.hash), &model, &self.reports, &prefix);
                Event::Explained(scan, Box::new(outcome))
            }
            ScanJob::Gallery { lacks } => Event::Gallery(self.list(lacks)),
        }
    }

    /// How many reports the gallery lists; `None` when it needed nothing.
    fn list(&mut self, lacks: bool) -> Result<Option<usize>, ReportError> {
        if !lacks && report::gallery_is_current(&self.reports)? {
            return Ok(None);
        }
        self.gallery.write().map(|listed| Some(listed.n_reports))
    }
}

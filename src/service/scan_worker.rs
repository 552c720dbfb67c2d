//! The scan worker: it explains scans, and writes the gallery of their reports and the pages of datasets.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use crate::config::Settings;
use crate::disk::Workspace;
use crate::domain::{CurrentClasses, DatasetName, Ledger, ModelRecord, Scan, ScanKey, ScanState};
use crate::report::{Gallery, ReportError};
use crate::workflow::{DatasetPages, Engines, Explainer, FeaturePages, ReportPlace};

use super::event::Event;
use super::gallery_look::GalleryLook;

/// What the scan worker is asked for.
pub(super) enum ScanJob {
    /// Explain this scan with this model; the ledger says what its dataset is now.
    Scan(Box<Scan>, Arc<ModelRecord>, Box<Ledger>),
    /// Write the pages of datasets that `changed`, and the gallery, with the classes that datasets have now, as far as it is `due`.
    /// The ledger says which reports there must be.
    Gallery { due: GalleryDue, current: CurrentClasses, ledger: Box<Ledger>, changed: BTreeSet<DatasetName> },
}

/// What has to be done for the gallery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GalleryDue {
    /// It lacks reports of this worker, and is otherwise as it was left.
    Writing,
    /// Others may have changed it, or what it is made from: every report is looked at.
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
    features: FeaturePages,
}

impl ScanWorker {
    pub(super) fn new(settings: &Settings, engines: Engines) -> Self {
        let reports = Workspace::new(&settings.state_dir).reports();
        let (inbox, gallery) = (settings.watch.inbox.clone(), Gallery::new(&reports));
        let (pages, features) = (DatasetPages::new(settings), FeaturePages::new(settings));
        Self { explainer: Explainer::new(settings, engines), inbox, reports, gallery, pages, features }
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
                if let Ok(explained) = &outcome {
                    self.gallery.add(&explained.report);
                }
                Event::Explained(scan, Box::new(outcome))
            }
            ScanJob::Gallery { due, current, ledger, changed } => {
                if due == GalleryDue::Look {
                    self.pages.look_again();
                }
                let pages = self.pages.write(&ledger, &changed, &mut self.features);
                // A page that cannot be written does not keep the gallery from it.
                let is_gallery_due = due != GalleryDue::Pages || !matches!(pages, Ok(false));
                let look = is_gallery_due.then(|| match due {
                    GalleryDue::Writing => self.list(&current, &ledger),
                    GalleryDue::Look | GalleryDue::Pages => self.look(&current, &ledger),
                });
                Event::Gallery { pages: pages.map(drop), look: look.transpose() }
            }
        }
    }

    /// Writes what is new in the gallery, after the pages that it leads to; one that cannot be written does not keep the gallery from it.
    fn list(&mut self, current: &CurrentClasses, ledger: &Ledger) -> Result<GalleryLook, ReportError> {
        let features = self.features.write(ledger, &self.gallery);
        let listed = self.gallery.write(current)?;
        features?;
        Ok(GalleryLook { listed, lost: None, unread: self.gallery.all_read().err() })
    }

    /// Looks which reports there are and which are lost, and has the gallery as it should be.
    fn look(&mut self, current: &CurrentClasses, ledger: &Ledger) -> Result<GalleryLook, ReportError> {
        self.gallery.survey()?;
        let lost = Some(self.lost(ledger));
        let features = self.features.write(ledger, &self.gallery);
        let listed = match self.gallery.as_written(current)? {
            Some(listed) => listed,
            None => self.gallery.write(current)?,
        };
        features?;
        Ok(GalleryLook { listed, lost, unread: self.gallery.all_read().err() })
    }

    /// Explained scans whose reports are not there, or not whole.
    fn lost(&self, ledger: &Ledger) -> Vec<ScanKey> {
        self.gallery.lacking(ledger.scans.iter().filter_map(|(key, scan)| match &scan.state {
            ScanState::Explained { report, .. } => Some((key.clone(), report.as_str(), scan.hash)),
            ScanState::Waiting | ScanState::Removed { .. } => None,
        }))
    }
}

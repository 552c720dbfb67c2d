//! One scan, from file to report.

use std::collections::BTreeSet;
use std::path::Path;

use crate::config::{ReportSettings, Settings};
use crate::content::{Content, FileFailure, Reader};
use crate::disk::{self, Workspace};
use crate::domain::{ClassName, Clock, ContentHash, Explanation, HeadRecord, ModelRecord, Reserve};
use crate::explain::{self, ExplainError};
use crate::head::{Head, HeadError};
use crate::imaging::{Picture, SourceScan};
use crate::nn::{NetworkImage, NnError};
use crate::privacy::{self, KeyError, shown, shown_name, shown_stem, shows};
use crate::report::{self, DicomScan, ReportError};

use super::engines::Engines;

/// A scan was explained.
#[derive(Debug, Clone)]
pub struct ExplainedScan {
    /// What the model says.
    pub explanation: Explanation,
    /// The report's folder, relative to the reports' folder.
    pub report: String,
}

/// Why a scan was not explained.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// The file cannot be used, or is no longer what was taken in.
    #[error(transparent)]
    File(#[from] FileFailure),
    /// The network cannot be used.
    #[error(transparent)]
    Network(#[from] NnError),
    /// The model's head cannot be used.
    #[error(transparent)]
    Head(#[from] HeadError),
    /// The model has nothing to say of it.
    #[error(transparent)]
    Explain(#[from] ExplainError),
    /// The report cannot be written.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// The key cannot be used that the identifiers of results are drawn with.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// A large report: most take a tenth of it.
const REPORT_BYTES: u64 = 8 << 20;

/// Of a pixel in a picture as DICOM.
const RGB_BYTES: u64 = 3;

/// Explains images and writes their reports; keeps the head of the model it used last.
pub struct Explainer {
    engines: Engines,
    reader: Reader,
    workspace: Workspace,
    clock: Clock,
    reserve: Reserve,
    results: ReportSettings,
    are_results_beside: bool,
    head: Option<(HeadRecord, Head)>,
}

impl Explainer {
    /// For the models of `settings.state_dir`.
    pub fn new(settings: &Settings, engines: Engines) -> Self {
        let reader = Reader::of(settings).below(&settings.watch.inbox);
        let Settings { state_dir, clock, reserve, report, .. } = settings;
        Self {
            engines,
            reader,
            workspace: Workspace::new(state_dir),
            clock: *clock,
            reserve: *reserve,
            results: report.clone(),
            are_results_beside: false,
            head: None,
        }
    }

    /// Writes results in DICOM into the folder of each report, not into the outbox.
    #[must_use]
    pub fn with_results_beside(self) -> Self {
        Self { are_results_beside: true, ..self }
    }

    /// Reaches files below `folder` through no link, as those below the inbox.
    #[must_use]
    pub fn below(self, folder: &Path) -> Self {
        Self { reader: self.reader.below(folder), ..self }
    }

    /// Explains the image in `file` with `model`, and writes the report to `reports/<prefix><stem>-<hash8>/`.
    /// `expected`: the content it must have. `current`: the classes that the dataset has now, where they are known.
    ///
    /// # Errors
    /// [`ScanError`]; nothing is written then, or only whole files.
    pub fn explain(
        &mut self,
        file: &Path,
        expected: Option<ContentHash>,
        model: &ModelRecord,
        current: Option<&BTreeSet<ClassName>>,
        (reports, prefix): (&Path, &str),
    ) -> Result<ExplainedScan, ScanError> {
        disk::require_room(reports, REPORT_BYTES, self.reserve).map_err(ReportError::Disk)?;
        let content = self.reader.read(file, expected)?;
        // The network sees the scan as it saw the images that it learned from; people see all of it. One image in memory at
        // a time.
        let scaled = self.reader.clone().scaled(true);
        let scaled = model.scaled_jpeg.then(|| {
            scaled.decode(file, &content).map(|picture| NetworkImage::of_model(&picture, &model.backbone_detail))
        });
        let scaled = scaled.transpose()?;
        let picture = self.reader.clone().scaled(false).decode(file, &content)?;
        let input = scaled.unwrap_or_else(|| NetworkImage::of_model(&picture, &model.backbone_detail));
        let engine = self.engines.of_model(&model.backbone_detail)?;
        let head = self.head(model)?;
        let activations = engine.activations(vec![input])?;
        let activations = activations.first().ok_or(NnError::EngineGone)?;
        let explanation =
            explain::explain(&shown_name(file), content.hash, &picture, activations, head, (model, current))?;
        let stem = shows(file).then(|| shown_stem(file, &content.hash));
        let report = format!("{prefix}{}", Workspace::report_folder(stem.as_deref(), &content.hash));
        let dataset_page = (!prefix.is_empty()).then_some(report::DATASET_PAGE_FROM_REPORT);
        self.write_report((file, &content), &reports.join(&report), (&explanation, model), &picture, dataset_page)?;
        Ok(ExplainedScan { explanation, report })
    }

    /// Writes the report into `folder`, and before its page the results of a DICOM scan.
    fn write_report(
        &self,
        (file, content): (&Path, &Content),
        folder: &Path,
        (explanation, model): (&Explanation, &ModelRecord),
        picture: &Picture,
        dataset_page: Option<&str>,
    ) -> Result<(), ScanError> {
        let source = self.source(file, content, explanation)?;
        let has_results = self.results.dicom && source.is_some();
        let key = if has_results { Some(privacy::site_key(&self.workspace)?) } else { None };
        let outbox = if self.are_results_beside { folder } else { &self.results.outbox };
        let dicom = source.as_ref().map(|source| DicomScan {
            source,
            is_named: self.results.instance_uid,
            results: key.as_ref().map(|key| (outbox, key)),
        });
        if has_results {
            let n_bytes = RGB_BYTES * u64::from(picture.width()) * u64::from(picture.height());
            disk::require_room(outbox, n_bytes, self.reserve).map_err(ReportError::Disk)?;
        }
        Ok(report::write(folder, explanation, model, picture, self.clock.now(), dicom.as_ref(), dataset_page)?)
    }

    /// What the file of a DICOM scan says of itself, where settings ask for it.
    fn source(
        &self,
        file: &Path,
        content: &Content,
        explanation: &Explanation,
    ) -> Result<Option<SourceScan>, FileFailure> {
        let is_asked = self.results.dicom || self.results.instance_uid;
        if !is_asked || explanation.image.format != "dicom" {
            return Ok(None);
        }
        let source = self.reader.source_scan(file, content)?;
        if source.is_none() {
            tracing::warn!(
                scan = %shown(file),
                fix = "send the scan again from an archive that gives identifiers of study, series and image",
                "Scan without valid identifiers in DICOM, so no result in DICOM"
            );
        }
        Ok(source)
    }

    fn head(&mut self, model: &ModelRecord) -> Result<&Head, ScanError> {
        if self.head.as_ref().is_none_or(|(file, _)| *file != model.head) {
            let run_dir = self.workspace.run(&model.dataset, &model.run_id);
            self.head = Some((model.head.clone(), Head::load(&run_dir, &model.head)?));
        }
        self.head.as_ref().map(|(_, head)| head).ok_or(ScanError::Network(NnError::EngineGone))
    }
}

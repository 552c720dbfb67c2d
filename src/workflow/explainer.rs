//! One scan, from file to report.

use std::collections::BTreeSet;
use std::path::Path;

use crate::config::Settings;
use crate::content::{FileFailure, Reader};
use crate::disk::{self, Workspace};
use crate::domain::{ClassName, Clock, ContentHash, Explanation, HeadRecord, ModelRecord, Reserve};
use crate::explain::{self, ExplainError};
use crate::head::{Head, HeadError};
use crate::nn::{NetworkImage, NnError};
use crate::privacy::{shown_name, shown_stem, shows};
use crate::report::{self, ReportError};

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
}

/// A large report: most take a tenth of it.
const REPORT_BYTES: u64 = 8 << 20;

/// Explains images and writes their reports; keeps the head of the model it used last.
pub struct Explainer {
    engines: Engines,
    reader: Reader,
    workspace: Workspace,
    clock: Clock,
    reserve: Reserve,
    head: Option<(HeadRecord, Head)>,
}

impl Explainer {
    /// For the models of `settings.state_dir`.
    pub fn new(settings: &Settings, engines: Engines) -> Self {
        let reader = Reader::of(settings).below(&settings.watch.inbox);
        let Settings { state_dir, clock, reserve, .. } = settings;
        Self { engines, reader, workspace: Workspace::new(state_dir), clock: *clock, reserve: *reserve, head: None }
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
        report::write(&reports.join(&report), &explanation, model, &picture, self.clock.now())?;
        Ok(ExplainedScan { explanation, report })
    }

    fn head(&mut self, model: &ModelRecord) -> Result<&Head, ScanError> {
        if self.head.as_ref().is_none_or(|(file, _)| *file != model.head) {
            let run_dir = self.workspace.run(&model.dataset, &model.run_id);
            self.head = Some((model.head.clone(), Head::load(&run_dir, &model.head)?));
        }
        self.head.as_ref().map(|(_, head)| head).ok_or(ScanError::Network(NnError::EngineGone))
    }
}

//! One scan, from file to report.

use std::path::{Path, PathBuf};

use crate::config::{ReportSettings, Settings, UnlikeScans};
use crate::content::{Content, FileFailure, Reader};
use crate::disk::{self, Workspace};
use crate::domain::{Clock, ContentHash, Explanation, HeadRecord, Ledger, MapMethod, ModelRecord, Neighbour, Reserve};
use crate::explain::{self, ExplainError, TrainingComparison};
use crate::head::{Head, HeadError, TrainingFeatures};
use crate::imaging::{Picture, SourceScan};
use crate::nn::{NetworkImage, NnError};
use crate::privacy::{self, KeyError, shown, shown_name, shown_stem, shows};
use crate::report::{self, DicomScan, ReportError, ScanReport};

use super::engines::Engines;
use super::perturbation::perturbation;

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

/// Where a report is written.
#[derive(Debug, Clone, Copy)]
pub struct ReportPlace<'a> {
    /// The folder of all reports.
    pub reports: &'a Path,
    /// What the name of a new report's folder begins with: a folder in `reports` and `/`, or nothing.
    pub prefix: &'a str,
    /// The folder of the report that it replaces, relative to `reports`; `None` of a new one.
    pub replaces: Option<&'a str>,
}

/// Which maps a report has; by default Grad-CAM first, and no more than on its page.
#[derive(Debug, Clone, Copy, Default)]
pub struct MapRequest {
    /// Whose maps are shown first.
    pub method: MapMethod,
    /// Whether all maps are also written as numbers, `maps.npy`.
    pub is_raw: bool,
    /// Whether deletion and insertion are measured: 20 more images through the network.
    pub is_perturbed: bool,
}

/// A large report: most take a tenth of it.
const REPORT_BYTES: u64 = 8 << 20;

/// Of a pixel in a picture as DICOM.
const RGB_BYTES: u64 = 3;

/// Pixels a side at which neighbours are read, where the format can be read smaller.
const NEIGHBOUR_SIDE: u32 = 160;

/// A result in DICOM refers to its scan by them, and `report.json` names it by one.
const NO_IDENTIFIERS: &str = "The file has no valid DICOM identifiers of study, series and image, so no result in DICOM \
    refers to it; send the scan again from an archive that gives them.";

/// Explains images and writes their reports; keeps the head of the model it used last.
pub struct Explainer {
    engines: Engines,
    reader: Reader,
    inbox: PathBuf,
    workspace: Workspace,
    clock: Clock,
    reserve: Reserve,
    results: ReportSettings,
    are_results_beside: bool,
    maps: MapRequest,
    head: Option<(HeadRecord, Head, Option<TrainingFeatures>)>,
}

impl Explainer {
    /// For the models of `settings.state_dir`.
    pub fn new(settings: &Settings, engines: Engines) -> Self {
        let reader = Reader::of(settings).below(&settings.watch.inbox);
        let Settings { state_dir, clock, reserve, report, .. } = settings;
        Self {
            engines,
            reader,
            inbox: settings.watch.inbox.clone(),
            workspace: Workspace::new(state_dir),
            clock: *clock,
            reserve: *reserve,
            results: report.clone(),
            are_results_beside: false,
            maps: MapRequest { is_perturbed: report.deletion_insertion, ..MapRequest::default() },
            head: None,
        }
    }

    /// Another one that does the same, for another thread.
    #[must_use]
    pub fn another(&self) -> Self {
        Self {
            engines: self.engines.clone(),
            reader: self.reader.clone(),
            inbox: self.inbox.clone(),
            workspace: self.workspace.clone(),
            results: self.results.clone(),
            head: None,
            ..*self
        }
    }

    /// Writes results in DICOM into the folder of each report, not into the outbox.
    #[must_use]
    pub fn with_results_beside(self) -> Self {
        Self { are_results_beside: true, ..self }
    }

    /// Makes other maps than Grad-CAM, or more of them. What the settings have measured is measured in any case.
    #[must_use]
    pub fn with_maps(self, maps: MapRequest) -> Self {
        let is_perturbed = maps.is_perturbed || self.maps.is_perturbed;
        Self { maps: MapRequest { is_perturbed, ..maps }, ..self }
    }

    /// Reaches files below `folder` through no link, as those below the inbox.
    #[must_use]
    pub fn below(self, folder: &Path) -> Self {
        Self { reader: self.reader.below(folder), ..self }
    }

    /// Explains the image in `file` with `model`, and writes the report to `reports/<prefix><stem>-<hash8>/`, or in place of
    /// the one that it replaces.
    /// `expected`: the content it must have. `ledger`: what the model's dataset is now, where that is known; only then the report shows
    /// the nearest training images themselves, because an erasure reaches what it can know of.
    ///
    /// # Errors
    /// [`ScanError`]; nothing is written then, or only whole files.
    pub fn explain(
        &mut self,
        file: &Path,
        expected: Option<ContentHash>,
        model: &ModelRecord,
        ledger: Option<&Ledger>,
        ReportPlace { reports, prefix, replaces }: ReportPlace<'_>,
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
        let (maps, ood, n_neighbours) = (self.maps, self.results.ood, self.results.neighbours);
        let (head, known) = self.head(model)?;
        let is_measured = ood != UnlikeScans::Off;
        let known = known.map(|features| TrainingComparison { features, is_measured, n_neighbours });
        let activations = engine.activations(vec![input.clone()])?;
        let activations = activations.first().ok_or(NnError::EngineGone)?;
        let by = (head, known, maps.method);
        let mut explanation =
            explain::explain(&shown_name(file), content.hash, &picture, activations, by, (model, ledger))?;
        refuse_unlike(&explanation, ood)?;
        if maps.is_perturbed {
            let measured = perturbation((&engine, head), &input, &explanation)?;
            explanation.figures.maps.entry(maps.method).or_default().perturbation = measured;
        }
        let report = replaces.map_or_else(|| new_report(prefix, file, &content.hash), str::to_owned);
        let source = self.source(file, &content, &mut explanation)?;
        let neighbours = ledger.map_or_else(Vec::new, |ledger| self.neighbours(&explanation, ledger));
        let written = ScanReport {
            explanation: &explanation,
            model,
            picture: &picture,
            neighbours: &neighbours,
            is_of_service: !prefix.is_empty(),
        };
        self.write_report(source.as_ref(), &reports.join(&report), &written)?;
        Ok(ExplainedScan { explanation, report })
    }

    /// Writes the report into `folder`, and before its page the results of a DICOM scan.
    fn write_report(
        &self,
        source: Option<&SourceScan>,
        folder: &Path,
        written: &ScanReport<'_>,
    ) -> Result<(), ScanError> {
        let has_results = self.results.dicom && source.is_some();
        let key = if has_results { Some(privacy::site_key(&self.workspace)?) } else { None };
        let outbox = if self.are_results_beside { folder } else { &self.results.outbox };
        let dicom = source.map(|source| DicomScan {
            source,
            is_named: self.results.instance_uid,
            results: key.as_ref().map(|key| (outbox, key)),
        });
        if has_results {
            let n_bytes = RGB_BYTES * u64::from(written.picture.width()) * u64::from(written.picture.height());
            disk::require_room(outbox, n_bytes, self.reserve).map_err(ReportError::Disk)?;
        }
        report::write_raw_maps(folder, Some(written.explanation).filter(|_| self.maps.is_raw))?;
        Ok(report::write(folder, written, self.clock.now(), dicom.as_ref())?)
    }

    /// The nearest training images, read small; `None` for one that cannot be read, or seems to have text in it, which may be the
    /// name of another patient.
    fn neighbours(&self, explanation: &Explanation, ledger: &Ledger) -> Vec<Option<Picture>> {
        let small = self.reader.clone().scaled(true).for_side(NEIGHBOUR_SIDE);
        let picture = |neighbour: &Neighbour| {
            let sample = ledger.sample(&explanation.dataset, neighbour.image).filter(|sample| !sample.image.text)?;
            Some(small.picture(&self.inbox.join(&sample.path), Some(sample.hash)).ok()?.1.into_picture())
        };
        explanation.neighbours.iter().map(picture).collect()
    }

    /// What the file of a DICOM scan says of itself, where settings ask for it; that it does not say it is a warning.
    fn source(
        &self,
        file: &Path,
        content: &Content,
        explanation: &mut Explanation,
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
            explanation.warnings.push(NO_IDENTIFIERS.to_owned());
        }
        Ok(source)
    }

    /// The head of `model`, and its training images where the distance to them is wanted and known.
    fn head(&mut self, model: &ModelRecord) -> Result<(&Head, Option<&TrainingFeatures>), ScanError> {
        let run_dir = self.workspace.run(&model.dataset, &model.run_id);
        let is_asked = self.results.ood != UnlikeScans::Off || self.results.neighbours > 0;
        // An erasure removes the file with an image.
        let record = model.training_features.as_ref().filter(|it| is_asked && run_dir.join(&it.file).exists());
        let is_stale = |known: &Option<TrainingFeatures>, head: &HeadRecord| {
            *head != model.head || known.is_some() && record.is_none()
        };
        if self.head.as_ref().is_none_or(|(head, _, known)| is_stale(known, head)) {
            let known =
                record.and_then(|record| TrainingFeatures::load(&run_dir, record).inspect_err(warn_of_unknown).ok());
            self.head = Some((model.head.clone(), Head::load(&run_dir, &model.head)?, known));
        }
        let loaded = self.head.as_ref().map(|(_, head, known)| (head, known.as_ref()));
        loaded.ok_or(ScanError::Network(NnError::EngineGone))
    }
}

/// The folder of a report, relative to that of all reports.
fn new_report(prefix: &str, file: &Path, hash: &ContentHash) -> String {
    let stem = shows(file).then(|| shown_stem(file, hash));
    format!("{prefix}{}", Workspace::report_folder(stem.as_deref(), hash))
}

fn refuse_unlike(explanation: &Explanation, ood: UnlikeScans) -> Result<(), ExplainError> {
    let (scan, model) = (explanation.name.clone(), explanation.model.clone());
    match explanation.training_distance {
        _ if ood != UnlikeScans::Refuse => Ok(()),
        None => Err(ExplainError::UnknownDistance { scan, model }),
        Some(distance) if distance.is_unlike() => Err(ExplainError::Unlike { scan, model, distance }),
        Some(_) => Ok(()),
    }
}

/// The file goes with an erased image; the model's scores do not depend on it.
fn warn_of_unknown(error: &HeadError) {
    tracing::warn!(%error, "Nearest training images not known");
}

//! `report.json`: what a script reads of one report, and what the gallery is made from.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::document::PROGRAM;
use super::error::ReportError;
use super::json;
use super::quality::Quality;
use crate::domain::{
    ClassMap, ClassName, ContentHash, DatasetName, Explanation, ExplanationStatus, ImageFacts, MapFigures, MapMethod,
    ModelRecord, Neighbour, RunId, TrainingDistance,
};
use crate::stats::tempered;

pub(super) const FILE: &str = "report.json";
pub(super) const PAGE: &str = "report.html";
pub(super) const THUMB: &str = "thumb.jpg";
/// All that belongs to a report.
pub(super) const REPORT_FILES: [&str; 5] = ["heatmap.png", "overlay.png", THUMB, FILE, PAGE];

/// The whole of `report.json`. Keys are only ever added within one schema.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReportRecord {
    /// [`ReportRecord::SCHEMA`].
    pub schema: String,
    /// File name of the scan.
    pub scan: String,
    /// The model that explained it.
    pub model: RunId,
    /// The class with the greatest score.
    pub predicted: ClassName,
    /// The head's raw outputs, 0 to 1, by class. Sigmoids need not add up to 1.
    pub scores: BTreeMap<ClassName, f64>,
    /// The scores of the logits at the temperature that suited the model's validation images; `None` of older models.
    #[serde(default)]
    pub calibrated: Option<BTreeMap<ClassName, f64>>,
    /// That temperature.
    #[serde(default)]
    pub temperature: Option<f64>,
    /// The same before the activation.
    pub logits: BTreeMap<ClassName, f64>,
    /// How the scores stand to each other.
    pub status: ExplanationStatus,
    /// One sentence each.
    pub warnings: Vec<String>,
    /// Whose model.
    pub dataset: DatasetName,
    /// Classes in the order of the head's outputs.
    pub classes: Vec<ClassName>,
    /// SHA-256 of the scan's file.
    pub hash: ContentHash,
    /// SOP Instance UID of a DICOM scan, where settings ask for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sop_instance_uid: Option<String>,
    /// What decoding found.
    pub image: ImageFacts,
    /// How far it is from the model's training images; left out where that is not known or not asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training_distance: Option<TrainingDistance>,
    /// The training images nearest to it, the nearest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub neighbours: Vec<Neighbour>,
    /// Where it lies among them, along the two principal axes of their features, in standard deviations; left out where that is not
    /// known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feature_position: Option<[f64; 2]>,
    /// How good the model was on its test images or, without any, its validation images.
    pub quality: Quality,
    /// How `heatmap.png` and `overlay.png` came about.
    pub heat_map: HeatMapRecord,
    /// How far the maps of the predicted class can be relied on; `None` in reports of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub map_figures: Option<MapFigures>,
    /// Whether its results were written as DICOM too, or those of a report that it replaced and that say the same.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dicom_results: bool,
    /// The report that it replaced; left out where there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<ReplacedReport>,
    /// RFC 3339, UTC.
    pub created: String,
    /// The program that explained it, and its version.
    pub program: String,
}

/// A report of the same scan by another model of the same dataset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplacedReport {
    /// The model that explained it.
    pub model: RunId,
    /// RFC 3339, UTC.
    pub created: String,
}

/// How a heat map came about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HeatMapRecord {
    /// `Grad-CAM`, unless another was asked for.
    pub method: MapMethod,
    /// The layer it looks at.
    pub layer: String,
    /// Rows and columns before it was enlarged.
    pub grid: usize,
    /// For which class.
    pub class: ClassName,
    /// The map's maximum before scaling; 0 when no region supports the class.
    pub peak: f32,
}

impl HeatMapRecord {
    fn new(explanation: &Explanation, class: &ClassName) -> Self {
        let drawn = explanation.maps[explanation.predicted].drawn(explanation.method);
        Self {
            method: explanation.method,
            layer: "block5_conv3".to_owned(),
            grid: drawn.side,
            class: class.clone(),
            peak: drawn.peak(),
        }
    }
}

impl ReportRecord {
    /// The value of `schema` that this program writes.
    pub const SCHEMA: &'static str = "gradwatch.report/1";

    /// Refuses an explanation that is not of this model.
    pub(super) fn new(explanation: &Explanation, model: &ModelRecord, made: SystemTime) -> Result<Self, ReportError> {
        let predicted = checked(explanation, model)?;
        let quality = Quality::of(model);
        let calibrated = model.assessment.as_ref().and_then(|assessment| assessment.calibrated);
        let temperature = calibrated.map(|calibrated| calibrated.temperature);
        let by_class = |values: &[f64]| explanation.classes.iter().cloned().zip(values.iter().copied()).collect();
        Ok(Self {
            schema: Self::SCHEMA.to_owned(),
            scan: explanation.name.clone(),
            model: explanation.model.clone(),
            predicted: predicted.clone(),
            scores: by_class(&explanation.scores),
            calibrated: temperature
                .map(|at| by_class(&model.head.activation.scores(&tempered(&explanation.logits, at)))),
            temperature,
            logits: by_class(&explanation.logits),
            status: explanation.status,
            warnings: explanation.warnings.clone(),
            dataset: explanation.dataset.clone(),
            classes: explanation.classes.clone(),
            hash: explanation.hash,
            sop_instance_uid: None,
            image: explanation.image.clone(),
            training_distance: explanation.training_distance,
            neighbours: explanation.neighbours.clone(),
            feature_position: explanation.feature_position,
            quality: quality.ok_or_else(|| ReportError::unfit(explanation, "it was measured on other classes"))?,
            heat_map: HeatMapRecord::new(explanation, predicted),
            map_figures: Some(explanation.figures.clone()),
            dicom_results: false,
            replaces: None,
            created: humantime::format_rfc3339_seconds(made).to_string(),
            program: PROGRAM.to_owned(),
        })
    }

    /// The report in `folder`, if there is one.
    pub(super) fn stored(folder: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(folder.join(FILE)).ok()?).ok()
    }

    /// Whether the page in `folder` is of this record, and not of one before it: it is written last, after the results in DICOM.
    pub(super) fn has_page(&self, folder: &Path) -> bool {
        fs::read_to_string(folder.join(PAGE)).is_ok_and(|page| page.contains(self.model.as_str()))
    }

    /// With what it replaces: `stored`, if that is of another model, else what that one replaced, so that work that is repeated
    /// because it was cut off writes the same.
    pub(super) fn in_place_of(self, stored: Option<&Self>) -> Self {
        let replaces = stored.filter(|stored| self.is_of_same_scan(stored)).and_then(|stored| {
            let replaced = ReplacedReport { model: stored.model.clone(), created: stored.created.clone() };
            if stored.model == self.model { stored.replaces.clone() } else { Some(replaced) }
        });
        Self { replaces, ..self }
    }

    /// With the time of `stored` if that one says the same otherwise: work that is repeated because it was cut off then writes
    /// the same files.
    pub(super) fn at_first_time(self, stored: Option<&Self>) -> Self {
        let first = stored.map(|stored| Self { created: stored.created.clone(), ..self.clone() });
        let is_same = |first: &Self| stored.and_then(|stored| stored.to_json().ok()) == first.to_json().ok();
        first.filter(is_same).unwrap_or(self)
    }

    /// Whether `stored` is of another model, and its results in DICOM have the same content: class, status, warnings, and every
    /// score in percent.
    pub(super) fn repeats_results_of(&self, stored: &Self) -> bool {
        let percent = |report: &Self| report.scores.values().map(|score| (100.0 * score).round()).collect::<Vec<_>>();
        let content = |report: &Self| {
            (report.predicted.clone(), report.classes.clone(), report.status, report.warnings.clone(), percent(report))
        };
        stored.dicom_results
            && self.is_of_same_scan(stored)
            && self.model != stored.model
            && content(self) == content(stored)
    }

    fn is_of_same_scan(&self, stored: &Self) -> bool {
        (self.hash, &self.dataset) == (stored.hash, &stored.dataset)
    }

    pub(super) fn to_json(&self) -> Result<Vec<u8>, ReportError> {
        json::to_json(self).map_err(|source| ReportError::Json { scan: self.scan.clone(), source })
    }

    /// How far the highest score is above the second.
    pub(super) fn margin(&self) -> f64 {
        ExplanationStatus::margin(self.scores.values().copied())
    }

    /// The predicted class's score.
    pub fn top_score(&self) -> f64 {
        self.scores.get(&self.predicted).copied().unwrap_or(0.0)
    }
}

/// The predicted class, once it is sure that every class has its score, logit and map.
fn checked<'a>(explanation: &'a Explanation, model: &ModelRecord) -> Result<&'a ClassName, ReportError> {
    let unfit = |what| ReportError::unfit(explanation, what);
    let n = explanation.classes.len();
    if explanation.classes != model.classes || explanation.model != model.run_id {
        return Err(unfit("it is of another model"));
    }
    if [explanation.scores.len(), explanation.logits.len(), explanation.maps.len()] != [n; 3] {
        return Err(unfit("scores or maps are missing"));
    }
    let is_whole =
        |map: &ClassMap| map.side > 0 && MapMethod::ALL.iter().all(|it| map.cells(*it).len() == map.side * map.side);
    if !explanation.maps.iter().all(is_whole) {
        return Err(unfit("a map lacks cells"));
    }
    explanation.classes.get(explanation.predicted).ok_or_else(|| unfit("no class is predicted"))
}

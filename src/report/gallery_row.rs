//! One report of the gallery: no more of its record than the pages show, so that 100,000 of them fit into little memory.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::record::{FILE, ReportRecord};
use crate::domain::{
    ClassName, ContentHash, CurrentClasses, DatasetName, ExplanationStatus, FileStamp, RunId, TrainingDistance,
};

/// A report and where it lies. What many reports share is held once, in [`SharedValues`].
#[derive(Debug)]
pub(super) struct GalleryRow {
    /// Relative to the gallery, `/`-separated.
    pub(super) folder: String,
    /// Of its `report.json`, as of the last reading.
    pub(super) stamp: FileStamp,
    pub(super) scan: String,
    pub(super) dataset: Arc<DatasetName>,
    pub(super) model: Arc<RunId>,
    pub(super) predicted: Arc<ClassName>,
    /// In the order of the head's outputs.
    #[expect(dead_code, reason = "as long as a report holds them, `SharedValues` names them")]
    pub(super) classes: Arc<Vec<ClassName>>,
    /// Of the predicted class.
    pub(super) score: f64,
    pub(super) status: ExplanationStatus,
    /// Whether it is unlike the training images; `None` where that was not measured.
    pub(super) is_unlike: Option<bool>,
    /// One sentence each, of which many reports have the same.
    pub(super) warnings: Vec<Arc<String>>,
    /// Among the features of the model's training images.
    pub(super) position: Option<[f64; 2]>,
    /// RFC 3339, UTC.
    pub(super) created: String,
    /// Of the scan.
    pub(super) hash: ContentHash,
    /// Whether the dataset no longer has the predicted class.
    pub(super) is_obsolete: bool,
}

impl GalleryRow {
    pub(super) fn new(folder: &str, stamp: FileStamp, record: ReportRecord, shared: &mut SharedValues) -> Self {
        Self {
            folder: folder.to_owned(),
            stamp,
            score: record.top_score(),
            scan: record.scan,
            dataset: one(&mut shared.datasets, record.dataset),
            model: one(&mut shared.models, record.model),
            predicted: one(&mut shared.predicted, record.predicted),
            classes: one(&mut shared.classes, record.classes),
            status: record.status,
            is_unlike: record.training_distance.map(TrainingDistance::is_unlike),
            warnings: record.warnings.into_iter().map(|warning| one(&mut shared.warnings, warning)).collect(),
            position: record.feature_position,
            created: record.created,
            hash: record.hash,
            is_obsolete: false,
        }
    }

    /// From the oldest report to the newest; of one second, in the reverse order of their folders.
    pub(super) fn in_order(&self, other: &Self) -> Ordering {
        (&self.created, &other.folder).cmp(&(&other.created, &self.folder))
    }

    /// Whether its class is none of those that its dataset has now.
    pub(super) fn is_obsolete_in(&self, current: &CurrentClasses) -> bool {
        current.get(&*self.dataset).is_some_and(|classes| !classes.contains(&*self.predicted))
    }
}

/// What many reports have in common, each value once.
#[derive(Debug, Default)]
pub(super) struct SharedValues {
    datasets: BTreeSet<Arc<DatasetName>>,
    models: BTreeSet<Arc<RunId>>,
    predicted: BTreeSet<Arc<ClassName>>,
    classes: BTreeSet<Arc<Vec<ClassName>>>,
    warnings: BTreeSet<Arc<String>>,
}

impl SharedValues {
    /// Lets go of what no report has any more.
    pub(super) fn prune(&mut self) {
        self.datasets.retain(is_used);
        self.models.retain(is_used);
        self.predicted.retain(is_used);
        self.classes.retain(is_used);
        self.warnings.retain(is_used);
    }

    /// The datasets of all reports, in order.
    pub(super) fn datasets(&self) -> Vec<&DatasetName> {
        self.datasets.iter().filter(|value| is_used(value)).map(|value| &**value).collect()
    }

    /// The predicted classes of all reports, in order.
    pub(super) fn predicted(&self) -> Vec<&ClassName> {
        self.predicted.iter().filter(|value| is_used(value)).map(|value| &**value).collect()
    }

    /// The classes of the models of all reports, in order.
    pub(super) fn classes(&self) -> Vec<ClassName> {
        let used = self.classes.iter().filter(|value| is_used(value)).flat_map(|classes| classes.iter().cloned());
        used.collect::<BTreeSet<_>>().into_iter().collect()
    }
}

/// Somebody holds it but the set itself.
fn is_used<T>(value: &Arc<T>) -> bool {
    Arc::strong_count(value) > 1
}

fn one<T: Ord>(values: &mut BTreeSet<Arc<T>>, value: T) -> Arc<T> {
    if let Some(known) = values.get(&value) {
        return Arc::clone(known);
    }
    let value = Arc::new(value);
    values.insert(Arc::clone(&value));
    value
}

/// Of the record in `folder`, as it is now.
pub(super) fn stamp(reports_dir: &Path, folder: &str) -> FileStamp {
    let metadata = fs::metadata(reports_dir.join(folder).join(FILE));
    metadata.map_or(FileStamp::NONE, |metadata| FileStamp::from(&metadata))
}

/// The record in `folder`, or why it cannot be listed.
pub(super) fn read(reports_dir: &Path, folder: &str) -> Result<ReportRecord, UnlistedReason> {
    let bytes = fs::read(reports_dir.join(folder).join(FILE))
        .map_err(|error| UnlistedReason { may_pass: true, reason: error.to_string() })?;
    let invalid = |reason: String| UnlistedReason { may_pass: false, reason };
    let record: ReportRecord = serde_json::from_slice(&bytes).map_err(|error| invalid(error.to_string()))?;
    let is_known = record.schema == ReportRecord::SCHEMA;
    is_known.then_some(record).ok_or_else(|| invalid("this version does not support its schema".to_owned()))
}

/// Why a report is not in the gallery.
#[derive(Debug)]
pub(super) struct UnlistedReason {
    /// It may be readable the next time, though its file stays as it is.
    pub(super) may_pass: bool,
    pub(super) reason: String,
}

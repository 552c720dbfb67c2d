//! What the page of a dataset is made from.

use crate::domain::{DatasetName, Decision, ModelRecord, Sample};

/// What the page of a dataset is made from.
#[derive(Debug)]
pub struct DatasetReport<'a> {
    /// Its name.
    pub dataset: &'a DatasetName,
    /// Its images, in the order of their hashes.
    pub samples: &'a [Sample],
    /// Its files.
    pub files: FileTotals,
    /// What a person should know before relying on a model of it: one sentence each, the gravest first.
    pub warnings: Vec<String>,
    /// What is not used, and why: one entry a reason.
    pub left_out: Vec<UnusedFiles>,
    /// Whether it has a page that shows how its best model sees its images.
    pub has_features: bool,
    /// Its models, the newest first.
    pub models: Vec<PastModel<'a>>,
}

/// How the files of a dataset come to its images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FileTotals {
    /// All that were read, the list of groups not counted.
    pub n: u64,
    /// Files with the same bytes as another one.
    pub copies: u64,
    /// Other files of an image, by the number that DICOM gave it.
    pub repeats: u64,
}

/// Files or images that are not used, all for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnusedFiles {
    /// A stable word: `truncated`, `label-conflict`, ...
    pub code: String,
    /// How many.
    pub n: u64,
    /// What to do, one sentence.
    pub fix: String,
    /// The first of them, as they may be shown, with what is wrong.
    pub files: Vec<(String, String)>,
}

/// A model of the dataset.
#[derive(Debug)]
pub struct PastModel<'a> {
    /// Its record.
    pub model: &'a ModelRecord,
    /// The last decision on it.
    pub decision: Option<&'a Decision>,
    /// Whether it explains scans now.
    pub is_best: bool,
}

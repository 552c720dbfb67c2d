//! The checked settings, as the rooms get them, for all datasets and for one.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::compute::ComputeSettings;
use super::retention::RetentionSettings;
use super::sections::{
    AugmentSettings, BackboneSettings, ImageSettings, LimitSettings, LogSettings, PrivacySettings, PromotionPolicy,
    ReportSettings, RetrainSettings, SplitSettings, WatchSettings,
};
use super::train::TrainSettings;
use crate::domain::{Clock, DatasetName, Reserve};

/// All settings, as the rooms receive them.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The inbox and how files settle in it.
    pub watch: WatchSettings,
    /// What is too large.
    pub limits: LimitSettings,
    /// How files are read as images.
    pub images: ImageSettings,
    /// What is shown of names.
    pub privacy: PrivacySettings,
    /// What reports hold.
    pub report: ReportSettings,
    /// Where everything is written; absolute.
    pub state_dir: PathBuf,
    /// How much of it cached features may take.
    pub features_max_gib: f64,
    /// How much of it reports, runs and copies may take, and for how long.
    pub retention: RetentionSettings,
    /// What stays free on the disk of copies, features, runs and reports.
    pub reserve: Reserve,
    /// Training against validation.
    pub split: SplitSettings,
    /// How the dataset grows.
    pub augment: AugmentSettings,
    /// Which frozen network.
    pub backbone: BackboneSettings,
    /// How the head is fitted.
    pub train: TrainSettings,
    /// When a training starts.
    pub retrain: RetrainSettings,
    /// When a model replaces the best one.
    pub promotion: PromotionPolicy,
    /// On what it all runs.
    pub compute: ComputeSettings,
    /// Format and level of the log.
    pub log: LogSettings,
    /// What dates everything that is recorded.
    pub clock: Clock,
    /// What is to be changed in the configuration although it does no harm: one sentence each.
    pub warnings: Vec<String>,
    /// What holds for some datasets in place of this; ask [`Settings::of`].
    pub(super) datasets: BTreeMap<DatasetName, DatasetSettings>,
}

/// The settings of one dataset.
#[derive(Debug, Clone)]
pub struct DatasetSettings {
    pub(super) settings: Settings,
    pub(super) changes: Vec<Change>,
}

/// One key whose value is another one than for all.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Its dotted path, without the dataset.
    pub key: String,
    /// What holds for the dataset; none when the key is not there.
    pub value: serde_json::Value,
    /// What holds for all others.
    pub otherwise: serde_json::Value,
}

impl Settings {
    /// What holds for `dataset`: all of this, with what `[dataset.NAME]` says in its place.
    pub fn of(&self, dataset: &DatasetName) -> &Self {
        self.datasets.get(dataset).map_or(self, |own| &own.settings)
    }

    /// Whether `key` (a dotted path) has another value for `dataset` than for all.
    pub fn is_own(&self, dataset: &DatasetName, key: &str) -> bool {
        self.datasets.get(dataset).is_some_and(|own| own.changes.iter().any(|change| change.key == key))
    }

    /// The datasets with settings of their own, each with what differs by them.
    pub fn configured(&self) -> impl Iterator<Item = (&DatasetName, &[Change])> {
        self.datasets.iter().map(|(name, own)| (name, own.changes.as_slice()))
    }
}

//! The configuration as it is in the file, one to one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Table;

use super::compute::ComputeSettings;
use super::retention::RawRetention;
use super::sections::{
    AugmentMode, AugmentSettings, BackboneSettings, Balance, CopyFormat, ImageSettings, LimitSettings, LogSettings,
    PrivacySettings, PromotionPolicy, Quota, ReportSettings, RetrainSettings, SplitSettings, WatchSettings,
    WeightsChoice,
};
use super::settings::Settings;
use super::train::TrainSettings;
use crate::domain::{Clock, Preset, Recipe, Reserve};

/// The file, one to one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    watch: WatchSettings,
    limits: LimitSettings,
    images: ImageSettings,
    privacy: PrivacySettings,
    report: ReportSettings,
    storage: Storage,
    retention: RawRetention,
    split: SplitSettings,
    pub(super) augment: RawAugment,
    backbone: BackboneSettings,
    train: TrainSettings,
    retrain: RetrainSettings,
    promotion: Promotion,
    compute: ComputeSettings,
    log: LogSettings,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Storage {
    state_dir: PathBuf,
    features_max_gib: f64,
    reserve_gib: f64,
    reserve_percent: f64,
}

impl Storage {
    fn reserve(&self) -> Reserve {
        Reserve { percent: self.reserve_percent, bytes: (self.reserve_gib * f64::from(1 << 30)) as u64 }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Promotion {
    policy: PromotionPolicy,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAugment {
    mode: AugmentMode,
    copies: u32,
    balance: Balance,
    target_per_class: u32,
    format: CopyFormat,
    jpeg_quality: u8,
    contact_sheet: bool,
    pub(super) preset: Preset,
    seed: u64,
    pub(super) recipe: Table,
}

impl Raw {
    /// Relative paths start at `base`.
    pub(super) fn into_settings(self, base: &Path, recipe: Recipe, clock: Clock) -> Settings {
        let RawAugment { mode, copies, balance, target_per_class, preset, seed, .. } = self.augment;
        let RawAugment { format, jpeg_quality, contact_sheet, .. } = self.augment;
        let quota = Quota { copies, balance, target_per_class };
        let mut backbone = self.backbone;
        if let WeightsChoice::File(path) = &mut backbone.weights {
            *path = base.join(&*path);
        }
        let state_dir = plain_path(&base.join(&self.storage.state_dir));
        let outbox = self.report.outbox.as_path();
        let outbox = if outbox == Path::new("") { state_dir.join("outbox") } else { plain_path(&base.join(outbox)) };
        Settings {
            watch: WatchSettings { inbox: plain_path(&base.join(self.watch.inbox)), ..self.watch },
            limits: self.limits,
            images: self.images,
            reserve: self.storage.reserve(),
            state_dir,
            privacy: self.privacy,
            report: ReportSettings { outbox, ..self.report },
            features_max_gib: self.storage.features_max_gib,
            retention: self.retention.into_settings(),
            split: self.split,
            augment: AugmentSettings { mode, quota, format, jpeg_quality, contact_sheet, preset, seed, recipe },
            backbone,
            train: self.train,
            retrain: self.retrain,
            promotion: self.promotion.policy,
            compute: self.compute.based_on(base),
            log: self.log,
            clock,
            warnings: Vec::new(),
            datasets: BTreeMap::new(),
        }
    }
}

/// A path without `.` and `..`, so that one folder inside another can be seen from the names.
pub fn plain_path(path: &Path) -> PathBuf {
    use std::path::Component;
    path.components().fold(PathBuf::new(), |mut plain, part| {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(plain.pop()),
            other => plain.push(other),
        }
        plain
    })
}

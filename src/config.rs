//! Text to [`Settings`]: defaults, file, environment and command line, merged, checked, and never doubted again.
//!
//! Past this room nobody sees a raw string, and nobody outside it knows where a value came from.

mod compute;
mod datasets;
mod error;
mod hours;
mod key_lines;
mod keys;
mod layers;
mod nearest_key;
mod preprocessing;
mod raw;
mod recipe;
mod retention;
mod retired;
mod sections;
mod settings;
mod train;

pub use compute::{ComputeSettings, Device, Precision};
pub use error::ConfigError;
pub use hours::TrainingHours;
pub use layers::{Overrides, load};
pub use preprocessing::{Preparation, Preprocessing};
pub use raw::plain_path;
pub use retention::RetentionSettings;
pub use sections::{
    AugmentMode, AugmentSettings, BackboneSettings, Balance, CopyFormat, ImageSettings, LimitSettings, LogFormat,
    LogSettings, PrivacySettings, PromotionPolicy, Quota, ReportSettings, RetrainSettings, ShownNames, SplitSettings,
    UnlikeScans, WatchSettings, WeightsChoice,
};
pub use settings::{Change, DatasetSettings, Settings};
pub use train::{CheckpointSettings, ClassWeights, Direction, EarlyStoppingSettings, Monitor, TrainSettings};

/// The default layer, as shipped: `config.toml` of the repository.
pub const DEFAULTS: &str = include_str!("../config.toml");

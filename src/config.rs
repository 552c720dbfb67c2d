//! Text to [`Settings`]: defaults, file, environment and command line, merged, checked, and never doubted again.
//!
//! Past this room nobody sees a raw string, and nobody outside it knows where a value came from.

mod error;
mod keys;
mod layers;
mod recipe;
mod settings;

pub use error::ConfigError;
pub use layers::{Overrides, load};
pub use settings::{
    AugmentMode, AugmentSettings, BackboneSettings, ClassWeights, ComputeSettings, Device, EarlyStoppingSettings,
    LimitSettings, LogFormat, LogSettings, Monitor, Preprocessing, PromotionPolicy, RetrainSettings, Settings,
    SplitSettings, TrainSettings, WatchSettings, WeightsChoice,
};

/// The default layer, as shipped: `config.toml` of the repository.
pub const DEFAULTS: &str = include_str!("../config.toml");

//! How the layer is fitted: `[train]` and the callbacks below it.

use std::num::NonZeroUsize;

use serde::{Deserialize, Deserializer, Serialize, de};

use super::sections::from_one;
use crate::stats::Activation;

/// What a callback looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Monitor {
    /// Argmax accuracy on the validation images.
    ValAccuracy,
    /// Mean loss on the validation images.
    ValLoss,
    /// Argmax accuracy over the epoch's training batches.
    Accuracy,
    /// Mean loss over the epoch's training batches.
    Loss,
}

impl Monitor {
    /// Greater is better, and it is a count of images out of many.
    pub fn is_accuracy(self) -> bool {
        matches!(self, Self::ValAccuracy | Self::Accuracy)
    }

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::ValAccuracy => "val_accuracy",
            Self::ValLoss => "val_loss",
            Self::Accuracy => "accuracy",
            Self::Loss => "loss",
        }
    }
}

/// Which way a watched number gets better: Keras' `mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Accuracies up, losses down.
    Auto,
    /// Down.
    Min,
    /// Up.
    Max,
}

impl Direction {
    /// Whether the greater of two values of `monitor` is the better one.
    pub fn prefers_greater(self, monitor: Monitor) -> bool {
        match self {
            Self::Auto => monitor.is_accuracy(),
            Self::Max => true,
            Self::Min => false,
        }
    }
}

/// `[train.early_stopping]`
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EarlyStoppingSettings {
    /// What it looks at.
    pub monitor: Monitor,
    /// Less of a change is none.
    pub min_delta: f64,
    /// Epochs without improvement.
    pub patience: u32,
    /// Which way it gets better.
    pub mode: Direction,
    /// Until it is beaten, improvements do not end the waiting.
    #[serde(deserialize_with = "optional_number")]
    pub baseline: Option<f64>,
    /// So many first epochs are not looked at.
    pub start_from_epoch: u32,
    /// Keep the layer of its best epoch, rather than the one that the checkpoint saved last.
    pub restore_best_weights: bool,
}

/// `[train.checkpoint]`
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckpointSettings {
    /// What it looks at.
    pub monitor: Monitor,
    /// Which way it gets better.
    pub mode: Direction,
    /// Save only what is better than all before.
    pub save_best_only: bool,
    /// What the first epoch that is saved must beat.
    #[serde(deserialize_with = "optional_number")]
    pub initial_value_threshold: Option<f64>,
}

/// Whether rare classes count more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClassWeights {
    /// Every image counts the same.
    None,
    /// Every class counts the same.
    Balanced,
}

fn images_a_step<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    NonZeroUsize::deserialize(deserializer).map(NonZeroUsize::get)
}

/// `[train]`
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainSettings {
    /// At most this many.
    #[serde(deserialize_with = "from_one")]
    pub max_epochs: u32,
    /// Images a step.
    #[serde(deserialize_with = "images_a_step")]
    pub batch_size: usize,
    /// Adam's.
    pub learning_rate: f64,
    /// What the layer's outputs become.
    pub activation: Activation,
    /// What an image counts in the loss.
    pub class_weights: ClassWeights,
    /// Of first weights and order.
    pub seed: u64,
    /// Compare watched numbers as Keras does, in 32-bit floats.
    pub keras_f32: bool,
    /// When to end before.
    pub early_stopping: EarlyStoppingSettings,
    /// Which epochs' layers are saved.
    pub checkpoint: CheckpointSettings,
}

/// A finite number, or "none".
fn optional_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    match toml::Value::deserialize(deserializer)? {
        toml::Value::String(word) if word == "none" => Ok(None),
        toml::Value::Integer(number) => Ok(Some(number as f64)),
        toml::Value::Float(number) if number.is_finite() => Ok(Some(number)),
        other => Err(de::Error::custom(format!("{other} is neither a number, such as 0.9, nor \"none\""))),
    }
}

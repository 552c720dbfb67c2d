//! The sections of the configuration, typed.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use regex::Regex;
use serde::{Deserialize, Deserializer, Serialize, de};

use super::hours::TrainingHours;
use super::preprocessing::Preprocessing;
use crate::domain::{Preset, Recipe, Reexplanation};

/// `[watch]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WatchSettings {
    /// The inbox; absolute.
    pub inbox: PathBuf,
    /// Quiet time after a file was closed or moved in.
    #[serde(deserialize_with = "duration")]
    pub settle: Duration,
    /// Quiet time for a file that nobody was seen to close.
    #[serde(deserialize_with = "duration")]
    pub settle_unclosed: Duration,
    /// How long a file that decodes as cut off is taken for unfinished.
    #[serde(deserialize_with = "duration")]
    pub max_settle: Duration,
    /// Time between two comparisons of the whole inbox with what is known.
    #[serde(deserialize_with = "duration")]
    pub rescan: Duration,
}

/// `[limits]`
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitSettings {
    /// Mebibytes a file.
    pub max_file_mib: u64,
    /// Pixels a side.
    pub max_side: u32,
    /// Millions of pixels.
    pub max_megapixels: u64,
    /// Mebibytes of decoded images at the same time.
    pub memory_mib: u64,
}

/// `[images]`
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageSettings {
    /// The grey level behind transparent pixels.
    pub background: u8,
    /// Whether JPEG is decoded at a part of its size, where that is enough for the network's input.
    pub scaled_jpeg: bool,
    /// The frame of a DICOM file that is its image, from 1.
    #[serde(deserialize_with = "from_one")]
    pub dicom_frame: u32,
}

/// A number that is not 0, by a type that says so when it refuses one.
pub(super) fn from_one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    NonZeroU32::deserialize(deserializer).map(NonZeroU32::get)
}

/// Which files have their own name in logs, reports, tables and texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShownNames {
    /// All but those of DICOM files.
    Auto,
    /// All.
    All,
    /// None.
    None,
}

impl<'de> Deserialize<'de> for ShownNames {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match toml::Value::deserialize(deserializer)? {
            toml::Value::Boolean(true) => Ok(Self::All),
            toml::Value::Boolean(false) => Ok(Self::None),
            toml::Value::String(text) if text == "auto" => Ok(Self::Auto),
            other => Err(de::Error::custom(format!("{other} is neither true, false nor \"auto\""))),
        }
    }
}

/// `[privacy]`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrivacySettings {
    /// Which files are shown under their own name.
    pub names: ShownNames,
}

/// `[report]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportSettings {
    /// Whether the results of a DICOM scan are also written as DICOM, into the same study.
    pub dicom: bool,
    /// Where they are written; absolute.
    pub outbox: PathBuf,
    /// Whether `report.json` names the image of a DICOM scan by its `SOPInstanceUID`.
    pub instance_uid: bool,
    /// What is done with a scan that is unlike the images that the model learned from.
    pub ood: UnlikeScans,
    /// Whether deletion and insertion are measured of each scan.
    pub deletion_insertion: bool,
    /// How many of the nearest training images a report shows.
    pub neighbours: usize,
    /// Which scans are explained again when another model becomes the best one of their dataset.
    #[serde(deserialize_with = "reexplanation")]
    pub reexplain: Reexplanation,
}

/// What is done with scans that are unlike the training images (out of distribution).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnlikeScans {
    /// They are explained with a warning.
    Flag,
    /// They are not explained.
    Refuse,
    /// It is not asked whether a scan is one.
    Off,
}

/// `[split]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SplitSettings {
    /// Share of each class that is measured on.
    pub validation: f64,
    /// Its first group names the patient.
    #[serde(deserialize_with = "pattern")]
    pub group_pattern: Option<Regex>,
}

/// How the dataset grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AugmentMode {
    /// Copies on disk, their features cached.
    Expand,
    /// Fresh copies in every epoch, nothing on disk.
    InPlace,
    /// Both.
    Combined,
}

/// Whether small classes get more copies than large ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Balance {
    /// Every image has as many copies.
    None,
    /// Every class gets as many images as the largest one has.
    Max,
}

/// How many copies there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Quota {
    /// Copies of every training image; of the largest class alone when `balance` is [`Balance::Max`].
    pub copies: u32,
    /// What the other classes get.
    pub balance: Balance,
    /// Images of each class, whatever `copies` and `balance` say; 0 when they say it.
    pub target_per_class: u32,
}

/// What copies are written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CopyFormat {
    /// Every pixel as it was made; 8 and 16 bits.
    Png,
    /// Smaller and slightly changed; 8 bits.
    Jpeg,
}

/// `[augment]`
#[derive(Debug, Clone)]
pub struct AugmentSettings {
    /// On disk, on the fly, or both.
    pub mode: AugmentMode,
    /// How many copies there are.
    pub quota: Quota,
    /// What copies are written as.
    pub format: CopyFormat,
    /// 1 to 100, for [`CopyFormat::Jpeg`].
    pub jpeg_quality: u8,
    /// Whether a sheet of originals beside their copies is drawn.
    pub contact_sheet: bool,
    /// The preset that `recipe` started from.
    pub preset: Preset,
    /// Of every draw.
    pub seed: u64,
    /// The preset with the user's changes.
    pub recipe: Recipe,
}

/// Which VGG16 weights.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub enum WeightsChoice {
    /// An imported file where there is one, else the built-in backbone.
    Auto,
    /// This file.
    File(PathBuf),
}

impl From<String> for WeightsChoice {
    fn from(text: String) -> Self {
        if text == "auto" { Self::Auto } else { Self::File(text.into()) }
    }
}

/// `[backbone]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackboneSettings {
    /// Which weights; a file's path is absolute.
    pub weights: WeightsChoice,
    /// How images are prepared.
    pub preprocessing: Preprocessing,
    /// Seed of the built-in backbone.
    pub seed: u64,
}

/// `[retrain]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetrainSettings {
    /// New images that start a training at once.
    pub after_images: u64,
    /// Quiet time after which fewer will do.
    #[serde(deserialize_with = "duration")]
    pub after_quiet: Duration,
    /// When a training may begin.
    pub hours: TrainingHours,
}

/// When a candidate replaces the best model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PromotionPolicy {
    /// At least as good on the same validation samples.
    Better,
    /// Always.
    Always,
    /// Never, but for the first model.
    Never,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Text.
    Auto,
    /// For people.
    Text,
    /// For machines: one object a line.
    Json,
}

/// `[log]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSettings {
    /// How lines look.
    pub format: LogFormat,
    /// error, warn, info, debug, trace.
    #[serde(deserialize_with = "level")]
    pub level: String,
}

pub(super) fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    humantime::parse_duration(&text).map_err(|_| {
        de::Error::custom(format!("`{text}` is not a duration; write \"500ms\", \"30s\", \"10m\", \"2h\" or \"90d\""))
    })
}

fn reexplanation<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Reexplanation, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum PolicyText {
        Text(String),
        Other(de::IgnoredAny),
    }
    let text = match PolicyText::deserialize(deserializer)? {
        PolicyText::Text(text) => text,
        PolicyText::Other(_) => String::new(),
    };
    text.parse().map_err(de::Error::custom)
}

fn level<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    const LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];
    let text = String::deserialize(deserializer)?;
    if LEVELS.contains(&text.as_str()) { Ok(text) } else { Err(de::Error::unknown_variant(&text, &LEVELS)) }
}

fn pattern<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Regex>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() {
        return Ok(None);
    }
    let regex = Regex::new(&text).map_err(|error| {
        let cause = error.to_string();
        de::Error::custom(format!("is not a regular expression: {}", cause.lines().last().unwrap_or("").trim()))
    })?;
    if regex.captures_len() < 2 {
        return Err(de::Error::custom(r"needs a group in parentheses that matches the patient, for example '^(\d+)_'"));
    }
    Ok(Some(regex))
}

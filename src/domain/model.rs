//! The record of one trained model: what `model.json` says and the registry indexes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::vgg16::INPUT_SIDE;
use super::{ClassName, ContentHash, DatasetName, MapCheck, Resize, RunId, ShortcutAudit, Split, Versions};
use crate::stats::{self, Activation, Confusion};

/// Every measure of a classifier, overall and for each class.
pub type Assessment = stats::AssessmentOf<ClassName>;

/// Everything known about one trained model; the whole of `model.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelRecord {
    /// Version of this record: `gradwatch.model/1`.
    pub schema: String,
    /// The training that made it.
    pub run_id: RunId,
    /// What it was trained on.
    pub dataset: DatasetName,
    /// Classes in the order of the head's outputs (sorted names).
    pub classes: Vec<ClassName>,
    /// Name of the frozen network below the head, as people read it.
    pub backbone: String,
    /// Which weights exactly, and how images are prepared for them.
    pub backbone_detail: BackboneRecord,
    /// The model whose network it was trained on, where that was asked for instead of the configured one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub like: Option<RunId>,
    /// The trained layer.
    pub head: HeadRecord,
    /// What its training images look like to the network; `None` in records of older versions, and of models that were not
    /// trained here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training_features: Option<FeaturesRecord>,
    /// Argmax accuracy of the saved epoch on the validation samples, 0 to 1.
    pub val_accuracy: f64,
    /// Keras' `binary_accuracy` of the same epoch: mean over single outputs, threshold 0.5.
    pub val_binary_accuracy: f64,
    /// Mean cross-entropy of the same epoch, as the activation has it.
    pub val_loss: f64,
    /// `[truth][predicted]` on the validation samples.
    pub confusion: Confusion,
    /// Every measure on the validation samples, with intervals; `None` in records of older versions.
    #[serde(default)]
    pub assessment: Option<Assessment>,
    /// The model compared with baselines that do not see the image content; `None` in records of older versions, and of
    /// models that were not trained here.
    #[serde(default)]
    pub shortcuts: Option<ShortcutAudit>,
    /// Whether its heat maps depend on what it learned; `None` in records of older versions, and of models that were not
    /// trained here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub map_check: Option<MapCheck>,
    /// How it did on the test images; `None` when there were none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<TestRecord>,
    /// The saved epoch, counted from 1.
    pub epoch: u32,
    /// Epochs that ran.
    pub epochs_run: u32,
    /// Why training ended.
    pub stopped: StopReason,
    /// Images a class, by side of the split.
    pub counts: BTreeMap<ClassName, ClassCount>,
    /// Augmented copies learned from (0 for `in-place`: they are fresh in every epoch).
    pub copies: u64,
    /// How the training images were augmented: mode, preset and recipe, as configured.
    pub augmentation: serde_json::Value,
    /// What a person should know of the dataset that it was trained on: one sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data_warnings: Vec<String>,
    /// Images of that data that could not be read, so that they or copies of them are not learned from: the training is
    /// repeated when they can.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<ContentHash>,
    /// Identity of the training data: hash over every sample's content, class, side and group.
    pub data_hash: ContentHash,
    /// Identity of the training data and of every setting that shapes the model: the same training is not repeated.
    pub job_hash: ContentHash,
    /// What decoded the images and computed their features, as `job_hash` knows it; `None` in records of older versions,
    /// and of models that were not trained here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub versions: Option<Versions>,
    /// Whether it was trained on JPEG decoded at a part of its size; its scans are decoded alike. `false` in records of
    /// older versions.
    #[serde(default)]
    pub scaled_jpeg: bool,
    /// Seed of everything random in the training.
    pub seed: u64,
    /// Version of the program that trained it.
    pub program: String,
    /// RFC 3339, UTC.
    pub created: String,
    /// Wall-clock seconds from first feature to saved head; left out under a fixed clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub train_seconds: Option<f64>,
    /// RFC 3339, UTC: when its files were removed because of its age or of all runs together; only its record is left. `None`
    /// while they are there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed: Option<String>,
}

impl ModelRecord {
    /// The value of `schema` that this program writes and reads.
    pub const SCHEMA: &'static str = "gradwatch.model/1";

    /// Whether it was not trained here, so that nobody knows which images it learned from.
    pub fn is_imported(&self) -> bool {
        self.stopped == StopReason::Imported
    }

    /// One sentence when its files were removed, so that it can explain nothing.
    pub fn files_removed(&self) -> Option<String> {
        let at = self.removed.as_ref()?;
        Some(format!(
            "the files of model {} were removed at {at}, as configured in [retention]; choose another model from `gradwatch models list`",
            self.run_id
        ))
    }

    /// [`Self::val_accuracy`], unless it was measured on nothing, as an imported model.
    pub fn measured_accuracy(&self) -> Option<f64> {
        (self.confusion.total() > 0).then_some(self.val_accuracy)
    }

    /// What says how good it is: the test images or, without any, the validation images.
    pub fn measured_on(&self) -> (Split, &Confusion) {
        match &self.test {
            Some(test) => (Split::Test, &test.confusion),
            None => (Split::Validation, &self.confusion),
        }
    }
}

/// The frozen network below the head, and how an image gets to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackboneRecord {
    /// SHA-256 of the weights file, or of the generated weights.
    pub sha256: ContentHash,
    /// `built-in` or `file`.
    pub origin: String,
    /// `imagenet` (RGB/255, mean and deviation) or `caffe` (BGR minus channel means).
    pub preprocessing: String,
    /// Pixels a side of the images that it takes; 224 in records of older versions.
    #[serde(default = "usual_side")]
    pub input_side: u32,
    /// How images are brought to that size; `antialias-fast` in records of older versions.
    #[serde(default)]
    pub resize: Resize,
}

impl BackboneRecord {
    /// How images are prepared for it, in a few words.
    pub fn input(&self) -> String {
        let Self { preprocessing, input_side, resize, .. } = self;
        format!("{preprocessing} preprocessing, images resized to {input_side}x{input_side} ({resize})")
    }

    /// Whether images get to it as gradwatch's own models take them, so that their features are those that are cached.
    pub fn has_usual_input(&self) -> bool {
        (self.input_side, self.resize) == (usual_side(), Resize::AntialiasFast)
    }
}

fn usual_side() -> u32 {
    INPUT_SIDE as u32
}

/// The trained layer: Flatten, then Dense(classes).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadRecord {
    /// File name in the run folder.
    pub file: String,
    /// SHA-256 of that file.
    pub sha256: ContentHash,
    /// What its outputs become.
    pub activation: Activation,
}

/// A saved file of the features of a model's training images.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FeaturesRecord {
    /// File name in the run folder.
    pub file: String,
    /// SHA-256 of that file.
    pub sha256: ContentHash,
    /// An image further from them than this is unlike them; at least 0. `None` where too few images were measured to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<f64>,
}

/// Images of one class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ClassCount {
    /// Learned from (originals).
    pub train: u64,
    /// Measured on while the model was made and chosen.
    pub validation: u64,
    /// Measured on once the model was made.
    #[serde(default)]
    pub test: u64,
}

/// Why training ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StopReason {
    /// The monitored metric no longer improved.
    EarlyStopping,
    /// `train.max_epochs` was reached.
    MaxEpochs,
    /// It was not trained here: a user's own model was taken over.
    Imported,
}

/// One line of `history.csv`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// Counted from 1.
    pub epoch: u32,
    /// Mean training loss over the epoch.
    pub loss: f64,
    /// Argmax accuracy over the epoch's training batches.
    pub accuracy: f64,
    /// Mean validation loss at the end of the epoch.
    pub val_loss: f64,
    /// Argmax validation accuracy at the end of the epoch.
    pub val_accuracy: f64,
    /// Keras' binary accuracy on validation.
    pub val_binary_accuracy: f64,
    /// Whether the checkpoint was saved at this epoch.
    pub saved: bool,
}

/// Measured once, when the model was made: these images had no part in making it, in choosing its epoch and its
/// temperature, nor in choosing it among others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TestRecord {
    /// `[truth][predicted]`.
    pub confusion: Confusion,
    /// Every measure, with intervals. Its temperature is the one fitted on the validation images.
    pub assessment: Assessment,
}

#[cfg(test)]
impl ModelRecord {
    /// A model of two classes for the tests of other rooms: 2 of 3 right.
    pub(crate) fn example(dataset: &str, run_id: &str) -> Self {
        let classes: Vec<ClassName> = ["covid", "normal"].map(|name| ClassName::new(name).unwrap()).to_vec();
        let mut confusion = Confusion::new(2);
        for (truth, predicted) in [(0, 0), (0, 1), (1, 1)] {
            confusion.count(truth, predicted);
        }
        Self {
            schema: Self::SCHEMA.to_owned(),
            run_id: RunId::new(run_id).unwrap(),
            dataset: DatasetName::new(dataset).unwrap(),
            counts: classes
                .iter()
                .map(|class| (class.clone(), ClassCount { train: 20, validation: 5, test: 0 }))
                .collect(),
            classes,
            backbone: "built-in VGG16".to_owned(),
            backbone_detail: BackboneRecord {
                sha256: ContentHash::of(b"backbone"),
                origin: "built-in".to_owned(),
                preprocessing: "imagenet".to_owned(),
                input_side: usual_side(),
                resize: Resize::AntialiasFast,
            },
            like: None,
            training_features: None,
            head: HeadRecord {
                file: "head.safetensors".to_owned(),
                sha256: ContentHash::of(b"head"),
                activation: Activation::Sigmoid,
            },
            val_accuracy: 2.0 / 3.0,
            val_binary_accuracy: 0.1 + 0.2,
            val_loss: 0.123_456_789_012_345_68,
            confusion,
            assessment: None,
            shortcuts: None,
            map_check: None,
            test: None,
            epoch: 3,
            epochs_run: 6,
            stopped: StopReason::EarlyStopping,
            copies: 80,
            augmentation: serde_json::json!({"preset": "conservative", "zoom": [0.95, 1.05]}),
            data_warnings: Vec::new(),
            unread: Vec::new(),
            data_hash: ContentHash::of(b"data"),
            job_hash: ContentHash::of(b"job"),
            versions: None,
            scaled_jpeg: false,
            seed: 1,
            program: "gradwatch 0.1.0".to_owned(),
            created: "2026-01-02T03:04:05Z".to_owned(),
            train_seconds: Some(12.345_678_901_234_567),
            removed: None,
        }
    }
}

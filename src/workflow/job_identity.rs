//! Which training it is: everything that shapes its model, as text, one named field a line, and the hash of that.
//!
//! The hash stands in every model's record; a training is not repeated while a model has its hash. So the text of what
//! exists must never change by accident: a field that is new leaves its line out at the value that does what was done
//! before there was one, and a change of decoding or of the network's arithmetic raises its own number ([`VERSIONS`]).

pub(super) mod legacy;

use std::fmt::Display;

use serde::Serialize;

use crate::config::{
    AugmentSettings, BackboneSettings, CheckpointSettings, EarlyStoppingSettings, ImageSettings, Quota, Settings,
    TrainSettings, WeightsChoice,
};
use crate::domain::{BackboneRecord, COPY_SIDE, ContentHash, Recipe, Sample, Split, Versions};
use crate::imaging::{self, DecodeOptions};
use crate::nn;

/// Of this program.
pub(super) const VERSIONS: Versions = Versions { pixels: imaging::PIXELS, features: nn::FEATURES };

/// Of the text itself.
const SCHEME: &str = "gradwatch.training/2";

/// Identity of the training data: every sample's content, class, side and group, but for those that are left out. The same
/// for any order.
pub(super) fn data_hash(samples: &[Sample]) -> ContentHash {
    ContentHash::of(data(samples).concat().as_bytes())
}

/// Identity of the training of `samples` with `settings`, by a program of these `versions`; `like`: the network that was
/// asked for instead of the configured one.
pub(super) fn job_hash(
    samples: &[Sample],
    settings: &Settings,
    versions: Versions,
    like: Option<&BackboneRecord>,
) -> ContentHash {
    let mut fields = Fields(text(samples, settings, versions));
    if let Some(BackboneRecord { sha256, preprocessing, .. }) = like {
        fields.add("like.sha256", sha256);
        fields.put("like.preprocessing", preprocessing);
    }
    ContentHash::of(fields.0.as_bytes())
}

/// One line a sample, sorted.
fn data(samples: &[Sample]) -> Vec<String> {
    let learned = samples.iter().filter(|sample| sample.split != Some(Split::Excluded));
    let line = |sample: &Sample| {
        let side = sample.split.map_or_else(|| "undecided".to_owned(), |split| split.to_string());
        let (class, group) = (json(&sample.class), json(&sample.group));
        format!("sample={} class={class} side={side} group={group}\n", sample.hash)
    };
    let mut lines: Vec<String> = learned.map(line).collect();
    lines.sort_unstable();
    lines
}

fn text(samples: &[Sample], settings: &Settings, versions: Versions) -> String {
    let mut fields = Fields(format!("{SCHEME}\n"));
    let Versions { pixels, features } = versions;
    fields.add("pixels", pixels);
    fields.add("features", features);
    let ImageSettings { background, scaled_jpeg, dicom_frame } = settings.images;
    fields.add("images.background", background);
    if scaled_jpeg {
        fields.add("images.scaled_jpeg", scaled_jpeg);
    }
    if dicom_frame != DecodeOptions::FIRST_FRAME {
        fields.add("images.dicom_frame", dicom_frame);
    }
    fields.augmentation(&settings.augment);
    fields.recipe(&settings.augment.recipe);
    fields.backbone(&settings.backbone);
    fields.fit(&settings.train);
    fields.0.extend(data(samples));
    fields.0
}

/// As JSON: quoted and escaped, so that no name can pose as another field. Numbers are the shortest that read back the same.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// Lines `name=value`. Each settings type is taken apart without `..`, so that a new field has to be thought of here.
struct Fields(String);

impl Fields {
    fn add(&mut self, name: &str, value: impl Display) {
        self.0.extend([name, "=", &value.to_string(), "\n"]);
    }

    fn put(&mut self, name: &str, value: impl Serialize) {
        self.add(name, json(&value));
    }

    fn augmentation(&mut self, settings: &AugmentSettings) {
        // A sheet is only looked at; the recipe has lines of its own.
        let AugmentSettings { mode, quota, format, jpeg_quality, contact_sheet: _, preset, seed, recipe: _ } = settings;
        let Quota { copies, balance, target_per_class } = quota;
        self.put("augment.mode", mode);
        self.put("augment.copies", copies);
        self.put("augment.balance", balance);
        self.put("augment.target_per_class", target_per_class);
        // It was a setting, which could have this value alone; without its line every dataset would be trained once more.
        self.put("augment.size", COPY_SIDE);
        self.put("augment.format", format);
        self.put("augment.jpeg_quality", jpeg_quality);
        self.put("augment.preset", preset);
        self.put("augment.seed", seed);
    }

    #[rustfmt::skip]
    fn recipe(&mut self, recipe: &Recipe) {
        let Recipe {
            semantics, rotation, width_shift, height_shift, shear, zoom, zoom_keep_aspect, horizontal_flip, vertical_flip,
            elastic, elastic_cells, interpolation, fill, fill_value, blur, channel_shift, brightness, contrast, window,
            gamma, invert, clahe, noise, jpeg_quality, erasing, probability, one_of, allow,
        } = recipe;
        self.put("augment.recipe.semantics", semantics);
        for (name, value) in [
            ("rotation", rotation), ("width_shift", width_shift), ("height_shift", height_shift), ("shear", shear),
            ("horizontal_flip", horizontal_flip), ("vertical_flip", vertical_flip), ("elastic", elastic),
            ("channel_shift", channel_shift), ("window", window), ("invert", invert), ("noise", noise),
            ("erasing", erasing),
        ] {
            self.put(&format!("augment.recipe.{name}"), value);
        }
        for (name, value) in [
            ("zoom", zoom), ("blur", blur), ("brightness", brightness), ("contrast", contrast), ("gamma", gamma),
            ("clahe", clahe),
        ] {
            self.put(&format!("augment.recipe.{name}"), value);
        }
        self.put("augment.recipe.zoom_keep_aspect", zoom_keep_aspect);
        self.put("augment.recipe.elastic_cells", elastic_cells);
        self.put("augment.recipe.interpolation", interpolation);
        self.put("augment.recipe.fill", fill);
        self.put("augment.recipe.fill_value", fill_value);
        self.put("augment.recipe.jpeg_quality", jpeg_quality);
        self.put("augment.recipe.probability", probability);
        self.put("augment.recipe.one_of", one_of);
        self.put("augment.recipe.allow", allow);
    }

    fn backbone(&mut self, settings: &BackboneSettings) {
        let BackboneSettings { weights, preprocessing, seed } = settings;
        match weights {
            WeightsChoice::Auto => self.add("backbone.weights", "auto"),
            WeightsChoice::File(path) => self.put("backbone.weights", path.to_string_lossy()),
        }
        self.put("backbone.preprocessing", preprocessing);
        self.put("backbone.seed", seed);
    }

    fn fit(&mut self, settings: &TrainSettings) {
        let TrainSettings {
            max_epochs,
            batch_size,
            learning_rate,
            activation,
            class_weights,
            seed,
            keras_f32,
            early_stopping,
            checkpoint,
        } = settings;
        self.put("train.max_epochs", max_epochs);
        self.put("train.batch_size", batch_size);
        self.put("train.learning_rate", learning_rate);
        self.put("train.activation", activation);
        self.put("train.class_weights", class_weights);
        self.put("train.seed", seed);
        self.put("train.keras_f32", keras_f32);
        let EarlyStoppingSettings {
            monitor,
            min_delta,
            patience,
            mode,
            baseline,
            start_from_epoch,
            restore_best_weights,
        } = early_stopping;
        self.put("train.early_stopping.monitor", monitor);
        self.put("train.early_stopping.min_delta", min_delta);
        self.put("train.early_stopping.patience", patience);
        self.put("train.early_stopping.mode", mode);
        self.put("train.early_stopping.baseline", baseline);
        self.put("train.early_stopping.start_from_epoch", start_from_epoch);
        self.put("train.early_stopping.restore_best_weights", restore_best_weights);
        let CheckpointSettings { monitor, mode, save_best_only, initial_value_threshold } = checkpoint;
        self.put("train.checkpoint.monitor", monitor);
        self.put("train.checkpoint.mode", mode);
        self.put("train.checkpoint.save_best_only", save_best_only);
        self.put("train.checkpoint.initial_value_threshold", initial_value_threshold);
    }
}

#[cfg(test)]
mod tests;

//! What a training has to go by, and the layer it begins with.

use rayon::prelude::*;

use super::TrainError;
use super::batches::TrainingRows;
use super::evaluation::Row;
use super::features::Features;
use crate::config::{ClassWeights, TrainSettings};
use crate::domain::vgg16::N_FEATURES;
use crate::domain::{ClassName, ContentHash};
use crate::head::{ChannelScale, FeatureStatistics, FitSettings, HeadFit};

/// What a training has to go by.
pub(super) struct TrainingSet<'a> {
    /// In the order of the layer's outputs.
    pub(super) classes: Vec<ClassName>,
    pub(super) training: TrainingRows<'a>,
    /// Images from which each channel's mean and deviation are taken; training images only.
    pub(super) scaled_by: Vec<Row>,
    pub(super) validation: Vec<Row>,
}

impl TrainingSet<'_> {
    /// The layer before its first step.
    pub(super) fn initial_fit(&self, settings: &TrainSettings, features: &Features<'_>) -> Result<HeadFit, TrainError> {
        let scale = scale(&self.scaled_by, features)?;
        let fit = FitSettings {
            activation: settings.activation,
            class_weights: class_weights(settings.class_weights, &self.training.n_of_class(self.classes.len())),
            learning_rate: settings.learning_rate,
            seed: settings.seed,
        };
        Ok(HeadFit::new(self.classes.clone(), scale, fit))
    }

    /// Everything that a training's result follows from, beside its job and the network: which images could be used.
    pub(super) fn identity(&self, job: ContentHash, backbone: ContentHash) -> ContentHash {
        let renewed = self.training.renewed.iter().map(|(_, image)| image.hash);
        let lists: [Vec<ContentHash>; 4] = [
            self.training.cached.iter().map(|row| row.hash).collect(),
            renewed.collect(),
            self.scaled_by.iter().map(|row| row.hash).collect(),
            self.validation.iter().map(|row| row.hash).collect(),
        ];
        let sums = lists.map(|list| ContentHash::of_parts(list.iter().map(|hash| hash.as_bytes().as_slice())));
        let program = ContentHash::of(env!("CARGO_PKG_VERSION").as_bytes());
        let all = [job, backbone, program].into_iter().chain(sums).collect::<Vec<_>>();
        ContentHash::of_parts(all.iter().map(|hash| hash.as_bytes().as_slice()))
    }
}

/// Balanced weights are those of scikit-learn: images / (classes * images of the class).
fn class_weights(choice: ClassWeights, n_of_class: &[usize]) -> Vec<f64> {
    let (n, n_classes) = (n_of_class.iter().sum::<usize>() as f64, n_of_class.len() as f64);
    let weight = |of_class: &usize| match choice {
        ClassWeights::None => 1.0,
        ClassWeights::Balanced => n / (n_classes * (*of_class).max(1) as f64),
    };
    n_of_class.iter().map(weight).collect()
}

/// Rows that are read at a time when nothing else bounds them: 6 MB.
const ROWS_AT_A_TIME: usize = 64;

fn scale(rows: &[Row], features: &Features<'_>) -> Result<ChannelScale, TrainError> {
    let mut statistics = FeatureStatistics::default();
    let mut values = vec![0.0; ROWS_AT_A_TIME * N_FEATURES];
    for rows in rows.chunks(ROWS_AT_A_TIME) {
        let values = &mut values[..rows.len() * N_FEATURES];
        values
            .par_chunks_exact_mut(N_FEATURES)
            .zip(rows)
            .try_for_each(|(into, row)| features.cache.read(&row.hash, into))?;
        values.chunks_exact(N_FEATURES).for_each(|row| statistics.add(row));
    }
    Ok(statistics.scale())
}

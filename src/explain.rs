//! One scan and one model to an explanation: scores, what they amount to, where in the image they come from, and what to
//! beware of.
//!
//! It does not depend on files or pages.

mod error;
mod figures;
mod warnings;

pub use error::ExplainError;

use crate::domain::{
    ClassName, ContentHash, Explanation, ExplanationStatus, Ledger, MapFigures, MapMethod, ModelRecord, Neighbour,
    TrainingDistance,
};
use crate::head::{Activations, Head, LearnedImage, TrainingFeatures, class_maps};
use crate::imaging::Picture;
use crate::stats::{argmax, mean_of_nearest};

/// What a scan is compared with, beside the head: the training images.
#[derive(Debug, Clone, Copy)]
pub struct TrainingComparison<'a> {
    /// As the network sees them.
    pub features: &'a TrainingFeatures,
    /// Whether it is asked how far the scan is from them.
    pub is_measured: bool,
    /// How many of the nearest are named.
    pub n_neighbours: usize,
}

/// Explains the scan `name`. `activations` are those of `picture` at the network's size; `head` is the layer of `model`;
/// `known`: its training images, where they are known and asked for; `method` is whose maps are shown first. `ledger`: what the dataset
/// is now, where that is known.
///
/// # Errors
/// [`ExplainError::ForeignHead`] when head and record are not of one model; [`ExplainError::NotFinite`] when a score is
/// no number.
pub fn explain(
    name: &str,
    hash: ContentHash,
    picture: &Picture,
    activations: &Activations,
    (head, known, method): (&Head, Option<TrainingComparison<'_>>, MapMethod),
    (model, ledger): (&ModelRecord, Option<&Ledger>),
) -> Result<Explanation, ExplainError> {
    if head.classes() != model.classes
        || head.activation() != model.head.activation
        || model.confusion.rows().len() != model.classes.len()
    {
        return Err(ExplainError::ForeignHead { model: model.run_id.clone() });
    }
    let logits = head.logits(&activations.pool5);
    if !logits.iter().all(|logit| logit.is_finite()) {
        return Err(ExplainError::NotFinite { scan: name.to_owned(), model: model.run_id.clone() });
    }
    let (image, n_above_half) = (picture.facts(), head.activation().n_above_half(&logits));
    let status = if image.blank { ExplanationStatus::Blank } else { ExplanationStatus::of(n_above_half) };
    let scores = head.activation().scores(&logits);
    let ranked = known.map(|known| known.features.by_distance(&activations.pool5, head.grid().channels));
    let ranked = ranked.unwrap_or_default();
    let limit = model.training_features.as_ref().and_then(|features| features.limit);
    let limit = limit.filter(|_| known.is_some_and(|known| known.is_measured));
    let distance = mean_of_nearest(ranked.iter().map(|(_, distance)| *distance));
    let training_distance = distance.zip(limit).map(|(distance, limit)| TrainingDistance { distance, limit });
    let present = ranked.into_iter().filter_map(|(image, distance)| neighbour(image, distance, model, ledger));
    let feature_position = known.map(|known| known.features.position(&activations.pool5, head.grid().channels));
    let mut explanation = Explanation {
        name: name.to_owned(),
        hash,
        image,
        dataset: model.dataset.clone(),
        model: model.run_id.clone(),
        classes: model.classes.clone(),
        predicted: argmax(&logits),
        status,
        scores,
        maps: class_maps(head, activations),
        method,
        figures: MapFigures::default(),
        logits,
        training_distance,
        neighbours: present.take(known.map_or(0, |known| known.n_neighbours)).collect(),
        feature_position,
        warnings: Vec::new(),
    };
    explanation.figures = figures::of(&explanation, head);
    explanation.warnings = warnings::of(&explanation, model, ledger);
    Ok(explanation)
}

/// With the label that it has now; `None` for an image that its dataset no longer has.
fn neighbour(image: LearnedImage, distance: f64, model: &ModelRecord, ledger: Option<&Ledger>) -> Option<Neighbour> {
    let learned = || model.classes.get(image.class);
    let class: Option<&ClassName> = match ledger {
        Some(ledger) => ledger.sample(&model.dataset, image.hash).map(|sample| &sample.class),
        None => learned(),
    };
    Some(Neighbour { image: image.hash, class: class?.clone(), distance })
}

#[cfg(test)]
mod tests;

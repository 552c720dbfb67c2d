//! One scan and one model to an explanation: scores, what they amount to, where in the image they come from, and what to
//! beware of.
//!
//! It does not depend on files or pages.

mod error;
mod figures;
mod warnings;

pub use error::ExplainError;

use std::collections::BTreeSet;

use crate::domain::{
    ClassName, ContentHash, Explanation, ExplanationStatus, MapFigures, MapMethod, ModelRecord, TrainingDistance,
};
use crate::head::{Activations, Head, TrainingFeatures, class_maps};
use crate::imaging::Picture;
use crate::stats::argmax;

/// Explains the scan `name`. `activations` are those of `picture` at the network's size; `head` is the layer of `model`;
/// `known`: its training images, where the distance to them is asked for; `method` is whose maps are shown first.
/// `current`: the classes that the dataset has now, where they are known.
///
/// # Errors
/// [`ExplainError::ForeignHead`] when head and record are not of one model; [`ExplainError::NotFinite`] when a score is
/// no number.
pub fn explain(
    name: &str,
    hash: ContentHash,
    picture: &Picture,
    activations: &Activations,
    (head, known, method): (&Head, Option<&TrainingFeatures>, MapMethod),
    (model, current): (&ModelRecord, Option<&BTreeSet<ClassName>>),
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
    let distance = known.and_then(|known| known.distance(&activations.pool5, head.grid().channels));
    let limit = model.training_features.as_ref().map(|features| features.limit);
    let training_distance = distance.zip(limit).map(|(distance, limit)| TrainingDistance { distance, limit });
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
        warnings: Vec::new(),
    };
    explanation.figures = figures::of(&explanation, head);
    explanation.warnings = warnings::of(&explanation, model, current);
    Ok(explanation)
}

#[cfg(test)]
mod tests;

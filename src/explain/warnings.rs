//! What one should know before relying on an explanation, one plain sentence each.

use crate::domain::{Explanation, ExplanationStatus, Ledger, MapCheck, MapMethod, ModelRecord, SECOND_OPINION, vote};
use crate::stats::wilson_interval;

/// With fewer images, intervals are wide.
const FEW_IMAGES: u64 = 20;
/// A model whose accuracy may be below this is warned of.
const WEAK_ACCURACY: f64 = 0.7;
/// A scan that is more times as long as wide loses its proportions.
const LONG: f64 = 2.0;
/// Where Grad-CAM and `HiResCAM` have less of their heat in common, they highlight different regions.
const AGREEMENT: f64 = 0.5;

/// The weightiest first. `explanation` is complete but for its warnings.
pub(super) fn of(explanation: &Explanation, model: &ModelRecord, ledger: Option<&Ledger>) -> Vec<String> {
    let about = [
        removed(explanation, ledger),
        unlike(explanation),
        second_opinion(explanation),
        learned(explanation),
        scores(explanation),
        evidence(explanation),
        agreement(explanation, model),
        size(explanation, model),
        proportions(explanation),
        text(explanation),
    ];
    let of_maps = model.map_check.iter().flat_map(MapCheck::warnings).map(|warning| format!("Heat maps: {warning}."));
    let of_model = [shortcut(model), no_better_than_guessing(model), weak(model), few(model), backbone(model)];
    about.into_iter().flatten().chain(of_maps).chain(of_model.into_iter().flatten()).collect()
}

fn removed(explanation: &Explanation, ledger: Option<&Ledger>) -> Option<String> {
    let class = explanation.classes.get(explanation.predicted)?;
    let current = ledger?.current_classes();
    (!current.get(&explanation.dataset)?.contains(class)).then(|| {
        format!("The dataset no longer has the class {class}; explain the scan again when a new model is trained.")
    })
}

fn scores(explanation: &Explanation) -> Option<String> {
    match explanation.status {
        ExplanationStatus::Clear => None,
        ExplanationStatus::Ambiguous => {
            Some("Ambiguous: more than one class scores above 0.5; the prediction is the highest of them.".to_owned())
        }
        ExplanationStatus::Neither => {
            Some("No class scores above 0.5: the scan may show something the model was not trained on.".to_owned())
        }
        ExplanationStatus::Blank => Some(
            "No image content: nearly all pixels have the same level (black, white or grey). The scores say nothing about \
             the patient; check the file and how it was exported."
                .to_owned(),
        ),
    }
}

fn unlike(explanation: &Explanation) -> Option<String> {
    let distance = explanation.training_distance.filter(|distance| distance.is_unlike())?;
    Some(format!(
        "Unlike the training images: the mean distance to the nearest three is {:.1}, and the limit is {:.1}. The model has not learned \
         from such images; do not rely on its scores.",
        distance.distance, distance.limit
    ))
}

fn learned(explanation: &Explanation) -> Option<String> {
    explanation.neighbours.iter().any(|neighbour| neighbour.image == explanation.hash).then(|| {
        "The model learned from this very image: its scores do not show how well it does on other images.".to_owned()
    })
}

/// A tie speaks for neither.
fn second_opinion(explanation: &Explanation) -> Option<String> {
    let predicted = explanation.classes.get(explanation.predicted)?;
    let (class, n) = vote(&explanation.neighbours).filter(|(class, _)| *class != predicted)?;
    let of = explanation.neighbours.len();
    (2 * n > of).then(|| {
        format!(
            "{n} of the {of} {SECOND_OPINION} {class}, and the model predicts {predicted}: look at them \
             before you rely on the prediction."
        )
    })
}

fn evidence(explanation: &Explanation) -> Option<String> {
    let class = explanation.classes.get(explanation.predicted)?;
    let map = explanation.maps.get(explanation.predicted)?;
    let method = explanation.method;
    (map.drawn(method).peak() <= 0.0)
        .then(|| format!("{method} finds no region that supports {class}; the heat map is empty."))
}

/// Of a head of several layers neither map shows what a region added; a map that looks the same with random weights is not advised.
fn agreement(explanation: &Explanation, model: &ModelRecord) -> Option<String> {
    let has_residual = explanation.figures.maps.get(&MapMethod::HiresCam)?.completeness_residual.is_some();
    let common = explanation.figures.agreement.filter(|_| has_residual)?;
    let is_reliable = !model.map_check.as_ref().is_some_and(|check| check.is_alike(MapMethod::HiresCam));
    let advice = if is_reliable { " Rely on HiResCAM, which shows what each region added." } else { "" };
    (common < AGREEMENT).then(|| {
        format!(
            "Grad-CAM and HiResCAM have only {:.0} % of their heat in common (below {:.0} %): Grad-CAM may highlight \
             regions that did not contribute to this score.{advice}",
            100.0 * common,
            100.0 * AGREEMENT
        )
    })
}

fn size(explanation: &Explanation, model: &ModelRecord) -> Option<String> {
    let (width, height, side) = (explanation.image.width, explanation.image.height, model.backbone_detail.input_side);
    (width.min(height) < side / 2).then(|| {
        format!(
            "The scan has only {width} x {height} pixels and was enlarged to the network's input of {side} x {side}: \
             details that the model may rely on are missing."
        )
    })
}

fn proportions(explanation: &Explanation) -> Option<String> {
    let (width, height) = (f64::from(explanation.image.width), f64::from(explanation.image.height));
    (width.max(height) > LONG * width.min(height))
        .then(|| "The scan is far from square; resizing it to the network's square input distorts it.".to_owned())
}

fn text(explanation: &Explanation) -> Option<String> {
    explanation.image.text.then(|| {
        "Text seems to be burned into the image, and may show the patient's name: the program cannot remove it. Check the \
         images of this report before you pass it on."
            .to_owned()
    })
}

fn shortcut(model: &ModelRecord) -> Option<String> {
    let warning = model.shortcuts.as_ref()?.warning()?;
    Some(format!("Possible shortcut: {warning}."))
}

fn no_better_than_guessing(model: &ModelRecord) -> Option<String> {
    Some(format!("Weak model: {}.", model.shortcuts.as_ref()?.inconclusive()?))
}

fn weak(model: &ModelRecord) -> Option<String> {
    let (side, confusion) = model.measured_on();
    let (right, n) = (confusion.correct(), confusion.total());
    let interval = wilson_interval(right, n);
    (n > 0 && interval.low < WEAK_ACCURACY).then(|| {
        format!(
            "The model's accuracy {} below {WEAK_ACCURACY}: {:.3} ({right} of {n} {side} images), 95 % confidence interval {:.3} to {:.3}.",
            if confusion.accuracy() < WEAK_ACCURACY { "is" } else { "may be" },
            confusion.accuracy(),
            interval.low,
            interval.high
        )
    })
}

fn few(model: &ModelRecord) -> Option<String> {
    let (_, confusion) = model.measured_on();
    let n = confusion.total();
    if n == 0 {
        return Some("The model was not trained here, and how good it is has not been measured.".to_owned());
    }
    (n < FEW_IMAGES).then(|| {
        format!(
            "The model was evaluated on only {n} images; with fewer than {FEW_IMAGES}, performance figures are rough estimates."
        )
    })
}

fn backbone(model: &ModelRecord) -> Option<String> {
    (model.backbone_detail.origin == "built-in").then(|| {
        "The built-in backbone was not trained on photographs or medical images. For better features, import VGG16 weights \
         of ImageNet (gradwatch weights import)."
            .to_owned()
    })
}

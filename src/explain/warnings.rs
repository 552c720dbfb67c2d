//! What one should know before relying on an explanation, one plain sentence each.

use crate::domain::vgg16::INPUT_SIDE;
use crate::domain::{Explanation, ExplanationStatus, ModelRecord};
use crate::stats::wilson_interval;

/// Fewer validation images say little.
const FEW_IMAGES: u64 = 20;
/// A model whose accuracy may well be lower is called weak.
const WEAK_ACCURACY: f64 = 0.7;
/// A scan that is more times as long as wide loses its proportions.
const LONG: f64 = 2.0;

/// The weightiest first. `explanation` is complete but for its warnings.
pub(super) fn of(explanation: &Explanation, model: &ModelRecord) -> Vec<String> {
    let about = [scores(explanation), evidence(explanation), size(explanation), proportions(explanation)];
    about.into_iter().chain([shortcut(model), weak(model), few(model), backbone(model)]).flatten().collect()
}

fn scores(explanation: &Explanation) -> Option<String> {
    match explanation.status {
        ExplanationStatus::Clear => None,
        ExplanationStatus::Ambiguous => Some(
            "Ambiguous: more than one class scores above 0.5, so the prediction only names the greater of them."
                .to_owned(),
        ),
        ExplanationStatus::Neither => {
            Some("No class scores above 0.5: the scan may show something that the model has not learned.".to_owned())
        }
    }
}

fn evidence(explanation: &Explanation) -> Option<String> {
    let class = explanation.classes.get(explanation.predicted)?;
    let map = explanation.maps.get(explanation.predicted)?;
    (map.peak <= 0.0)
        .then(|| format!("Grad-CAM finds no place in the scan that speaks for {class}; its heat map is empty."))
}

fn size(explanation: &Explanation) -> Option<String> {
    let (width, height) = (explanation.image.width, explanation.image.height);
    (width.min(height) < INPUT_SIDE as u32 / 2).then(|| {
        format!(
            "The scan is only {width} x {height} pixels, but the network looks at {INPUT_SIDE} x {INPUT_SIDE}: \
             it was enlarged, and the detail that the model may look for is not there."
        )
    })
}

fn proportions(explanation: &Explanation) -> Option<String> {
    let (width, height) = (f64::from(explanation.image.width), f64::from(explanation.image.height));
    (width.max(height) > LONG * width.min(height))
        .then(|| "The scan is far from square and was squeezed into the square that the network looks at.".to_owned())
}

fn shortcut(model: &ModelRecord) -> Option<String> {
    let warning = model.shortcuts.as_ref()?.warning()?;
    Some(format!("The model may go by something else than what the scan shows: {warning}."))
}

fn weak(model: &ModelRecord) -> Option<String> {
    let (side, confusion) = model.measured_on();
    let (right, n) = (confusion.correct(), confusion.total());
    let interval = wilson_interval(right, n);
    (interval.low < WEAK_ACCURACY).then(|| {
        format!(
            "The model is not proven: {right} of {n} {side} images were right, which leaves its accuracy anywhere \
             from {:.0} to {:.0} % (95 % interval).",
            100.0 * interval.low,
            100.0 * interval.high
        )
    })
}

fn few(model: &ModelRecord) -> Option<String> {
    let (_, confusion) = model.measured_on();
    let n = confusion.total();
    (n < FEW_IMAGES).then(|| {
        format!(
            "The model was measured on only {n} images; with fewer than {FEW_IMAGES} every figure is a rough guess."
        )
    })
}

fn backbone(model: &ModelRecord) -> Option<String> {
    (model.backbone_detail.origin == "built-in").then(|| {
        "The backbone is the built-in one, made from generated patterns; it has never seen a photograph. Set \
         backbone.weights to a VGG16 weights file for better features."
            .to_owned()
    })
}

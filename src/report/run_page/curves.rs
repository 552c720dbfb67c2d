//! How the model learned, and how its scores rank and are calibrated, as curves.

use maud::{Markup, html};

use crate::domain::{Assessment, ClassName, EpochRecord, ModelRecord};
use crate::report::error::ReportError;
use crate::report::format::measure;
use crate::report::plots::{Curve, Plot};
use crate::stats::{ClassAssessment, Estimate, Predictions, calibration_bins, roc_curve};

/// Of a proportion.
const UNIT: (f64, f64) = (0.0, 1.0);

pub(super) fn section(
    model: &ModelRecord,
    history: &[EpochRecord],
    predictions: &Predictions,
) -> Result<Markup, ReportError> {
    Ok(html! {
        section.card aria-labelledby="curves" {
            h2 #curves { "Curves on the validation set" }
            div.plots {
                (roc(model, predictions).figure()?)
                (precision_recall(model, predictions).figure()?)
                (calibration(model, predictions).figure()?)
                @if let Some(assessment) = &model.assessment { (calibration_error(assessment)) }
            }
        }
        section.card aria-labelledby="learning" {
            h2 #learning { "Learning curves" }
            div.plots { (losses(history).figure()?) (accuracies(history).figure()?) }
        }
    })
}

fn losses(history: &[EpochRecord]) -> Plot {
    let curves = vec![
        over_epochs(history, "training", |epoch| epoch.loss),
        over_epochs(history, "validation", |epoch| epoch.val_loss),
    ];
    let greatest = curves.iter().flat_map(|curve| &curve.points).map(|(_, loss)| *loss).fold(0.1, f64::max);
    Plot {
        title: "Loss",
        x: "epoch",
        y: "loss (cross-entropy)",
        x_range: epochs_of(history),
        y_range: (0.0, 1.05 * greatest),
        diagonal: None,
        counts: true,
        curves,
    }
}

fn accuracies(history: &[EpochRecord]) -> Plot {
    let curves = vec![
        over_epochs(history, "training", |epoch| epoch.accuracy),
        over_epochs(history, "validation", |epoch| epoch.val_accuracy),
    ];
    Plot {
        title: "Accuracy",
        x: "epoch",
        y: "accuracy (0 to 1)",
        x_range: epochs_of(history),
        y_range: UNIT,
        diagonal: None,
        counts: true,
        curves,
    }
}

fn over_epochs(history: &[EpochRecord], name: &str, value: impl Fn(&EpochRecord) -> f64) -> Curve {
    let points = history.iter().map(|epoch| (f64::from(epoch.epoch), value(epoch)));
    let points = points.filter(|(_, value)| value.is_finite()).collect();
    Curve { name: name.to_owned(), points, dotted: true }
}

fn epochs_of(history: &[EpochRecord]) -> (f64, f64) {
    (1.0, (history.len() as f64).max(2.0))
}

fn roc(model: &ModelRecord, predictions: &Predictions) -> Plot {
    let curve = |(class, name): (usize, &ClassName)| {
        let corners = roc_curve(&predictions.ranks(class), &predictions.is_of(class));
        let points = corners.iter().map(|corner| (corner.false_positive_rate, corner.true_positive_rate)).collect();
        Curve { name: named(model, name, "AUC", |class| class.roc_auc), points, dotted: false }
    };
    Plot {
        title: "ROC curve",
        x: "1 − specificity (false positive rate)",
        y: "sensitivity (true positive rate)",
        x_range: UNIT,
        y_range: UNIT,
        diagonal: Some("chance"),
        counts: false,
        curves: model.classes.iter().enumerate().map(curve).collect(),
    }
}

fn precision_recall(model: &ModelRecord, predictions: &Predictions) -> Plot {
    let curve = |(class, name): (usize, &ClassName)| Curve {
        name: named(model, name, "AP", |class| class.pr_auc),
        points: precisions(&predictions.ranks(class), &predictions.is_of(class)),
        dotted: false,
    };
    Plot {
        title: "Precision-recall curve",
        x: "recall (sensitivity)",
        y: "precision (PPV)",
        x_range: UNIT,
        y_range: UNIT,
        diagonal: None,
        counts: false,
        curves: model.classes.iter().enumerate().map(curve).collect(),
    }
}

/// (recall, precision) of every threshold, as steps: the area below is the average precision. Empty when one kind of image is
/// missing.
fn precisions(ranks: &[f64], is_of: &[bool]) -> Vec<(f64, f64)> {
    let n_of = is_of.iter().filter(|is_of| **is_of).count() as f64;
    let n_others = is_of.len() as f64 - n_of;
    let corners = roc_curve(ranks, is_of);
    let predicted =
        corners.iter().map(|corner| (corner.true_positive_rate * n_of, corner.false_positive_rate * n_others));
    let predicted = predicted.filter(|(hits, alarms)| hits + alarms > 0.0);
    let mut recall = 0.0;
    let step = |(hits, alarms): (f64, f64)| {
        let (from, precision) = (recall, hits / (hits + alarms));
        recall = hits / n_of;
        [(from, precision), (recall, precision)]
    };
    predicted.flat_map(step).collect()
}

/// The class and the area under its curve.
fn named(
    model: &ModelRecord,
    class: &ClassName,
    area: &str,
    of: impl Fn(&ClassAssessment) -> Option<Estimate>,
) -> String {
    let assessment = model.assessment.as_ref().and_then(|assessment| assessment.classes.get(class));
    assessment.and_then(of).map_or(class.to_string(), |found| format!("{class} ({area} {})", measure(found.value)))
}

fn calibration(model: &ModelRecord, predictions: &Predictions) -> Plot {
    let at = |name: &str, temperature: f64| {
        let scores = predictions.scores(temperature);
        let greatest: Vec<f64> =
            predictions.predicted().iter().zip(&scores).map(|(class, scores)| scores[*class]).collect();
        let bins = calibration_bins(&greatest, &predictions.right(), &vec![1.0; greatest.len()]);
        let points = bins.iter().map(|bin| (bin.mean_score, bin.share_right)).collect();
        Curve { name: name.to_owned(), points, dotted: true }
    };
    let calibrated = model.assessment.as_ref().and_then(|assessment| assessment.calibrated);
    let calibrated = calibrated.map(|calibrated| at("calibrated scores", calibrated.temperature));
    Plot {
        title: "Calibration",
        x: "mean score of the predicted class (10 bins)",
        y: "accuracy in the bin",
        x_range: UNIT,
        y_range: UNIT,
        diagonal: Some("perfect calibration"),
        counts: false,
        curves: std::iter::once(at("raw scores", 1.0)).chain(calibrated).collect(),
    }
}

/// Beside the curve: how far the scores are off, in numbers.
fn calibration_error(assessment: &Assessment) -> Markup {
    let calibrated = assessment.calibrated;
    let rows = [
        ("Expected calibration error", assessment.calibration_error, calibrated.map(|after| after.calibration_error)),
        ("Brier score", assessment.brier, calibrated.map(|after| after.brier)),
    ];
    let written = |estimate: Option<Estimate>| estimate.map_or("–".to_owned(), |found| measure(found.value));
    html! {
        div {
            h3 { "Calibration error" }
            table.measures {
                thead { tr { td {} th scope="col" { "Raw" } th scope="col" { "Calibrated" } } }
                tbody {
                    @for (name, raw, calibrated) in rows {
                        tr { th scope="row" { (name) } td { (written(raw)) } td { (written(calibrated)) } }
                    }
                }
            }
            p.muted.small {
                "Lower is better; 0 is perfect. Calibration divides all logits by one temperature, chosen on the validation set for "
                "the lowest log loss, with each label counted as wrong by 1 in n + 2 so that few images do not make the scores extreme. "
                "With few images, the two measures here may therefore rise. Each dot of the curve is a bin of images with similar scores: with few images in "
                "a bin, dots scatter widely around the diagonal."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::precisions;

    #[test]
    fn precision_over_recall_is_that_of_every_threshold() {
        let is_of = [true, false, true, false];
        let third = 2.0 / 3.0;
        let steps =
            [(0.0, 1.0), (0.5, 1.0), (0.5, 0.5), (0.5, 0.5), (0.5, third), (1.0, third), (1.0, 0.5), (1.0, 0.5)];
        assert_eq!(precisions(&[4.0, 3.0, 2.0, 1.0], &is_of), steps);
        assert_eq!(precisions(&[1.0; 4], &is_of), [(0.0, 0.5), (1.0, 0.5)], "one threshold for equal scores");
        assert!(precisions(&[1.0, 2.0], &[false, false]).is_empty());
    }
}

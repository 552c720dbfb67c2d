//! Measures with their intervals, one per line, as `gradwatch train` prints them.

use crate::domain::{Assessment, TestRecord};
use crate::stats::{ClassAssessment, Estimate};

/// How a model did on the test images.
pub(super) fn tested(TestRecord { confusion, assessment }: &TestRecord) -> String {
    let mut lines = vec![format!(
        "Test: {} images that were not used for training ({} correct), with 95 % intervals:",
        confusion.total(),
        confusion.correct()
    )];
    lines.extend(overall(assessment));
    lines.extend(calibrated(assessment));
    lines.extend(by_class(assessment));
    lines.join("\n") + "\n"
}

/// Of all classes together.
pub(super) fn overall(assessment: &Assessment) -> Vec<String> {
    vec![
        row("accuracy", assessment.accuracy),
        row("binary accuracy", assessment.binary_accuracy),
        row("Brier score", assessment.brier),
        row("calibration error", assessment.calibration_error),
    ]
}

fn calibrated(assessment: &Assessment) -> Vec<String> {
    let Some(calibrated) = assessment.calibrated else { return Vec::new() };
    vec![
        row("Brier score, calibrated", Some(calibrated.brier)),
        row("calibration error, calibrated", Some(calibrated.calibration_error)),
    ]
}

/// Of each class against all others.
pub(super) fn by_class(assessment: &Assessment) -> Vec<String> {
    let of_class = |(class, measured): (_, &ClassAssessment)| {
        let ClassAssessment { sensitivity, specificity, ppv, npv, f1, roc_auc, pr_auc, .. } = *measured;
        [
            row(&format!("{class}: sensitivity"), sensitivity),
            row(&format!("{class}: specificity"), specificity),
            row(&format!("{class}: PPV"), ppv),
            row(&format!("{class}: NPV"), npv),
            row(&format!("{class}: F1"), f1),
            row(&format!("{class}: ROC AUC"), roc_auc),
            row(&format!("{class}: PR AUC"), pr_auc),
        ]
    };
    assessment.classes.iter().flat_map(of_class).collect()
}

/// One measure.
pub(super) fn row(name: &str, estimate: Option<Estimate>) -> String {
    let interval = |e: Estimate| format!("{:.3}  ({:.3} to {:.3})", e.value, e.interval.low, e.interval.high);
    format!("  {name:<34}{}", estimate.map_or_else(|| "no data".to_owned(), interval))
}

/// A number that may be missing.
pub(super) fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"))
}

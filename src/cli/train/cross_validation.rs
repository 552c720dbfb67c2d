//! What `gradwatch train --folds` tells people.

use crate::cli::shortcuts;
use crate::daemon::CrossValidated;
use crate::domain::{ClassAssessment, Estimate};

/// The parts one by one, then all held-out answers together with their intervals.
pub(super) fn table(found: &CrossValidated) -> String {
    let CrossValidated { folds, accuracy_mean, accuracy_sd, auc_mean, assessment, .. } = found;
    let mut lines = vec![format!("{folds}-fold cross-validation of {}, {} images", found.dataset, assessment.n)];
    lines.push(format!("{:<8}{:>9}{:>9}{:>7}{:>13}", "fold", "accuracy", "ROC area", "epoch", "temperature"));
    let parts = found.accuracy_folds.iter().zip(&found.auc_folds).zip(&found.epochs).zip(&found.temperatures);
    for (fold, (((accuracy, auc), epoch), temperature)) in (1..).zip(parts) {
        lines.push(format!("{fold:<8}{accuracy:>9.3}{:>9}{epoch:>7}{temperature:>13.2}", number(*auc)));
    }
    lines.push(format!("{:<8}{accuracy_mean:>9.3}{:>9}   (accuracy +- {accuracy_sd:.3})", "mean", number(*auc_mean)));
    lines.push(String::new());
    lines.push("All held-out images together, with 95 % intervals:".to_owned());
    let mut row = |name: String, value: Option<Estimate>| lines.push(format!("  {name:<34}{}", told(value)));
    row("accuracy".to_owned(), assessment.accuracy);
    row("binary accuracy".to_owned(), assessment.binary_accuracy);
    row("Brier score".to_owned(), assessment.brier);
    row("Brier score, calibrated".to_owned(), found.calibrated_brier);
    row("calibration error".to_owned(), assessment.calibration_error);
    row("calibration error, calibrated".to_owned(), found.calibrated_error);
    for (class, ClassAssessment { sensitivity, specificity, ppv, npv, f1, roc_auc, pr_auc, .. }) in &assessment.classes
    {
        row(format!("{class}: sensitivity"), *sensitivity);
        row(format!("{class}: specificity"), *specificity);
        row(format!("{class}: PPV"), *ppv);
        row(format!("{class}: NPV"), *npv);
        row(format!("{class}: F1"), *f1);
        row(format!("{class}: ROC area"), *roc_auc);
        row(format!("{class}: PR area"), *pr_auc);
    }
    if let Some(audit) = &found.shortcuts {
        lines.push(String::new());
        lines.push(shortcuts::table(audit).trim_end().to_owned());
    }
    lines.join("\n") + "\n"
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"))
}

fn told(estimate: Option<Estimate>) -> String {
    let interval = |e: Estimate| format!("{:.3}  ({:.3} to {:.3})", e.value, e.interval.low, e.interval.high);
    estimate.map_or_else(|| "nothing to measure on".to_owned(), interval)
}

//! The table that `gradwatch train --folds` prints.

use super::measures::{self, number, row};
use crate::cli::shortcuts;
use crate::workflow::CrossValidated;

/// The parts one by one, then all held-out answers together with their intervals.
pub(super) fn table(found: &CrossValidated) -> String {
    let CrossValidated { folds, accuracy_mean, accuracy_sd, auc_mean, assessment, .. } = found;
    let left_out = match found.n_left_out {
        0 => String::new(),
        n => format!("; {n} not used (test images, or excluded by the split)"),
    };
    let mut lines =
        vec![format!("{folds}-fold cross-validation of {}, {} images{left_out}", found.dataset, assessment.n)];
    lines.push(format!("{:<8}{:>9}{:>9}{:>7}{:>13}", "fold", "accuracy", "ROC AUC", "epoch", "temperature"));
    let parts = found.accuracy_folds.iter().zip(&found.auc_folds).zip(&found.epochs).zip(&found.temperatures);
    for (fold, (((accuracy, auc), epoch), temperature)) in (1..).zip(parts) {
        lines.push(format!("{fold:<8}{accuracy:>9.3}{:>9}{epoch:>7}{temperature:>13.2}", number(*auc)));
    }
    lines.push(format!(
        "{:<8}{accuracy_mean:>9.3}{:>9}   (standard deviation of accuracy {accuracy_sd:.3})",
        "mean",
        number(*auc_mean)
    ));
    lines.push(String::new());
    lines.push("All held-out images together, with 95 % intervals:".to_owned());
    lines.extend(measures::overall(assessment));
    lines.push(row("Brier score, calibrated", found.calibrated_brier));
    lines.push(row("calibration error, calibrated", found.calibrated_error));
    lines.extend(measures::by_class(assessment));
    if let Some(audit) = &found.shortcuts {
        lines.push(String::new());
        lines.push(shortcuts::table(audit).trim_end().to_owned());
    }
    lines.join("\n") + "\n"
}

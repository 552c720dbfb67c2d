//! How the model learned: loss and accuracy over the epochs.

use maud::{Markup, html};

use super::figure::figure;
use crate::domain::EpochRecord;
use crate::report::error::ReportError;
use crate::report::plots::{Curve, Plot};

pub(super) fn section(history: &[EpochRecord]) -> Result<Markup, ReportError> {
    Ok(html! {
        section.card aria-labelledby="curves" {
            h2 #curves { "How it learned" }
            div.plots { (figure(&losses(history))?) (figure(&accuracies(history))?) }
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
        x: "epoch",
        y: "loss",
        x_range: epochs_of(history),
        y_range: (0.0, 1.05 * greatest),
        diagonal: false,
        curves,
    }
}

fn accuracies(history: &[EpochRecord]) -> Plot {
    let curves = vec![
        over_epochs(history, "training", |epoch| epoch.accuracy),
        over_epochs(history, "validation", |epoch| epoch.val_accuracy),
    ];
    Plot { x: "epoch", y: "accuracy", x_range: epochs_of(history), y_range: (0.0, 1.0), diagonal: false, curves }
}

fn over_epochs(history: &[EpochRecord], name: &str, value: impl Fn(&EpochRecord) -> f64) -> Curve {
    let points = history.iter().map(|epoch| (f64::from(epoch.epoch), value(epoch)));
    let points = points.filter(|(_, value)| value.is_finite()).collect();
    Curve { name: name.to_owned(), points, dotted: true }
}

fn epochs_of(history: &[EpochRecord]) -> (f64, f64) {
    (1.0, (history.len() as f64).max(2.0))
}

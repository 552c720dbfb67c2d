//! How good the model is: every measure with its interval.

use maud::{Markup, html};

use crate::domain::Assessment;
use crate::report::document::visible;
use crate::stats::{ClassAssessment, Estimate};

pub(super) fn section(assessment: &Assessment) -> Markup {
    let calibrated = assessment.calibrated;
    html! {
        section.card aria-labelledby="measures" {
            h2 #measures { "How good it is" }
            p.muted {
                "On " (assessment.n) " validation images that it never learned from. The kept epoch and the temperature"
                @if let Some(calibrated) = calibrated { " (" (format!("{:.2}", calibrated.temperature)) ")" }
                " were chosen on the same images, so these figures are a little kind."
            }
            (table(assessment))
        }
    }
}

/// Of whatever images.
pub(super) fn table(assessment: &Assessment) -> Markup {
    let calibrated = assessment.calibrated;
    let overall = [
        ("Accuracy (greatest score)", assessment.accuracy),
        ("Binary accuracy (single scores at 0.5)", assessment.binary_accuracy),
        ("Brier score", assessment.brier),
        ("Brier score, calibrated", calibrated.map(|calibrated| calibrated.brier)),
        ("Calibration error", assessment.calibration_error),
        ("Calibration error, calibrated", calibrated.map(|calibrated| calibrated.calibration_error)),
    ];
    html! {
        table.measures {
            thead { tr { th scope="col" { "Measure" } th scope="col" { "Value" } th scope="col" { "95 % interval" } } }
            tbody {
                @for (name, estimate) in overall { tr { th scope="row" { (name) } (told(estimate)) } }
                @for (class, of_class) in &assessment.classes {
                    @for (name, estimate) in rows(of_class) {
                        tr { th scope="row" { bdi { (visible(class.as_str())) } ": " (name) } (told(estimate)) }
                    }
                }
            }
        }
    }
}

fn rows(class: &ClassAssessment) -> [(&'static str, Option<Estimate>); 9] {
    [
        ("sensitivity", class.sensitivity),
        ("specificity", class.specificity),
        ("positive predictive value", class.ppv),
        ("negative predictive value", class.npv),
        ("F1", class.f1),
        ("area under ROC", class.roc_auc),
        ("area under precision and recall", class.pr_auc),
        ("Brier score", class.brier),
        ("calibration error", class.calibration_error),
    ]
}

fn told(estimate: Option<Estimate>) -> Markup {
    html! {
        @match estimate {
            Some(Estimate { value, interval }) => {
                td { (format!("{value:.3}")) }
                td { (format!("{:.3} to {:.3}", interval.low, interval.high)) }
            }
            None => { td { "not measured" } td {} }
        }
    }
}

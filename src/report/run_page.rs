//! `report.html` of a run, section by section.

use maud::{Markup, PreEscaped, html};

use super::document::{Images, NOTICE, document, score, visible};
use super::error::ReportError;
use super::page::day;
use super::plots::{Curve, Plot, colour};
use super::run::RunReport;
use crate::domain::{
    Assessment, ClassAssessment, EpochRecord, Estimate, Judged, ModelRecord, calibration_bins, roc_curve,
};

/// Mistakes that are listed.
const MOST_MISTAKES: usize = 12;

pub(super) fn render(report: &RunReport<'_>) -> Result<String, ReportError> {
    let RunReport { model, history, judged, names, decision } = report;
    let body = html! {
        main {
            div.heading {
                h1 { "Model " (visible(model.run_id.as_str())) }
                p.muted {
                    "dataset " bdi { (visible(model.dataset.as_str())) } " · trained " (day(&model.created))
                    " · " (if decision.promoted { "promoted" } else { "not promoted" }) ": " (visible(&decision.reason))
                }
            }
            (beyond_preset(model))
            @if let Some(assessment) = &model.assessment { (measures(assessment)) }
            (confusion(model))
            section.card aria-labelledby="curves" {
                h2 #curves { "How it learned" }
                div.plots { (plot(&losses(history))?) (plot(&accuracies(history))?) }
            }
            section.card aria-labelledby="ranking" {
                h2 #ranking { "How well its scores rank and mean" }
                div.plots { (plot(&roc(model, judged))?) (plot(&calibration(model, judged))?) }
            }
            (mistakes(model, judged, names))
            (card(model))
        }
        footer { p { (NOTICE) ". Made on this machine by " (visible(&model.program)) "; nothing left it." } }
    };
    Ok(document(&format!("Model {}", model.run_id), Images::Embedded, "", &body))
}

/// What the copies were allowed beyond what their preset holds to be safe for the label.
fn beyond_preset(model: &ModelRecord) -> Markup {
    let names = model.augmentation["beyond_preset"].as_array().into_iter().flatten();
    let names: Vec<&str> = names.filter_map(serde_json::Value::as_str).collect();
    html! {
        @if !names.is_empty() {
            section.card.warnings {
                "Its copies go beyond what the preset holds to be safe for the label, as the recipe allows: " (names.join(", ")) "."
            }
        }
    }
}

/// `key = value` of the augmentation, as configured.
fn augmentation(model: &ModelRecord) -> String {
    let parts = model.augmentation.as_object().into_iter().flatten();
    parts.map(|(key, value)| format!("{key} = {value}")).collect::<Vec<_>>().join(", ")
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

fn measures(assessment: &Assessment) -> Markup {
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
        section.card aria-labelledby="measures" {
            h2 #measures { "How good it is" }
            p.muted {
                "On " (assessment.n) " validation images that it never learned from. The kept epoch and the temperature"
                @if let Some(calibrated) = calibrated { " (" (format!("{:.2}", calibrated.temperature)) ")" }
                " were chosen on the same images, so these figures are a little kind."
            }
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

fn confusion(model: &ModelRecord) -> Markup {
    html! {
        section.card aria-labelledby="confusion" {
            h2 #confusion { "What it takes for what" }
            table.counts {
                thead {
                    tr {
                        th scope="col" { "Truth" }
                        @for class in &model.classes { th scope="col" { "taken for " bdi { (visible(class.as_str())) } } }
                    }
                }
                tbody {
                    @for (truth, (class, row)) in model.classes.iter().zip(model.confusion.rows()).enumerate() {
                        tr {
                            th scope="row" { bdi { (visible(class.as_str())) } }
                            @for (predicted, n) in row.iter().enumerate() {
                                td { @if truth == predicted { strong { (n) } } @else { (n) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn plot(plot: &Plot) -> Result<Markup, ReportError> {
    let svg = plot.svg()?;
    Ok(html! {
        figure.plot role="img" aria-label={ (plot.y) " over " (plot.x) } {
            // Drawn here, and without a name from a user in it.
            (PreEscaped(svg))
            figcaption {
                @for (number, curve) in plot.curves.iter().enumerate() {
                    span.key {
                        svg width="14" height="10" aria-hidden="true" { rect width="14" height="4" y="3" fill=(colour(number)) {} }
                        " " bdi { (visible(&curve.name)) }
                    }
                    " "
                }
            }
        }
    })
}

fn over_epochs(history: &[EpochRecord], name: &str, value: impl Fn(&EpochRecord) -> f64) -> Curve {
    let points = history.iter().map(|epoch| (f64::from(epoch.epoch), value(epoch)));
    let points = points.filter(|(_, value)| value.is_finite()).collect();
    Curve { name: name.to_owned(), points, dotted: true }
}

fn epochs_of(history: &[EpochRecord]) -> (f64, f64) {
    (1.0, (history.len() as f64).max(2.0))
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

fn roc(model: &ModelRecord, judged: &Judged) -> Plot {
    let curve = |(class, name): (usize, &crate::domain::ClassName)| {
        let corners = roc_curve(&judged.ranks(class), &judged.is_of(class));
        let points = corners.iter().map(|corner| (corner.false_positive_rate, corner.true_positive_rate)).collect();
        Curve { name: name.to_string(), points, dotted: false }
    };
    Plot {
        x: "1 - specificity",
        y: "sensitivity",
        x_range: (0.0, 1.0),
        y_range: (0.0, 1.0),
        diagonal: true,
        curves: model.classes.iter().enumerate().map(curve).collect(),
    }
}

fn calibration(model: &ModelRecord, judged: &Judged) -> Plot {
    let at = |name: &str, temperature: f64| {
        let scores = judged.scores(temperature);
        let greatest: Vec<f64> = judged.predicted().iter().zip(&scores).map(|(class, scores)| scores[*class]).collect();
        let bins = calibration_bins(&greatest, &judged.right(), &vec![1.0; greatest.len()]);
        let points = bins.iter().map(|bin| (bin.mean_score, bin.share_right)).collect();
        Curve { name: name.to_owned(), points, dotted: true }
    };
    let calibrated = model.assessment.as_ref().and_then(|assessment| assessment.calibrated);
    let calibrated = calibrated.map(|calibrated| at("calibrated scores", calibrated.temperature));
    Plot {
        x: "greatest score",
        y: "share right",
        x_range: (0.0, 1.0),
        y_range: (0.0, 1.0),
        diagonal: true,
        curves: std::iter::once(at("raw scores", 1.0)).chain(calibrated).collect(),
    }
}

/// Images taken for another class, the surest first.
fn mistakes(model: &ModelRecord, judged: &Judged, names: &[String]) -> Markup {
    let (scores, predicted) = (judged.scores(1.0), judged.predicted());
    let mut wrong: Vec<usize> = (0..judged.labels.len()).filter(|at| predicted[*at] != judged.labels[*at]).collect();
    wrong.sort_by(|a, b| scores[*b][predicted[*b]].total_cmp(&scores[*a][predicted[*a]]));
    let class = |index: usize| model.classes.get(index).map(|class| visible(class.as_str()));
    html! {
        section.card aria-labelledby="mistakes" {
            h2 #mistakes { "Its worst mistakes" }
            @if wrong.is_empty() {
                p.muted { "None on the validation images." }
            } @else {
                table.measures {
                    thead { tr { th scope="col" { "File" } th scope="col" { "Truth" } th scope="col" { "Taken for" } th scope="col" { "Score" } } }
                    tbody {
                        @for at in wrong.iter().take(MOST_MISTAKES) {
                            tr {
                                th scope="row" { bdi { @if let Some(name) = names.get(*at) { (visible(name)) } } }
                                td { bdi { @if let Some(class) = class(judged.labels[*at]) { (class) } } }
                                td { bdi { @if let Some(class) = class(predicted[*at]) { (class) } } }
                                td { (score(scores[*at][predicted[*at]])) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn card(model: &ModelRecord) -> Markup {
    let backbone = &model.backbone_detail;
    let fact = |name: &str, value: String| html! { div { dt { (name) } dd { (visible(&value)) } } };
    html! {
        section.card aria-labelledby="card" {
            h2 #card { "Model card" }
            table.counts {
                thead { tr { th scope="col" { "Class" } th scope="col" { "Learned from" } th scope="col" { "Measured on" } } }
                tbody {
                    @for class in &model.classes {
                        @let count = model.counts.get(class).copied().unwrap_or_default();
                        tr { th scope="row" { bdi { (visible(class.as_str())) } } td { (count.train) } td { (count.validation) } }
                    }
                }
            }
            dl.facts {
                (fact("Use", format!("{NOTICE}. It tells only these classes apart, on pictures like those it learned from.")))
                (fact("Kept epoch", format!("{} of {}", model.epoch, model.epochs_run)))
                (fact("Copies", model.copies.to_string()))
                (fact("Augmentation", augmentation(model)))
                (fact("Seed", model.seed.to_string()))
                (fact("Backbone", format!("{}, {} preprocessing", model.backbone, backbone.preprocessing)))
                (fact("Backbone SHA-256", backbone.sha256.to_string()))
                (fact("Head SHA-256", model.head.sha256.to_string()))
                (fact("Training data SHA-256", model.data_hash.to_string()))
                (fact("Trained by", model.program.clone()))
            }
        }
    }
}

//! How the model performs on one set of images: the headline figures, the confusion matrix and, folded, every measure.

use maud::{Markup, html};

use crate::domain::{Assessment, ClassName, ModelRecord, TestRecord};
use crate::report::format::{count, images, interval, measure, proportion, visible};
use crate::stats::{ClassAssessment, Confusion, Estimate};

/// On the test set.
pub(super) fn on_test(model: &ModelRecord, test: &TestRecord) -> Markup {
    let note = html! {
        "Measured once, when the model was trained, on the test set (" (images(test.confusion.total())) "), which was used \
         neither for training nor for selecting the epoch or the model."
        @if let Some(calibrated) = test.assessment.calibrated {
            " The calibration temperature (" (temperature(calibrated.temperature)) ") was fitted on the validation set."
        }
    };
    section("test", "Performance on the test set", &note, &part(model, &test.confusion, Some(&test.assessment)))
}

/// On the validation set, which every model has.
pub(super) fn on_validation(model: &ModelRecord) -> Markup {
    let calibrated = model.assessment.as_ref().and_then(|assessment| assessment.calibrated);
    let note = html! {
        "Measured on the validation set (" (images(model.confusion.total())) "), which was not used for training. The saved epoch was selected on the same \
         images"
        @if let Some(calibrated) = calibrated { ", and the calibration temperature (" (temperature(calibrated.temperature)) ") fitted on them" }
        ", so these figures are optimistic."
    };
    let part = part(model, &model.confusion, model.assessment.as_ref());
    section("validation", "Performance on the validation set", &note, &part)
}

fn section(id: &str, title: &str, note: &Markup, part: &Markup) -> Markup {
    html! { section.card aria-labelledby=(id) { h2 id=(id) { (title) } p.muted { (note) } (part) } }
}

fn temperature(value: f64) -> String {
    format!("T = {value:.2}")
}

fn part(model: &ModelRecord, confusion: &Confusion, assessment: Option<&Assessment>) -> Markup {
    html! {
        (headline(confusion))
        div.pair {
            div { h3 { "By class" } (by_class(&model.classes, confusion, assessment)) }
            div { h3 { "Confusion matrix" } (confusion_matrix(&model.classes, confusion)) }
        }
        @if let Some(assessment) = assessment {
            details {
                summary { "All measures" }
                (all_measures(assessment))
                p.muted.small {
                    "95 % confidence intervals: Wilson's for proportions, Newcombe's for ROC AUC, and a smoothed bootstrap within \
                     each class for all others."
                }
            }
        }
    }
}

fn headline(confusion: &Confusion) -> Markup {
    let accuracy = (confusion.correct(), confusion.total());
    html! {
        p.headline {
            "Accuracy " strong { (proportion(accuracy)) }
            @if let Some(estimate) = Estimate::proportion(accuracy) {
                span.muted { " 95 % CI " (interval(estimate.interval)) }
            }
        }
    }
}

/// What matters most of each class against all others.
fn by_class(classes: &[ClassName], confusion: &Confusion, assessment: Option<&Assessment>) -> Markup {
    html! {
        div.scroll tabindex="0" {
            table.measures {
                thead {
                    tr {
                        th scope="col" { "Class" } th scope="col" { "n" } th scope="col" { "ROC AUC" }
                        th scope="col" { "Sensitivity" } th scope="col" { "Specificity" }
                    }
                }
                tbody {
                    @for (at, class) in classes.iter().enumerate() {
                        @let of_class = assessment.and_then(|assessment| assessment.classes.get(class));
                        tr {
                            th scope="row" { bdi { (visible(class.as_str())) } }
                            td { (count(confusion.sensitivity(at).1)) }
                            td { (with_interval(of_class.and_then(|class| class.roc_auc))) }
                            td { (with_interval(Estimate::proportion(confusion.sensitivity(at)))) }
                            td { (with_interval(Estimate::proportion(confusion.specificity(at)))) }
                        }
                    }
                }
            }
        }
        p.muted.small { "Each class against all others; n: images of the class; ranges: 95 % confidence intervals." }
    }
}

fn with_interval(estimate: Option<Estimate>) -> Markup {
    html! {
        @match estimate {
            Some(Estimate { value, interval: ends }) => { (measure(value)) " " span.ci { (interval(ends)) } }
            None => { "–" }
        }
    }
}

/// Rows are true classes, columns predicted ones.
fn confusion_matrix(classes: &[ClassName], confusion: &Confusion) -> Markup {
    html! {
        div.scroll tabindex="0" {
            table.counts {
                thead {
                    tr {
                        th scope="col" { "True class" }
                        @for class in classes { th scope="col" { "Predicted " bdi { (visible(class.as_str())) } } }
                        th scope="col" { "Total" }
                    }
                }
                tbody {
                    @for (truth, (class, row)) in classes.iter().zip(confusion.rows()).enumerate() {
                        tr {
                            th scope="row" { bdi { (visible(class.as_str())) } }
                            @for (predicted, n) in row.iter().enumerate() {
                                td { @if truth == predicted { strong { (count(*n)) } } @else { (count(*n)) } }
                            }
                            td { (count(row.iter().sum::<u64>())) }
                        }
                    }
                }
            }
        }
    }
}

fn all_measures(assessment: &Assessment) -> Markup {
    let calibrated = assessment.calibrated;
    let overall = [
        ("Accuracy (highest score)", assessment.accuracy),
        ("Binary accuracy (each score against 0.5)", assessment.binary_accuracy),
        ("Brier score", assessment.brier),
        ("Brier score, calibrated", calibrated.map(|calibrated| calibrated.brier)),
        ("Expected calibration error", assessment.calibration_error),
        ("Expected calibration error, calibrated", calibrated.map(|calibrated| calibrated.calibration_error)),
    ];
    html! {
        table.measures {
            thead { tr { th scope="col" { "Measure" } th scope="col" { "Value" } th scope="col" { "95 % CI" } } }
            tbody {
                @for (name, estimate) in overall { tr { th scope="row" { (name) } (cells(estimate)) } }
                @for (class, of_class) in &assessment.classes {
                    @for (name, estimate) in rows(of_class) {
                        tr { th scope="row" { bdi { (visible(class.as_str())) } ": " (name) } (cells(estimate)) }
                    }
                }
            }
        }
    }
}

fn rows(class: &ClassAssessment) -> [(&'static str, Option<Estimate>); 9] {
    [
        ("sensitivity (recall)", class.sensitivity),
        ("specificity", class.specificity),
        ("PPV (precision)", class.ppv),
        ("NPV", class.npv),
        ("F1 score", class.f1),
        ("ROC AUC", class.roc_auc),
        ("average precision", class.pr_auc),
        ("Brier score", class.brier),
        ("expected calibration error", class.calibration_error),
    ]
}

fn cells(estimate: Option<Estimate>) -> Markup {
    html! {
        @match estimate {
            Some(Estimate { value, interval: ends }) => { td { (measure(value)) } td { (interval(ends)) } }
            None => { td { "not measured" } td {} }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{Activation, Predictions};

    #[test]
    fn the_test_set_has_its_figures_its_matrix_and_the_temperature_of_the_validation_set() {
        let model = ModelRecord::example("x", "0001-a");
        let (logits, labels) = (vec![vec![2.0, -1.0], vec![0.5, 1.0], vec![-1.0, 0.5]], vec![0, 0, 1]);
        let judged = Predictions { activation: Activation::Sigmoid, logits, labels };
        let assessment = Assessment::at(&judged, &model.classes, 1.75, &mut |_| 0);
        let mut confusion = Confusion::new(2);
        for (truth, predicted) in [(0, 0), (0, 1), (1, 1)] {
            confusion.count(truth, predicted);
        }
        let page = on_test(&model, &TestRecord { confusion, assessment }).into_string();
        for text in [
            "on the test set (3 images), which was used neither",
            "(T = 1.75) was fitted on the validation set",
            "Accuracy <strong>0.667 (2 of 3)</strong><span class=\"muted\"> 95 % CI 0.208–0.939</span>",
            "<td><strong>1</strong></td><td>1</td><td>2</td>",
            "Accuracy (highest score)</th><td>0.667</td><td>0.208–0.939</td>",
            "<bdi>covid</bdi>: sensitivity (recall)</th><td>0.500</td>",
            "<bdi>covid</bdi></th><td>2</td><td>1.000 <span class=\"ci\">",
        ] {
            assert!(page.contains(text), "{text}\n{page}");
        }
    }

    #[test]
    fn a_model_without_an_assessment_still_has_what_its_confusion_matrix_gives() {
        let model = ModelRecord { assessment: None, ..ModelRecord::example("x", "0001-a") };
        let page = on_validation(&model).into_string();
        assert!(page.contains("Confusion matrix") && !page.contains("All measures"), "{page}");
        assert!(page.contains("<td>–</td>") && !page.contains("temperature"), "{page}");
    }
}

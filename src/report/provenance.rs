//! The model behind a report: how well it performs, on how many images, and which exactly it is.

use maud::{Markup, html};

use super::format::{count, day, images, interval, proportion, visible};
use super::quality::{Proportion, Quality};
use super::record::{ReplacedReport, ReportRecord};
use crate::domain::{ModelRecord, Split, TrainingDistance};

/// Measured performance with intervals.
pub(super) fn performance(quality: &Quality, model: &ModelRecord) -> Markup {
    if quality.accuracy.n == 0 {
        return unmeasured();
    }
    html! {
        section.card.half aria-labelledby="performance" {
            h2 #performance { "Model performance" }
            p.muted {
                @if quality.measured_on == Split::Test {
                    "Measured once, on the test set (" (images(quality.accuracy.n)) "), which was used neither for training nor \
                     for model selection. Expect lower performance on images from other sources."
                } @else {
                    "Measured on the validation set (" (images(quality.accuracy.n)) "), which was not used for training. The \
                     saved epoch was selected on the same images, so these figures are optimistic. Expect lower performance \
                     on images from other sources."
                }
            }
            table {
                thead {
                    tr {
                        th scope="col" { "Measure" }
                        th scope="col" { "Value" }
                        th scope="col" { "95 % CI" }
                        td.whiskers {}
                    }
                }
                tbody {
                    (row("Accuracy", None, &quality.accuracy))
                    @for class in &model.classes {
                        @let measured = &quality.classes[class];
                        (row("Sensitivity", Some(class.as_str()), &measured.sensitivity))
                        (row("Specificity", Some(class.as_str()), &measured.specificity))
                    }
                }
            }
        }
    }
}

fn unmeasured() -> Markup {
    html! {
        section.card.half aria-labelledby="performance" {
            h2 #performance { "Model performance" }
            p.muted { "Not measured: the model was not trained here." }
        }
    }
}

fn row(measure: &str, class: Option<&str>, measured: &Proportion) -> Markup {
    html! {
        tr {
            th scope="row" { (measure) @if let Some(class) = class { ", " bdi { (visible(class)) } } }
            td { (proportion((measured.hits, measured.n))) }
            td { (interval(measured.interval)) }
            td.whiskers { (whisker(measured)) }
        }
    }
}

/// The interval as a line and the value as a dot, on a scale from 0 to 1.
fn whisker(proportion: &Proportion) -> Markup {
    let at = |v: f64| format!("{:.1}%", 3.0 + 94.0 * v);
    let interval = proportion.interval;
    html! {
        svg.whisker width="160" height="12" aria-hidden="true" {
            line.track x1=(at(0.0)) x2=(at(1.0)) y1="6" y2="6" {}
            line.range x1=(at(interval.low)) x2=(at(interval.high)) y1="6" y2="6" {}
            @if let Some(value) = proportion.value() { circle cx=(at(value)) cy="6" r="4" {} }
        }
    }
}

/// Original images of each class: for training, validation and, where there are any, for the test.
pub(super) fn image_counts(model: &ModelRecord) -> Markup {
    html! {
        table.counts {
            thead {
                tr {
                    th scope="col" { "Images" } th scope="col" { "Training" } th scope="col" { "Validation" }
                    @if model.test.is_some() { th scope="col" { "Test" } }
                }
            }
            tbody {
                @for class in &model.classes {
                    @let of_class = model.counts.get(class).copied().unwrap_or_default();
                    tr {
                        th scope="row" { bdi { (visible(class.as_str())) } }
                        td { (count(of_class.train)) }
                        td { (count(of_class.validation)) }
                        @if model.test.is_some() { td { (count(of_class.test)) } }
                    }
                }
            }
        }
    }
}

/// Model, data, hashes, versions. `has_results`: whether there are results in DICOM.
pub(super) fn details(record: &ReportRecord, model: &ModelRecord, has_results: bool) -> Markup {
    let (backbone, is_imported) = (&model.backbone_detail, model.is_imported());
    html! {
        section.card.half aria-labelledby="details" {
            h2 #details { "Model and data" }
            @if !is_imported { (image_counts(model)) }
            dl.facts {
                (fact("Model", &origin(model)))
                (fact("Backbone", &html! { (visible(&model.backbone)) ", frozen, " (visible(&backbone.input())) }))
                (fact("Heat map", &html! {
                    (record.heat_map.method) " of the class logit, layer " (record.heat_map.layer) ", "
                    (record.heat_map.grid) " × " (record.heat_map.grid) " cells, bilinear interpolation"
                }))
                @if let Some(TrainingDistance { distance, limit }) = record.training_distance {
                    (fact("Distance to the training images", &html! {
                        (format!("{distance:.1}")) "; scans beyond " (format!("{limit:.1}")) " are unlike them"
                    }))
                }
                (hash("Scan", &record.hash.to_string()))
                (hash("Head", &model.head.sha256.to_string()))
                (hash("Backbone", &backbone.sha256.to_string()))
                (hash(if is_imported { "Model file" } else { "Training data" }, &model.data_hash.to_string()))
                @if let Some(ReplacedReport { model, created }) = &record.replaces {
                    (fact("Explained again", &html! { "before by " code { (visible(model.as_str())) } ", on " (day(created)) }))
                }
                (fact("Created by", &html! { (record.program) }))
            }
            p.muted.small {
                "Files in the same folder: overlay.png and heatmap.png at the scan's full size; report.json for scripts."
                @if has_results { " Overlay and scores were also written as DICOM, in the study of the scan." }
            }
        }
    }
}

/// Where the model comes from; of an imported one nobody here knows how it was trained.
fn origin(model: &ModelRecord) -> Markup {
    let (run, by) = (visible(model.run_id.as_str()), visible(&model.program));
    if model.is_imported() {
        return html! { code { (run) } ", " (day(&model.created)) " from " (by) "; how it was trained is not recorded" };
    }
    html! {
        code { (run) } ", trained " (day(&model.created)) " by " (by) "; epoch " (model.epoch) " of " (model.epochs_run) "; "
        (count(model.copies)) " augmented copies; seed " (model.seed)
    }
}

fn fact(name: &str, value: &Markup) -> Markup {
    html! { div { dt { (name) } dd { (value) } } }
}

fn hash(name: &str, value: &str) -> Markup {
    html! { div { dt { (name) " SHA-256" } dd { code.hash { (value) } } } }
}

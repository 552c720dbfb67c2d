//! The model behind a report: how well it did, on how many images, and which exactly it was.

use maud::{Markup, html};

use super::counts;
use super::document::visible;
use super::page::day;
use super::quality::{Proportion, Quality};
use super::record::ReportRecord;
use crate::domain::{ModelRecord, Split};

/// Measured quality with intervals.
pub(super) fn quality(quality: &Quality, model: &ModelRecord) -> Markup {
    html! {
        section.card aria-labelledby="quality" {
            h2 #quality { "How good this model is" }
            p.muted {
                @if quality.measured_on == Split::Test {
                    "Measured once on " (quality.accuracy.n) " test images that had no part in making or choosing it; \
                     pictures from elsewhere may do worse."
                } @else {
                    "Measured on " (quality.accuracy.n) " validation images that it never learned from. The saved epoch was \
                     chosen on the same images, so these figures are a little kind; pictures from elsewhere may do worse."
                }
            }
            table {
                thead {
                    tr {
                        th scope="col" { "Measure" }
                        th scope="col" { "Right" }
                        th scope="col" { "Value" }
                        th scope="col" { "95 % interval" }
                        td.wide {}
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

fn row(measure: &str, class: Option<&str>, proportion: &Proportion) -> Markup {
    let percent = |v: f64| format!("{:.1} %", 100.0 * v);
    let interval = proportion.interval;
    html! {
        tr {
            th scope="row" { (measure) @if let Some(class) = class { ", " bdi { (visible(class)) } } }
            td { (proportion.hits) " of " (proportion.n) }
            td { (proportion.value().map_or("not measured".to_owned(), percent)) }
            td { (format!("{:.1} to {}", 100.0 * interval.low, percent(interval.high))) }
            td.wide { (whisker(proportion)) }
        }
    }
}

/// The interval as a line and the value as a dot, on a scale from 0 to 1.
fn whisker(proportion: &Proportion) -> Markup {
    let at = |v: f64| format!("{:.1}%", 1.0 + 98.0 * v);
    let interval = proportion.interval;
    html! {
        svg.whisker width="160" height="12" aria-hidden="true" {
            line.track x1=(at(0.0)) x2=(at(1.0)) y1="6" y2="6" {}
            line.range x1=(at(interval.low)) x2=(at(interval.high)) y1="6" y2="6" {}
            @if let Some(value) = proportion.value() { circle cx=(at(value)) cy="6" r="4" {} }
        }
    }
}

/// Model, data, hashes, versions.
pub(super) fn details(record: &ReportRecord, model: &ModelRecord) -> Markup {
    let backbone = &model.backbone_detail;
    html! {
        section.card aria-labelledby="details" {
            h2 #details { "Where it comes from" }
            (counts::table(model))
            dl.facts {
                (fact("Model", &html! {
                    code { (visible(model.run_id.as_str())) } ", trained " (day(&model.created)) " by " (visible(&model.program))
                    ", epoch " (model.epoch) " of " (model.epochs_run) ", " (model.copies) " augmented copies, seed " (model.seed)
                }))
                (fact("Backbone", &html! { (visible(&model.backbone)) ", frozen, " (visible(&backbone.preprocessing)) " preprocessing" }))
                (fact("Heat map", &html! {
                    (record.heat_map.method) " of the class logit at " (record.heat_map.layer) ", "
                    (record.heat_map.grid) " × " (record.heat_map.grid) ", enlarged linearly"
                }))
                (hash("Scan", &record.hash.to_string()))
                (hash("Head", &model.head.sha256.to_string()))
                (hash("Backbone", &backbone.sha256.to_string()))
                (hash("Training data", &model.data_hash.to_string()))
                (fact("Explained by", &html! { (record.program) }))
            }
            p.muted.small { "In the same folder: overlay.png and heatmap.png at the scan's own size, report.json for scripts." }
        }
    }
}

fn fact(name: &str, value: &Markup) -> Markup {
    html! { div { dt { (name) } dd { (value) } } }
}

fn hash(name: &str, value: &str) -> Markup {
    html! { div { dt { (name) " SHA-256" } dd { code.hash { (value) } } } }
}

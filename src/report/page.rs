//! `report.html`: one scan on one page.

use maud::{Markup, html};

use super::document::{Images, NOTICE, document, score, visible};
use super::pictures::Pictures;
use super::record::ReportRecord;
use super::{provenance, viewer};
use crate::domain::{ExplanationStatus, ModelRecord};
use crate::stats::Activation;

const SCRIPT: &str = include_str!("page.js");

/// The whole page. The record is of this model, and the pictures are of this record's scan.
pub(super) fn render(record: &ReportRecord, model: &ModelRecord, pictures: &Pictures) -> String {
    let body = html! {
        main {
            (heading(record))
            (verdict(record, model.head.activation))
            (warnings(&record.warnings))
            (viewer::section(record, pictures))
            (provenance::quality(&record.quality, model))
            (provenance::details(record, model))
        }
        footer { p { (NOTICE) ". Made on this machine by " (record.program) "; nothing left it." } }
    };
    document(&format!("{}: {}", record.scan, record.predicted), Images::Embedded, SCRIPT, &body)
}

fn heading(record: &ReportRecord) -> Markup {
    let image = &record.image;
    html! {
        div.heading {
            h1 { bdi { (visible(&record.scan)) } }
            p.muted {
                "dataset " bdi { (visible(record.dataset.as_str())) }
                " · " (image.width) " × " (image.height) " pixels, " (image.format) ", " (image.colour)
                " · explained " (day(&record.created))
            }
        }
    }
}

fn verdict(record: &ReportRecord, activation: Activation) -> Markup {
    html! {
        section.card.verdict aria-labelledby="verdict" {
            div {
                h2 #verdict { "Predicted class" }
                p.answer { bdi { (visible(record.predicted.as_str())) } }
                p.status { (chip(record.status)) " " (meaning(record.status)) }
            }
            div {
                h2 { "Class scores" }
                dl.scores {
                    @for class in &record.classes {
                        dt { bdi { (visible(class.as_str())) } }
                        dd {
                            (bar(record.scores[class]))
                            span.number { (score(record.scores[class])) }
                            @if let Some(calibrated) = &record.calibrated {
                                " "
                                span.number.muted { (score(calibrated[class])) }
                            }
                        }
                    }
                }
                p.muted.small {
                    "Each score is the network's own answer for one class, from 0 to 1, with the line at 0.5. "
                    (sum_of_scores(activation))
                    @if let Some(temperature) = record.temperature {
                        " The second number is the score at the temperature that suited the model's validation images best ("
                        (format!("{temperature:.2}")) ")."
                    }
                }
            }
        }
    }
}

fn sum_of_scores(activation: Activation) -> &'static str {
    match activation {
        Activation::Sigmoid => {
            "The scores are independent: they need not add up to 1, and are no probabilities of disease."
        }
        Activation::Softmax => {
            "The scores add up to 1, whatever the picture shows: they are no probabilities of disease."
        }
    }
}

/// Of the answer, not of the picture: a class may well be called `clear`.
pub(super) fn chip(status: ExplanationStatus) -> Markup {
    let words = match status {
        ExplanationStatus::Clear => "clear answer",
        ExplanationStatus::Ambiguous => "ambiguous answer",
        ExplanationStatus::Neither => "no answer",
    };
    html! { span class={ "chip " (status) } { (words) } }
}

fn meaning(status: ExplanationStatus) -> &'static str {
    match status {
        ExplanationStatus::Clear => "Only this class scores above 0.5.",
        ExplanationStatus::Ambiguous => "More than one class scores above 0.5.",
        ExplanationStatus::Neither => "No class scores above 0.5.",
    }
}

/// A bar from 0 to 1 with a mark in the middle; the number stands beside it.
pub(super) fn bar(value: f64) -> Markup {
    html! {
        svg.bar viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" {
            rect.track width="100" height="10" {}
            rect.fill width=(format!("{:.2}", 100.0 * value.clamp(0.0, 1.0))) height="10" {}
            rect.middle x="49.8" width="0.4" height="10" {}
        }
    }
}

fn warnings(warnings: &[String]) -> Markup {
    html! {
        @if !warnings.is_empty() {
            section.card.warnings aria-labelledby="warnings" {
                h2 #warnings { "Before you rely on this" }
                ul { @for warning in warnings { li { (visible(warning)) } } }
            }
        }
    }
}

/// `2025-11-23T14:20:05Z` as `2025-11-23 14:20 UTC`.
pub(super) fn day(rfc3339: &str) -> String {
    match (rfc3339.get(..10), rfc3339.get(11..16)) {
        (Some(date), Some(time)) => format!("{date} {time} UTC"),
        _ => rfc3339.to_owned(),
    }
}

//! `report.html`: one scan on one page.

use maud::{Markup, PreEscaped, html};

use super::badges::{badge, bar};
use super::document::{Images, document, footer};
use super::error::ReportError;
use super::format::{address, colour, day, measure, score, visible};
use super::map_cells::PageMaps;
use super::pictures::Pictures;
use super::record::{PAGE, ReportRecord};
use super::scan_report::ScanReport;
use super::{dataset_page, neighbours, provenance, viewer};
use crate::domain::{ClassName, ExplanationStatus, ModelRecord};
use crate::stats::Activation;

const SCRIPT: &str = include_str!("page.js");

/// The whole page. Record and images are of this report. `has_results`: whether there are results in DICOM.
pub(super) fn render(
    record: &ReportRecord,
    report: &ScanReport<'_>,
    pictures: &Pictures,
    has_results: bool,
) -> Result<String, ReportError> {
    let (model, maps) = (report.model, PageMaps::new(report.explanation));
    let numbers = maps.to_json().map_err(|source| ReportError::Json { scan: record.scan.clone(), source })?;
    let body = html! {
        main {
            (heading(record, report))
            (warnings(&record.warnings))
            (verdict(record, model.head.activation))
            (viewer::section(record, pictures, &maps))
            (neighbours::section(record, report.neighbours)?)
            (provenance::performance(&record.quality, model))
            (provenance::details(record, model, has_results))
        }
        (footer(&record.program))
        script #maps type="application/json" { (PreEscaped(numbers)) }
    };
    Ok(document(&format!("{}: {}", record.scan, record.predicted), Images::Embedded, SCRIPT, &body))
}

fn heading(record: &ReportRecord, report: &ScanReport<'_>) -> Markup {
    let image = &record.image;
    let dataset_page = report.is_of_service.then_some(dataset_page::FROM_REPORT);
    let gallery = if report.is_of_service { "../../index.html" } else { "../index.html" };
    html! {
        div.heading {
            h1 { bdi { (visible(&record.scan)) } }
            p.muted {
                "Dataset "
                @if let Some(page) = dataset_page { a href=(page) { bdi { (visible(record.dataset.as_str())) } } }
                @else { bdi { (visible(record.dataset.as_str())) } }
                " · " (image.width) " × " (image.height) " pixels, " (image.format) ", " (colour(&image.colour))
                @if let Some(part) = &image.part { ", " (part) }
                " · explained " (day(&record.created))
                " · model " @if let Some(page) = model_page(report) { a href=(page) { (visible(record.model.as_str())) } }
                @else { (visible(record.model.as_str())) }
                " · " a href=(gallery) { "all scan reports" }
            }
        }
    }
}

/// Models that were imported have none.
fn model_page(report: &ScanReport<'_>) -> Option<String> {
    let ModelRecord { dataset, run_id, .. } = report.model;
    let has_page = report.is_of_service && !report.model.is_imported();
    has_page.then(|| address(&format!("../../../runs/{dataset}/{run_id}/{PAGE}")))
}

fn verdict(record: &ReportRecord, activation: Activation) -> Markup {
    html! {
        section.card.verdict aria-labelledby="verdict" {
            div {
                h2 #verdict { "Predicted class" }
                p.answer { bdi { (visible(record.predicted.as_str())) } }
                p.status { (badge(record.status)) " " (meaning(record)) }
            }
            div {
                h2 { "Class scores" }
                (scores(record))
                p.muted.small {
                    "Each score is the model's output for one class, from 0 to 1; the line marks 0.5. "
                    (sum_of_scores(activation, are_mirrored(record)))
                    @if let Some(temperature) = record.temperature {
                        " Calibrated: with temperature scaling, T = " (format!("{temperature:.2}")) ", fitted on the validation set."
                    }
                }
            }
        }
    }
}

fn scores(record: &ReportRecord) -> Markup {
    html! {
        div.scroll tabindex="0" {
            table.scores {
                thead {
                    tr {
                        th scope="col" { "Class" } td {} th.number scope="col" { "Score" }
                        @if record.calibrated.is_some() { th.number scope="col" { "Calibrated" } }
                    }
                }
                tbody { @for class in &record.classes { (scores_of(record, class)) } }
            }
        }
    }
}

fn scores_of(record: &ReportRecord, class: &ClassName) -> Markup {
    html! {
        tr {
            th scope="row" { bdi { (visible(class.as_str())) } }
            td.wide { (bar(record.scores[class])) }
            td.number { (score(record.scores[class])) }
            @if let Some(calibrated) = &record.calibrated { td.number.muted { (score(calibrated[class])) } }
        }
    }
}

/// Whether the scores are two of one output, which speaks for one class and against the other.
fn are_mirrored(record: &ReportRecord) -> bool {
    let logits: Vec<f64> = record.logits.values().copied().collect();
    matches!(logits[..], [first, second] if (first + second).abs() <= 1e-9 * first.abs())
}

fn sum_of_scores(activation: Activation, add_up: bool) -> &'static str {
    match activation {
        Activation::Sigmoid if !add_up => {
            "The scores are independent, so they need not add up to 1. They are not probabilities of disease."
        }
        Activation::Sigmoid | Activation::Softmax => {
            "The scores always add up to 1, whatever the image shows. They are not probabilities of disease."
        }
    }
}

fn meaning(record: &ReportRecord) -> String {
    let chosen = match record.status {
        ExplanationStatus::Clear => "",
        ExplanationStatus::Ambiguous | ExplanationStatus::Neither => "This class has the highest score. ",
        ExplanationStatus::Blank => "The scan is blank, so its scores mean nothing. ",
    };
    format!("{chosen}Margin over the next class: {}.", measure(record.margin()))
}

fn warnings(warnings: &[String]) -> Markup {
    html! {
        @if !warnings.is_empty() {
            section.card.warnings aria-labelledby="warnings" {
                h2 #warnings { "Warnings" }
                ul { @for warning in warnings { li { (visible(warning)) } } }
            }
        }
    }
}

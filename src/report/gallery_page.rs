//! A page of the gallery: reports in one list, the newest first.

use std::collections::BTreeSet;

use maud::{Markup, html};

use super::badges::{badge, bar};
use super::dataset_page::dataset_page_beside;
use super::document::{Images, NOTICE, document};
use super::format::{address, count, day, score, visible};
use super::gallery_blocks::Block;
use super::gallery_entry::Entry;
use super::record::{PAGE, ReportRecord, THUMB};
use crate::domain::{DatasetName, ExplanationStatus};

const SCRIPT: &str = include_str!("gallery.js");

/// Pages of datasets that are linked to above the reports.
const MOST_DATASETS: usize = 50;

/// `total`: reports on all pages; `datasets`: those that have a page.
pub(super) fn render(block: &Block, entries: &[Entry<'_>], total: usize, datasets: &BTreeSet<DatasetName>) -> String {
    let is_first = block.newer.is_none();
    let shown = if is_first { reports(total) } else { format!("{} older reports", count(entries.len())) };
    let body = html! {
        main {
            div.heading {
                h1 { "Scan reports" }
                p.muted { (shown) @if !entries.is_empty() { " · " a href="results.csv" { "results.csv" } } }
                @if is_first { (dataset_links(datasets)) }
                (other_pages(block, entries.len()))
            }
            @if entries.is_empty() { (nothing_yet()) } @else { (tools(entries)) (list(entries)) (other_pages(block, entries.len())) }
        }
        footer { p { (NOTICE) "." } }
    };
    document("Scan reports", Images::Beside, SCRIPT, &body)
}

fn dataset_links(datasets: &BTreeSet<DatasetName>) -> Markup {
    let n_more = datasets.len().saturating_sub(MOST_DATASETS);
    html! {
        @if !datasets.is_empty() {
            p.muted {
                "Datasets: "
                @for (at, dataset) in datasets.iter().take(MOST_DATASETS).enumerate() {
                    @if at > 0 { ", " }
                    a href=(dataset_page_beside(dataset)) { bdi { (visible(dataset.as_str())) } }
                }
                @if n_more > 0 { " and " (count(n_more)) " more" }
            }
        }
    }
}

/// Where there are several pages: what this one holds, and the way to the others.
fn other_pages(block: &Block, n: usize) -> Markup {
    html! {
        @if block.newer.is_some() || block.older.is_some() {
            p.muted.small {
                (count(n)) " on this page"
                @if let Some(newer) = &block.newer { " · " a href=(newer) { "newer reports" } }
                @if let Some(older) = &block.older { " · " a href=(older) { "older reports" } }
            }
        }
    }
}

fn reports(n: usize) -> String {
    match n {
        1 => "1 report".to_owned(),
        n => format!("{} reports", count(n)),
    }
}

fn nothing_yet() -> Markup {
    html! {
        div.card.empty {
            h2 { "No reports yet" }
            p.muted {
                "Put labelled images into " code { "datasets/<dataset>/<class>/" } " and scans into "
                code { "scans/<dataset>/" } " in the inbox. Scans are explained as soon as a model has been trained."
            }
        }
    }
}

/// Shown by the script that they need.
fn tools(entries: &[Entry<'_>]) -> Markup {
    let mut classes: Vec<&str> = entries.iter().map(|entry| entry.record.predicted.as_str()).collect();
    classes.sort_unstable();
    classes.dedup();
    html! {
        div.tools hidden {
            input #search type="search" placeholder="Search file name, dataset or model" aria-label="Search file name, dataset or model";
            select #class aria-label="Predicted class" {
                option value="" { "All classes" }
                @for class in classes { option value=(class) { (visible(class)) } }
            }
            label { input #warned type="checkbox"; " Only with warnings" }
            select #order aria-label="Order" {
                option value="newest" { "Newest first" }
                option value="name" { "By file name" }
                option value="score" { "Highest score first" }
            }
            output #shown aria-live="polite" {}
        }
    }
}

fn list(entries: &[Entry<'_>]) -> Markup {
    html! {
        ol.rows {
            @for Entry { folder, record, model_page, dataset_page, is_obsolete } in entries {
                li data-class=(record.predicted) data-score=(record.top_score()) data-warned[*is_obsolete || !record.warnings.is_empty()] {
                    (thumbnail(folder, record))
                    div {
                        p.name { a href={ (address(folder)) "/" (PAGE) } { bdi { (visible(&record.scan)) } } }
                        p.muted.small {
                            @if let Some(page) = dataset_page { a href=(page) { bdi { (visible(record.dataset.as_str())) } } }
                            @else { bdi { (visible(record.dataset.as_str())) } }
                            " · model "
                            @if let Some(page) = model_page { a href=(address(page)) { (visible(record.model.as_str())) } }
                            @else { (visible(record.model.as_str())) }
                        }
                    }
                    div {
                        p.outcome { bdi { (visible(record.predicted.as_str())) } (bar(record.top_score())) span.number { (score(record.top_score())) } }
                    }
                    div {
                        p.small.muted { (day(&record.created)) }
                        p { @if *is_obsolete { (obsolete(record)) " " } (badges(record)) }
                    }
                }
            }
        }
    }
}

fn thumbnail(folder: &str, record: &ReportRecord) -> Markup {
    let description = format!("Scan with the heat map for {}", visible(record.predicted.as_str()));
    html! {
        img src={ (address(folder)) "/" (THUMB) } alt=(description) width="88" height="88" loading="lazy";
    }
}

/// The answer is of a class that the dataset no longer has.
fn obsolete(record: &ReportRecord) -> Markup {
    let advice = format!(
        "The dataset no longer has the class {}. Explain this scan again with a current model (gradwatch explain).",
        visible(record.predicted.as_str())
    );
    html! { span.chip.warned title=(advice) { "class removed" } }
}

fn badges(record: &ReportRecord) -> Markup {
    let n = record.warnings.len();
    html! {
        @if record.status != ExplanationStatus::Clear { (badge(record.status)) " " }
        @if n > 0 {
            span.chip.warned title=(record.warnings.join(" ")) { (n) @if n == 1 { " warning" } @else { " warnings" } }
        }
    }
}

//! A page of the gallery: reports in one list, the newest first.

use maud::{Markup, html};

use super::document::{Images, NOTICE, address, document, score, visible};
use super::gallery::Entry;
use super::gallery_blocks::Block;
use super::page::{bar, chip, day};
use super::record::{PAGE, ReportRecord, THUMB};
use crate::domain::ExplanationStatus;

const SCRIPT: &str = include_str!("gallery.js");

/// `total`: reports on all pages.
pub(super) fn render(block: &Block, entries: &[Entry<'_>], total: usize) -> String {
    let is_first = block.newer.is_none();
    let shown = if is_first { count(total) } else { format!("{} of the older scans", entries.len()) };
    let body = html! {
        main {
            div.heading {
                h1 { "Reports" }
                p.muted { (shown) @if !entries.is_empty() { " · " a href="results.csv" { "results.csv" } } }
                (other_pages(block, entries.len()))
            }
            @if entries.is_empty() { (nothing_yet()) } @else { (tools(entries)) (list(entries)) (other_pages(block, entries.len())) }
        }
        footer { p { (NOTICE) ". Scores and heat maps are in each report." } }
    };
    document("Reports", Images::Beside, SCRIPT, &body)
}

/// Where there are several pages: what this one holds, and the way to the others.
fn other_pages(block: &Block, n: usize) -> Markup {
    html! {
        @if block.newer.is_some() || block.older.is_some() {
            p.muted.small {
                (n) " on this page"
                @if let Some(newer) = &block.newer { " · " a href=(newer) { "newer reports" } }
                @if let Some(older) = &block.older { " · " a href=(older) { "older reports" } }
            }
        }
    }
}

fn count(n: usize) -> String {
    match n {
        1 => "1 scan explained".to_owned(),
        n => format!("{n} scans explained"),
    }
}

fn nothing_yet() -> Markup {
    html! {
        div.card.empty {
            h2 { "No scan has been explained yet" }
            p.muted {
                "Drop labelled images into " code { "datasets/<dataset>/<class>/" } " and scans into "
                code { "scans/<dataset>/" } " of the inbox. Scans are explained as soon as there is a model."
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
            input #search type="search" placeholder="Find by name, dataset or model" aria-label="Find by name, dataset or model";
            select #class aria-label="Predicted class" {
                option value="" { "every class" }
                @for class in classes { option value=(class) { (visible(class)) } }
            }
            label { input #warned type="checkbox"; " with warnings" }
            select #order aria-label="Order" {
                option value="newest" { "newest first" }
                option value="name" { "by name" }
                option value="score" { "greatest score first" }
            }
            output #shown aria-live="polite" {}
        }
    }
}

fn list(entries: &[Entry<'_>]) -> Markup {
    html! {
        ol.rows {
            @for Entry { folder, record, model_page } in entries {
                li data-class=(record.predicted) data-score=(record.top_score()) data-warned[!record.warnings.is_empty()] {
                    (thumbnail(folder, record))
                    div {
                        p.name { a href={ (address(folder)) "/" (PAGE) } { bdi { (visible(&record.scan)) } } }
                        p.muted.small { bdi { (visible(record.dataset.as_str())) } " · model "
                            @if let Some(page) = model_page { a href=(address(page)) { (visible(record.model.as_str())) } }
                            @else { (visible(record.model.as_str())) }
                        }
                    }
                    div {
                        p.outcome { bdi { (visible(record.predicted.as_str())) } (bar(record.top_score())) span.number { (score(record.top_score())) } }
                    }
                    div {
                        p.small.muted { (day(&record.created)) }
                        p { (badges(record)) }
                    }
                }
            }
        }
    }
}

fn thumbnail(folder: &str, record: &ReportRecord) -> Markup {
    let description = format!("Heat map for {} over the scan", visible(record.predicted.as_str()));
    html! {
        img src={ (address(folder)) "/" (THUMB) } alt=(description) width="88" height="88" loading="lazy";
    }
}

fn badges(record: &ReportRecord) -> Markup {
    let n = record.warnings.len();
    html! {
        @if record.status != ExplanationStatus::Clear { (chip(record.status)) " " }
        @if n > 0 {
            span.chip.warned title=(record.warnings.join(" ")) { (n) @if n == 1 { " warning" } @else { " warnings" } }
        }
    }
}

//! A page of the gallery: reports in one list, the newest first.

use maud::{Markup, html};

use super::badges::{badge, bar, status_in_words};
use super::dataset_page::dataset_page_beside;
use super::document::{Images, NOTICE, document};
use super::format::{address, count, day, score, visible};
use super::gallery_blocks::{Block, FIRST};
use super::gallery_data::WholeGallery;
use super::gallery_links::GalleryLinks;
use super::gallery_row::{GalleryRow, SharedValues};
use super::record::{PAGE, THUMB};
use crate::domain::ExplanationStatus;

const SCRIPT: &str = include_str!("gallery.js");

/// Pages of datasets that are linked to above the reports.
const MOST_DATASETS: usize = 50;

/// `rows`: those of the page, the oldest first; `whole`: of the first page, how much there is on all; `shared`: of all reports.
pub(super) fn render(
    block: &Block,
    rows: &[GalleryRow],
    whole: Option<WholeGallery>,
    shared: &SharedValues,
    links: &GalleryLinks,
) -> String {
    let shown = whole.map_or_else(|| format!("{} older reports", count(rows.len())), |whole| reports(whole.total));
    let body = html! {
        main {
            div.heading {
                h1 { "Scan reports" }
                p.muted {
                    (shown)
                    @if !rows.is_empty() { " · " a href="results.csv" { "results.csv" } }
                    @if whole.is_none() { " · " a href=(FIRST) { "search, filter and sort all reports" } }
                }
                @if whole.is_some() { (dataset_links(links)) }
                (other_pages(block, rows.len()))
            }
            @if rows.is_empty() { (nothing_yet()) } @else {
                @if let Some(whole) = whole { (tools(whole, shared)) }
                (list(rows, links))
                @if whole.is_some() { (pager()) }
                (other_pages(block, rows.len()))
            }
        }
        footer { p { (NOTICE) "." } }
    };
    match whole {
        Some(_) => document("Scan reports", Images::BesideWithData, SCRIPT, &body),
        None => document("Scan reports", Images::Beside, "", &body),
    }
}

fn dataset_links(links: &GalleryLinks) -> Markup {
    let datasets = &links.datasets;
    let n_more = datasets.len().saturating_sub(MOST_DATASETS);
    html! {
        @if !datasets.is_empty() {
            p.muted {
                "Datasets: "
                @for (at, dataset) in datasets.iter().take(MOST_DATASETS).enumerate() {
                    @if at > 0 { ", " }
                    a href=(dataset_page_beside(dataset)) { bdi { (visible(dataset.as_str())) } }
                    @if let Some(page) = links.feature_page(dataset) { " (" a href=(page) { "map" } ")" }
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
            p.muted.small.pages {
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
fn tools(whole: WholeGallery, shared: &SharedValues) -> Markup {
    let statuses = ExplanationStatus::ALL.map(|status| (status.to_string(), status_in_words(status).to_owned()));
    let classes = shared.predicted();
    let classes: Vec<_> =
        classes.iter().map(|class| visible(class.as_str())).map(|text| (text.clone(), text)).collect();
    let datasets = shared.datasets();
    let datasets: Vec<_> =
        datasets.iter().map(|name| visible(name.as_str())).map(|text| (text.clone(), text)).collect();
    html! {
        div.tools role="search" aria-label="Reports" data-older=(whole.older) hidden {
            input #search type="search" placeholder="Search file name, dataset, model or class" aria-label="Search file name, dataset, model or class";
            (select("class", "Predicted class", "All classes", &classes))
            @if datasets.len() > 1 { (select("dataset", "Dataset", "All datasets", &datasets)) }
            (select("status", "Scores", "All scores", &statuses))
            label { input #warned type="checkbox"; " Only with warnings" }
            select #order aria-label="Order" {
                option value="" { "Newest first" }
                option value="name" { "By file name" }
                option value="score" { "Highest score first" }
            }
            output #shown aria-live="polite" {}
            p #unread.small aria-live="polite" hidden {}
        }
    }
}

/// `values`: what the script compares with, and what the reader sees.
fn select(id: &str, label: &str, all: &str, values: &[(String, String)]) -> Markup {
    html! {
        select id=(id) aria-label=(label) {
            option value="" { (all) }
            @for (value, text) in values { option value=(value) { (text) } }
        }
    }
}

/// Of what was searched for, shown by the script.
fn pager() -> Markup {
    html! {
        nav #pager.tools aria-label="Pages of reports" hidden {
            button #previous type="button" { "Previous" }
            span #place {}
            button #next type="button" { "Next" }
        }
    }
}

fn list(rows: &[GalleryRow], links: &GalleryLinks) -> Markup {
    html! {
        ol.rows {
            @for row in rows.iter().rev() {
                li {
                    (thumbnail(row))
                    div {
                        p.name { a href={ (address(&row.folder)) "/" (PAGE) } { bdi { (visible(&row.scan)) } } }
                        p.muted.small {
                            (linked(links.dataset_page(row), row.dataset.as_str()))
                            " · model "
                            (linked(links.model_page(row), row.model.as_str()))
                        }
                    }
                    div {
                        p.outcome { bdi { (visible(row.predicted.as_str())) } (bar(row.score)) span.number { (score(row.score)) } }
                    }
                    div {
                        p.small.muted { (day(&row.created)) }
                        p { @if row.is_obsolete { (obsolete(row)) " " } (badges(row)) }
                    }
                }
            }
        }
    }
}

fn linked(page: Option<String>, name: &str) -> Markup {
    html! {
        @if let Some(page) = page { a href=(page) { bdi { (visible(name)) } } } @else { bdi { (visible(name)) } }
    }
}

fn thumbnail(row: &GalleryRow) -> Markup {
    let description = format!("Scan with the heat map for {}", visible(row.predicted.as_str()));
    html! {
        img src={ (address(&row.folder)) "/" (THUMB) } alt=(description) width="88" height="88" loading="lazy";
    }
}

/// The answer is of a class that the dataset no longer has.
fn obsolete(row: &GalleryRow) -> Markup {
    let advice = format!(
        "The dataset no longer has the class {}. Explain this scan again with a current model (gradwatch explain).",
        visible(row.predicted.as_str())
    );
    html! { span.chip.warned title=(advice) { "class removed" } }
}

fn badges(row: &GalleryRow) -> Markup {
    let n = row.warnings.len();
    let warnings: Vec<&str> = row.warnings.iter().map(|warning| warning.as_str()).collect();
    html! {
        @if row.is_unlike == Some(true) { span.chip.warned { "unlike training images" } " " }
        @if row.status != ExplanationStatus::Clear { (badge(row.status)) " " }
        @if n > 0 {
            span.chip.warned title=(warnings.join(" ")) { (n) @if n == 1 { " warning" } @else { " warnings" } }
        }
    }
}

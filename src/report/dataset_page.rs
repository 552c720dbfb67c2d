//! `dataset.html`: which sections, in which order, and when it has to be written again.

mod classes;
mod examples;
mod history;
mod images;
mod left_out;
mod tally;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use maud::{Markup, html};

use super::dataset_report::DatasetReport;
use super::document::{Images, PROGRAM, document, footer};
use super::error::ReportError;
use super::feature_page_path::{FEATURE_PAGE, remove_feature_page};
use super::folders::folders;
use super::format::{address, count, images, visible};
use super::record::PAGE;
use crate::disk::{DiskError, remove_dir_if_empty, remove_file, write_atomic};
use crate::domain::{ContentHash, DatasetName, Sample};
use crate::imaging::Picture;
pub use examples::ExampleThumbnails;
use examples::Examples;
use tally::ClassColumns;

/// Of the page, in the folder of the dataset's reports.
const NAME: &str = "dataset.html";
/// Its address from the page of a report, which lies in a folder beside it.
pub(super) const FROM_REPORT: &str = "../dataset.html";
/// Before the identity of all that a page shows, in its last line.
const MARK: &str = "<!-- dataset page by gradwatch, of ";

/// The address of a dataset's page, from a page in the folder of reports.
pub(super) fn dataset_page_beside(dataset: &DatasetName) -> String {
    address(&format!("{dataset}/{NAME}"))
}

/// Where the page of a dataset lies.
pub fn dataset_page(reports_dir: &Path, dataset: &DatasetName) -> PathBuf {
    reports_dir.join(dataset.as_str()).join(NAME)
}

/// The datasets whose pages are there; a folder that is not there holds none.
///
/// # Errors
/// [`ReportError::List`].
pub fn dataset_pages(reports_dir: &Path) -> Result<BTreeSet<DatasetName>, ReportError> {
    let datasets = folders(reports_dir)?.into_iter().filter_map(|name| DatasetName::new(name).ok());
    Ok(datasets.filter(|dataset| dataset_page(reports_dir, dataset).is_file()).collect())
}

/// Removes the page of a dataset, and its folder if nothing else is in it.
///
/// # Errors
/// [`DiskError::Io`].
pub fn remove_dataset_page(reports_dir: &Path, dataset: &DatasetName) -> Result<(), DiskError> {
    remove_file(&dataset_page(reports_dir, dataset))?;
    remove_feature_page(reports_dir, dataset)?;
    remove_dir_if_empty(&reports_dir.join(dataset.as_str()))
}

/// Writes the page of a dataset into the folder of reports, unless it shows this very content already. `read` gives the images that
/// are shown and are not among its `thumbnails` yet. Whether it shows all of them: another page is written again the next time.
///
/// # Errors
/// [`ReportError`]; what was there before is then still whole.
pub fn write_dataset(
    reports_dir: &Path,
    report: &DatasetReport<'_>,
    thumbnails: &mut ExampleThumbnails,
    read: &dyn Fn(&Sample) -> Option<Picture>,
) -> Result<bool, ReportError> {
    let (examples, path) = (Examples::of(report.samples), dataset_page(reports_dir, report.dataset));
    let shown = identity(report, &examples);
    thumbnails.keep(&examples);
    if fs::read_to_string(&path).is_ok_and(|page| page.ends_with(&mark(shown))) {
        return Ok(true);
    }
    thumbnails.draw(&examples, read)?;
    let drawn: Vec<_> = examples.all().map(|sample| thumbnails.of(sample)).collect();
    let is_whole = drawn.iter().all(Option::is_some);
    let end = if is_whole { mark(shown) } else { String::new() };
    write_atomic(&path, (render(report, &examples, &drawn) + &end).as_bytes())?;
    Ok(is_whole)
}

fn mark(shown: ContentHash) -> String {
    format!("\n{MARK}{shown} -->\n")
}

/// Of the whole page, with the identities of its images in place of them.
fn identity(report: &DatasetReport<'_>, examples: &Examples<'_>) -> ContentHash {
    let hashes: Vec<_> = examples.all().map(|sample| sample.hash.to_string()).collect();
    let hashes: Vec<_> = hashes.iter().map(|hash| Some(hash.as_str())).collect();
    ContentHash::of(render(report, examples, &hashes).as_bytes())
}

fn render(report: &DatasetReport<'_>, examples: &Examples<'_>, drawn: &[Option<&str>]) -> String {
    let DatasetReport { dataset, samples, files, left_out, models, .. } = report;
    let columns = ClassColumns::of(samples);
    let body = html! {
        main {
            (heading(report))
            (warnings(&report.warnings))
            @if samples.is_empty() { (nothing_yet(dataset.as_str())) }
            @else { (classes::section(samples)) }
            (history::section(models))
            (examples.section(drawn))
            @if !samples.is_empty() { (images::section(samples, &columns)) }
            (images::devices(samples, &columns))
            (left_out::section(*files, samples.len(), left_out))
        }
        (footer(PROGRAM))
    };
    document(&format!("Dataset {dataset}"), Images::Embedded, "", &body)
}

fn heading(DatasetReport { dataset, samples, models, has_features, .. }: &DatasetReport<'_>) -> Markup {
    let best = models.iter().find(|model| model.is_best).map(|model| model.model);
    let has_page = best.filter(|model| model.removed.is_none() && !model.is_imported());
    html! {
        div.heading {
            h1 { "Dataset " bdi { (visible(dataset.as_str())) } }
            p.muted {
                (images(samples.len())) " · " (models_in_words(models.len()))
                @if let Some(model) = has_page {
                    " · best model " a href=(address(&format!("../../runs/{dataset}/{}/{PAGE}", model.run_id))) { (visible(model.run_id.as_str())) }
                } @else if let Some(model) = best { " · best model " (visible(model.run_id.as_str())) }
                @if *has_features { " · " a href=(FEATURE_PAGE) { "map of the features" } }
                " · " a href="../index.html" { "all scan reports" }
            }
        }
    }
}

fn models_in_words(n: usize) -> String {
    match n {
        0 => "no model yet".to_owned(),
        1 => "1 model".to_owned(),
        n => format!("{} models", count(n)),
    }
}

fn warnings(warnings: &[String]) -> Markup {
    html! {
        @if !warnings.is_empty() {
            section.card.warnings aria-labelledby="warnings" {
                h2 #warnings { "Warnings" }
                ul { @for warning in warnings { li { (visible(warning)) "." } } }
            }
        }
    }
}

fn nothing_yet(dataset: &str) -> Markup {
    html! {
        div.card.empty {
            h2 { "No images in the inbox" }
            p.muted { "Put labelled images into " code { "datasets/" (visible(dataset)) "/<class>/" } " in the inbox." }
        }
    }
}

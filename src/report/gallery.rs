//! All reports on one page and in one table, made from the `report.json` files that are there.

use std::cmp::Reverse;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::error::ReportError;
use super::record::{FILE, PAGE, ReportRecord};
use super::{csv, gallery_page};
use crate::disk::write_atomic;

/// What the gallery was made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gallery {
    /// Reports in it.
    pub n_reports: usize,
    /// Records that could not be read, and are not in it.
    pub unreadable: Vec<PathBuf>,
}

/// One report and where it lies.
#[derive(Debug)]
pub(super) struct Entry {
    /// Relative to the gallery, `/`-separated.
    pub(super) folder: String,
    pub(super) record: ReportRecord,
    /// The page of the model that explained it, relative to the gallery, where there is one.
    pub(super) model_page: Option<String>,
}

/// Writes `index.html` and `results.csv` into `reports_dir`, newest report first. Reports lie one or two folders deep;
/// those without a page are unfinished and left out.
///
/// # Errors
/// [`ReportError::List`], [`ReportError::Disk`]. A folder that is not there holds no report, and is made.
pub fn write_gallery(reports_dir: &Path) -> Result<Gallery, ReportError> {
    let mut entries = Vec::new();
    let mut unreadable = Vec::new();
    for folder in report_folders(reports_dir)? {
        let file = reports_dir.join(&folder).join(FILE);
        match read(&file) {
            Some(record) => {
                let model_page = model_page(reports_dir, &record);
                entries.push(Entry { folder, record, model_page });
            }
            None => unreadable.push(file),
        }
    }
    entries.sort_by(|a, b| (Reverse(&a.record.created), &a.folder).cmp(&(Reverse(&b.record.created), &b.folder)));
    write_atomic(&reports_dir.join("results.csv"), csv::table(&entries).as_bytes())?;
    write_atomic(&reports_dir.join("index.html"), gallery_page::render(&entries).as_bytes())?;
    Ok(Gallery { n_reports: entries.len(), unreadable })
}

/// Whether the gallery is there and no report is newer than it. Without any report none is needed.
///
/// # Errors
/// [`ReportError::List`].
pub fn is_current(reports_dir: &Path) -> Result<bool, ReportError> {
    let written = |path: PathBuf| fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    let folders = report_folders(reports_dir)?;
    let newest = folders.iter().filter_map(|folder| written(reports_dir.join(folder).join(FILE))).max();
    let parts = ["index.html", "results.csv"].map(|name| reports_dir.join(name));
    let oldest = parts.iter().map(|part| written(part.clone()).filter(|_| part.is_file())).min().flatten();
    Ok(newest.is_none_or(|newest| oldest.is_some_and(|oldest| oldest >= newest)))
}

/// Beside the reports in the state folder; reports elsewhere have none.
fn model_page(reports_dir: &Path, record: &ReportRecord) -> Option<String> {
    let page = format!("../runs/{}/{}/{PAGE}", record.dataset, record.model);
    reports_dir.join(&page).is_file().then_some(page)
}

fn read(file: &Path) -> Option<ReportRecord> {
    let record: ReportRecord = serde_json::from_slice(&fs::read(file).ok()?).ok()?;
    (record.schema == ReportRecord::SCHEMA).then_some(record)
}

/// Folders with a page, relative to `reports_dir`. Names that are not Unicode are not the program's own.
fn report_folders(reports_dir: &Path) -> Result<Vec<String>, ReportError> {
    let mut found = Vec::new();
    for name in folders(reports_dir)? {
        let path = reports_dir.join(&name);
        if path.join(PAGE).exists() {
            found.push(name);
            continue;
        }
        let below = folders(&path)?.into_iter().filter(|below| path.join(below).join(PAGE).exists());
        found.extend(below.map(|below| format!("{name}/{below}")));
    }
    Ok(found)
}

fn folders(path: &Path) -> Result<Vec<String>, ReportError> {
    let list = |source| ReportError::List { path: path.to_owned(), source };
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(list(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(list)?;
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            names.extend(entry.file_name().into_string());
        }
    }
    Ok(names)
}

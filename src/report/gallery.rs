//! All reports on one page and in one table, made from the `report.json` files that are there.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::ReportError;
use super::gallery_blocks::{Block, blocks, older_file};
use super::gallery_entry::Entry;
use super::record::{FILE, PAGE, ReportRecord};
use super::{gallery_page, results_table};
use crate::disk::{remove_file, write_atomic};
use crate::domain::{ContentHash, CurrentClasses, FileStamp};

/// What the gallery was made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Reports in it.
    pub n_reports: usize,
    /// Reports whose predicted class their dataset no longer has.
    pub n_obsolete: usize,
    /// Records that could not be read, and are not in it.
    pub unreadable: Vec<PathBuf>,
}

/// `index.html`, pages of older reports, and `results.csv` of a folder of reports. It keeps what it has read and written, so that one
/// report more costs one reading and one page.
#[derive(Debug)]
pub struct Gallery {
    reports_dir: PathBuf,
    /// By folder: the record as of the file's size and time; `None` for one that cannot be read.
    records: BTreeMap<String, (FileStamp, Option<ReportRecord>)>,
    /// By page: what stands on it.
    written: BTreeMap<String, ContentHash>,
}

impl Gallery {
    /// Of the reports in `reports_dir`; nothing is read yet.
    pub fn new(reports_dir: &Path) -> Self {
        Self { reports_dir: reports_dir.to_owned(), records: BTreeMap::new(), written: BTreeMap::new() }
    }

    /// Writes it, newest report first. Reports lie one or two folders deep; those without a page are unfinished and left out.
    /// Records that cannot be read are warned of once. Reports of a class that is not `current` are marked.
    ///
    /// # Errors
    /// [`ReportError::List`], [`ReportError::Table`], [`ReportError::Disk`]. A folder that is not there holds no report, and is made.
    pub fn write(&mut self, current: &CurrentClasses) -> Result<Listed, ReportError> {
        self.read_new(report_folders(&self.reports_dir)?);
        let Self { reports_dir: dir, records, written } = self;
        let (mut entries, mut unreadable) = (Vec::new(), Vec::new());
        for (folder, (_, record)) in &*records {
            match record {
                Some(record) => {
                    let is_obsolete =
                        current.get(&record.dataset).is_some_and(|classes| !classes.contains(&record.predicted));
                    entries.push(Entry { folder, record, model_page: model_page(dir, record), is_obsolete });
                }
                None => unreadable.push(dir.join(folder).join(FILE)),
            }
        }
        entries.sort_by(|a, b| (Reverse(&a.record.created), a.folder).cmp(&(Reverse(&b.record.created), b.folder)));
        write_atomic(&dir.join("results.csv"), &results_table::table(&entries)?)?;
        let blocks = blocks(entries.len());
        for block in &blocks {
            let listed = &entries[block.reports.clone()];
            let (path, content) = (dir.join(&block.file), content(block, listed));
            // The first page says of the whole gallery when it was written.
            let is_first = block.newer.is_none();
            if is_first || written.get(&block.file) != Some(&content) || !path.is_file() {
                write_atomic(&path, gallery_page::render(block, listed, entries.len()).as_bytes())?;
                written.insert(block.file.clone(), content);
            }
        }
        remove_pages_from(dir, blocks.len())?;
        let (n_reports, n_obsolete) = (entries.len(), entries.iter().filter(|entry| entry.is_obsolete).count());
        // Last, so that a gallery that was not finished is written again.
        let state = GalleryState { n_reports, n_obsolete, classes: current.clone() };
        write_atomic(&dir.join(STATE), &serde_json::to_vec(&state).unwrap_or_default())?;
        Ok(Listed { n_reports, n_obsolete, unreadable })
    }

    /// Brings the records up to what is there now.
    fn read_new(&mut self, folders: Vec<String>) {
        let mut known = std::mem::take(&mut self.records);
        for folder in folders {
            let file = self.reports_dir.join(&folder).join(FILE);
            let stamp = fs::metadata(&file).map_or(FileStamp::NONE, |metadata| FileStamp::from(&metadata));
            let entry = known.remove(&folder).filter(|(of, _)| *of == stamp).unwrap_or_else(|| read(&file, stamp));
            self.records.insert(folder, entry);
        }
    }
}

/// What the gallery was written with; beside it.
const STATE: &str = ".gallery.json";

/// What the gallery was last written with, so that a later process knows whether its marks still hold.
#[derive(Debug, Serialize, Deserialize)]
struct GalleryState {
    n_reports: usize,
    n_obsolete: usize,
    classes: CurrentClasses,
}

/// What the gallery lists, if it is there, no report is newer than it, and its marks are those of `current`; what is listed of no
/// report is nothing, and needs no gallery. `None` where it has to be written.
///
/// # Errors
/// [`ReportError::List`].
pub fn current(reports_dir: &Path, current: &CurrentClasses) -> Result<Option<Listed>, ReportError> {
    if !is_current(reports_dir)? {
        return Ok(None);
    }
    let state = fs::read(reports_dir.join(STATE)).ok().and_then(|state| serde_json::from_slice(&state).ok());
    let Some(GalleryState { n_reports, n_obsolete, classes }) = state else {
        let is_there = reports_dir.join("index.html").is_file();
        return Ok((!is_there).then(|| Listed { n_reports: 0, n_obsolete: 0, unreadable: Vec::new() }));
    };
    Ok((classes == *current).then(|| Listed { n_reports, n_obsolete, unreadable: Vec::new() }))
}

/// Whether the gallery is there and no report is newer than it. Without any report none is needed.
fn is_current(reports_dir: &Path) -> Result<bool, ReportError> {
    let written = |path: PathBuf| fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    let folders = report_folders(reports_dir)?;
    let newest = folders.iter().filter_map(|folder| written(reports_dir.join(folder).join(FILE))).max();
    let parts = ["index.html", "results.csv"].map(|name| reports_dir.join(name));
    let oldest = parts.iter().map(|part| written(part.clone()).filter(|_| part.is_file())).min().flatten();
    Ok(newest.is_none_or(|newest| oldest.is_some_and(|oldest| oldest >= newest)))
}

/// Identity of what a page shows.
fn content(block: &Block, listed: &[Entry<'_>]) -> ContentHash {
    let links = format!("{:?} {:?}", block.newer, block.older);
    let shown = |Entry { folder, record, model_page, is_obsolete }: &Entry<'_>| {
        format!("{folder} {} {} {} {model_page:?} {is_obsolete}", record.created, record.model, record.hash)
    };
    let parts: Vec<String> = listed.iter().map(shown).chain([links]).collect();
    ContentHash::of_parts(parts.iter().map(String::as_bytes))
}

/// Reports were removed, and so there are fewer pages of older ones; `number` is the first that is not needed.
fn remove_pages_from(dir: &Path, number: usize) -> Result<(), ReportError> {
    let pages = (number.max(1)..).map(|number| dir.join(older_file(number)));
    for page in pages.take_while(|page| page.is_file()) {
        remove_file(&page)?;
    }
    Ok(())
}

/// Beside the reports in the state folder; reports elsewhere have none.
fn model_page(reports_dir: &Path, record: &ReportRecord) -> Option<String> {
    let page = format!("../runs/{}/{}/{PAGE}", record.dataset, record.model);
    reports_dir.join(&page).is_file().then_some(page)
}

/// The record, as of `stamp`; one that could not be read may be there the next time.
fn read(file: &Path, stamp: FileStamp) -> (FileStamp, Option<ReportRecord>) {
    let (stamp, record) = match fs::read(file) {
        Ok(bytes) => (stamp, parse(&bytes)),
        Err(error) => (FileStamp::NONE, Err(error.to_string())),
    };
    let record = record.inspect_err(|reason| {
        tracing::warn!(file = %file.display(), reason, advice = "remove its folder", "Report not listed in the gallery");
    });
    (stamp, record.ok())
}

fn parse(bytes: &[u8]) -> Result<ReportRecord, String> {
    let record: ReportRecord = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let is_known = record.schema == ReportRecord::SCHEMA;
    is_known.then_some(record).ok_or_else(|| "this version does not support its schema".to_owned())
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

//! All reports on one page and in one table, made from the `report.json` files that are there.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::dataset_page::{dataset_page_beside, dataset_pages};
use super::error::ReportError;
use super::folders::folders;
use super::gallery_blocks::{Block, blocks, older_file};
use super::gallery_entry::Entry;
use super::gallery_state::{self, GalleryState};
use super::record::{FILE, PAGE, REPORT_FILES, ReportRecord};
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
    /// By page: what stands on it, and its bytes.
    written: BTreeMap<String, (ContentHash, ContentHash)>,
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
        let folders = report_folders(&self.reports_dir)?;
        let datasets = dataset_pages(&self.reports_dir)?;
        let made_from = gallery_state::made_from(&self.reports_dir, &folders, &datasets)?;
        self.read_new(folders);
        let Self { reports_dir: dir, records, written } = self;
        let (mut entries, mut unreadable) = (Vec::new(), Vec::new());
        for (folder, (_, record)) in &*records {
            match record {
                Some(record) => {
                    let is_obsolete =
                        current.get(&record.dataset).is_some_and(|classes| !classes.contains(&record.predicted));
                    let dataset_page = datasets.contains(&record.dataset).then(|| dataset_page_beside(&record.dataset));
                    entries.push(Entry {
                        folder,
                        record,
                        model_page: model_page(dir, record),
                        dataset_page,
                        is_obsolete,
                    });
                }
                None => unreadable.push(dir.join(folder).join(FILE)),
            }
        }
        entries.sort_by(|a, b| (Reverse(&a.record.created), a.folder).cmp(&(Reverse(&b.record.created), b.folder)));
        let table = results_table::table(&entries)?;
        write_atomic(&dir.join(TABLE), &table)?;
        let blocks = blocks(entries.len());
        for block in &blocks {
            let listed = &entries[block.reports.clone()];
            let (path, content) = (dir.join(&block.file), content(block, listed));
            // The first page says of the whole gallery when it was written.
            let is_first = block.newer.is_none();
            if is_first || written.get(&block.file).is_none_or(|(shown, _)| *shown != content) || !path.is_file() {
                let page = gallery_page::render(block, listed, entries.len(), &datasets);
                write_atomic(&path, page.as_bytes())?;
                written.insert(block.file.clone(), (content, ContentHash::of(page.as_bytes())));
            }
        }
        written.retain(|file, _| blocks.iter().any(|block| block.file == *file));
        remove_pages_from(dir, blocks.len())?;
        let (n_reports, n_obsolete) = (entries.len(), entries.iter().filter(|entry| entry.is_obsolete).count());
        // Last, so that a gallery that was not finished is written again.
        let mut files: BTreeMap<String, ContentHash> =
            written.iter().map(|(file, (_, bytes))| (file.clone(), *bytes)).collect();
        files.insert(TABLE.to_owned(), ContentHash::of(&table));
        let made_from = Some(made_from);
        GalleryState { n_reports, n_obsolete, classes: current.clone(), made_from, files }.write(dir)?;
        Ok(Listed { n_reports, n_obsolete, unreadable })
    }

    /// What was written may have been changed by others since: the next [`Self::write`] writes every page.
    pub fn distrust_pages(&mut self) {
        self.written.clear();
    }

    /// Of reports that there must be, by folder and content of the scan: those that are not there whole.
    ///
    /// # Errors
    /// [`ReportError::List`].
    pub fn lacking<'a, K>(
        &mut self,
        wanted: impl Iterator<Item = (K, &'a str, ContentHash)>,
    ) -> Result<Vec<K>, ReportError> {
        self.read_new(report_folders(&self.reports_dir)?);
        let is_written = |folder: &str, file: &str| {
            fs::metadata(self.reports_dir.join(folder).join(file)).is_ok_and(|file| file.is_file() && file.len() > 0)
        };
        let is_whole = |folder: &str, hash: ContentHash| {
            let record = self.records.get(folder).and_then(|(_, record)| record.as_ref());
            record.is_some_and(|record| record.hash == hash) && REPORT_FILES.iter().all(|file| is_written(folder, file))
        };
        Ok(wanted.filter(|(_, folder, hash)| !is_whole(folder, *hash)).map(|(key, ..)| key).collect())
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

const TABLE: &str = "results.csv";

/// What the gallery lists, if it is there as it was written, of the reports there are now, and its marks are those of `current`;
/// without reports and pages of datasets none is needed. `None` where it has to be written.
///
/// # Errors
/// [`ReportError::List`].
pub fn current(reports_dir: &Path, current: &CurrentClasses) -> Result<Option<Listed>, ReportError> {
    let (folders, datasets) = (report_folders(reports_dir)?, dataset_pages(reports_dir)?);
    let Some(state) = GalleryState::read(reports_dir) else {
        let is_needless = folders.is_empty() && datasets.is_empty() && !reports_dir.join("index.html").is_file();
        return Ok(is_needless.then(|| Listed { n_reports: 0, n_obsolete: 0, unreadable: Vec::new() }));
    };
    let made_from = gallery_state::made_from(reports_dir, &folders, &datasets)?;
    let is_it = state.classes == *current && state.made_from == Some(made_from) && state.is_whole(reports_dir);
    let GalleryState { n_reports, n_obsolete, .. } = state;
    Ok(is_it.then(|| Listed { n_reports, n_obsolete, unreadable: Vec::new() }))
}

/// Identity of what a page shows.
fn content(block: &Block, listed: &[Entry<'_>]) -> ContentHash {
    let links = format!("{:?} {:?}", block.newer, block.older);
    let shown = |Entry { folder, record, model_page, dataset_page, is_obsolete }: &Entry<'_>| {
        let links = format!("{model_page:?} {dataset_page:?}");
        format!("{folder} {} {} {} {links} {is_obsolete}", record.created, record.model, record.hash)
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

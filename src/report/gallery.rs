//! All reports on one page and in one table, made from the `report.json` files that are there.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::{fs, io};

use super::error::ReportError;
use super::folders::folders;
use super::gallery_blocks::{Block, FIRST, blocks, data_file, older_file};
use super::gallery_data::{self, WholeGallery};
use super::gallery_links::GalleryLinks;
use super::gallery_page;
use super::gallery_row::GalleryRow;
use super::gallery_rows::GalleryRows;
use super::gallery_state::GalleryState;
use super::record::{FILE, PAGE, REPORT_FILES};
use super::results_table::ResultsTable;
use crate::disk::{remove_file, write_atomic};
use crate::domain::{ContentHash, CurrentClasses};

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

/// `index.html`, pages of older reports, their data for the script, and `results.csv` of a folder of reports. It knows the reports
/// and what it has written, so that one report more costs one reading, one page and one copy of the table.
#[derive(Debug)]
pub struct Gallery {
    reports_dir: PathBuf,
    rows: GalleryRows,
    is_surveyed: bool,
    /// As of the last writing.
    links: GalleryLinks,
    classes: CurrentClasses,
    table: Option<ResultsTable>,
    /// The pages and their data, by name.
    written: BTreeMap<String, ContentHash>,
    /// Pages: where another one comes or goes, the next older one leads to it.
    n_blocks: usize,
}

impl Gallery {
    /// Of the reports in `reports_dir`; nothing is read yet.
    pub fn new(reports_dir: &Path) -> Self {
        Self {
            reports_dir: reports_dir.to_owned(),
            rows: GalleryRows::default(),
            is_surveyed: false,
            links: GalleryLinks::default(),
            classes: CurrentClasses::new(),
            table: None,
            written: BTreeMap::new(),
            n_blocks: 0,
        }
    }

    pub(super) fn reports_dir(&self) -> &Path {
        &self.reports_dir
    }

    /// The reports that it knows, the newest first.
    pub(super) fn newest(&self) -> impl Iterator<Item = &GalleryRow> {
        self.rows.all().iter().rev()
    }

    /// Looks which reports there are. They lie one or two folders deep; those without a page are unfinished and left out.
    /// Records that cannot be read are warned of once.
    ///
    /// # Errors
    /// [`ReportError::List`]. A folder that is not there holds no report.
    pub fn survey(&mut self) -> Result<(), ReportError> {
        let folders = report_folders(&self.reports_dir)?;
        self.rows.survey(&self.reports_dir, &folders);
        self.is_surveyed = true;
        Ok(())
    }

    /// The report in `folder` was written just now: the others need not be looked at for it.
    pub fn add(&mut self, folder: &str) {
        if self.is_surveyed {
            self.rows.add(&self.reports_dir, folder);
        }
    }

    /// Writes it, newest report first, of the reports that it knows; the first time it looks which there are. Reports of a class
    /// that is not `current` are marked. What is as it was is not written again.
    ///
    /// # Errors
    /// [`ReportError::List`], [`ReportError::Table`], [`ReportError::Disk`].
    pub fn write(&mut self, current: &CurrentClasses) -> Result<Listed, ReportError> {
        if !self.is_surveyed {
            self.survey()?;
        }
        let links = GalleryLinks::read(&self.reports_dir)?;
        self.mark(current);
        self.write_table()?;
        self.write_pages(&links)?;
        self.links = links;
        let state = self.state();
        // Last, so that a gallery that was not finished is written again.
        state.write(&self.reports_dir)?;
        self.rows.settle();
        Ok(self.listed(&state))
    }

    /// What it lists, if all of it is there as it was written, of the reports that it knows, and its marks are those of `current`;
    /// without reports and pages of datasets none is needed. `None` where it has to be written: what others wrote is not relied on.
    ///
    /// # Errors
    /// [`ReportError::List`].
    pub fn as_written(&mut self, current: &CurrentClasses) -> Result<Option<Listed>, ReportError> {
        let links = GalleryLinks::read(&self.reports_dir)?;
        let Some(state) = GalleryState::read(&self.reports_dir) else {
            let is_needed = self.reports_dir.join(FIRST).is_file() || !links.datasets.is_empty();
            let is_empty = self.rows.all().is_empty() && self.rows.unreadable().next().is_none();
            let nothing = Listed { n_reports: 0, n_obsolete: 0, unreadable: Vec::new() };
            return Ok((is_empty && !is_needed).then_some(nothing));
        };
        let is_of_these = state.records == self.rows.identity() && state.links == links.identity();
        let is_it = is_of_these && state.classes == *current && state.is_whole(&self.reports_dir);
        if !is_it || state != self.state() {
            self.table = None;
            self.written.clear();
        }
        Ok(is_it.then(|| self.listed(&state)))
    }

    /// That records are there which the system refuses to read: their reports are not listed, and may be whole.
    ///
    /// # Errors
    /// [`ReportError::Unread`].
    pub fn all_read(&self) -> Result<(), ReportError> {
        let Some((folder, reason)) = self.rows.unread().next() else { return Ok(()) };
        let file = self.reports_dir.join(folder).join(FILE);
        Err(ReportError::Unread(format!(
            "{} of the reports cannot be read, the first is `{}`: {reason}; check the disk and the permissions of the file, or remove \
             its folder to have the scan explained again",
            self.rows.unread().count(),
            file.display()
        )))
    }

    /// Of reports that there must be, by folder and content of the scan: those that are not there whole. What the system refuses to
    /// read is not known to be lost.
    pub fn lacking<'a, K>(&self, wanted: impl Iterator<Item = (K, &'a str, ContentHash)>) -> Vec<K> {
        let hashes: HashMap<&str, ContentHash> =
            self.rows.all().iter().map(|row| (row.folder.as_str(), row.hash)).collect();
        let unread: HashSet<&str> = self.rows.unread().map(|(folder, _)| folder).collect();
        let is_written = |folder: &str, file: &str| match fs::metadata(self.reports_dir.join(folder).join(file)) {
            Ok(file) => file.is_file() && file.len() > 0,
            Err(error) => error.kind() != io::ErrorKind::NotFound,
        };
        let is_whole = |folder: &str, hash: ContentHash| {
            unread.contains(folder)
                || hashes.get(folder) == Some(&hash) && REPORT_FILES.iter().all(|file| is_written(folder, file))
        };
        wanted.filter(|(_, folder, hash)| !is_whole(folder, *hash)).map(|(key, ..)| key).collect()
    }

    /// Marks the reports of classes that are gone: all of them when classes changed, else those that are new.
    fn mark(&mut self, current: &CurrentClasses) {
        let from = if self.classes == *current { self.rows.n_same() } else { 0 };
        self.rows.mark(current, from);
        self.classes.clone_from(current);
    }

    fn write_table(&mut self) -> Result<(), ReportError> {
        // Where it fails, nothing is known of the table any more.
        let before = self.table.take().map(|table| (table, self.rows.n_same()));
        let classes = self.rows.shared().classes();
        self.table = Some(ResultsTable::write(&self.reports_dir, self.rows.all(), classes, before)?);
        Ok(())
    }

    /// The oldest page first, so that no page leads to one that is not there yet.
    fn write_pages(&mut self, links: &GalleryLinks) -> Result<(), ReportError> {
        let blocks = blocks(self.rows.all().len());
        // All links may be others, or those between the pages.
        let are_links_same = *links == self.links;
        let relinked = blocks.len() + 1 - blocks.len().min(self.n_blocks);
        for (at, block) in blocks.iter().enumerate().rev() {
            let is_linked_anew = at == relinked && blocks.len() != self.n_blocks;
            let is_same = are_links_same && !is_linked_anew && block.reports.end <= self.rows.n_same();
            if at == 0 || !is_same || !self.is_there(&block.file) {
                self.write_block(block, blocks.len() - 1, links)?;
            }
        }
        self.n_blocks = blocks.len();
        self.remove_pages_from(blocks.len())
    }

    /// The data first: the page says how much there is.
    fn write_block(&mut self, block: &Block, n_older: usize, links: &GalleryLinks) -> Result<(), ReportError> {
        let (rows, total) = (&self.rows.all()[block.reports.clone()], self.rows.all().len());
        let whole = block.newer.is_none().then_some(WholeGallery { older: n_older, total });
        let data = data_file(&block.file);
        let script = gallery_data::script(data.trim_end_matches(".js"), rows.iter().rev(), whole, links);
        let page = gallery_page::render(block, rows, whole, self.rows.shared(), links);
        self.write_file(data, script.as_bytes())?;
        self.write_file(block.file.clone(), page.as_bytes())
    }

    /// Unless that is what is there.
    fn write_file(&mut self, name: String, bytes: &[u8]) -> Result<(), ReportError> {
        let (path, hash) = (self.reports_dir.join(&name), ContentHash::of(bytes));
        if self.written.get(&name) != Some(&hash) || !path.is_file() {
            write_atomic(&path, bytes)?;
            self.written.insert(name, hash);
        }
        Ok(())
    }

    /// A page and its data, as this one wrote them.
    fn is_there(&self, page: &str) -> bool {
        let names = [page.to_owned(), data_file(page)];
        names.iter().all(|name| self.written.contains_key(name) && self.reports_dir.join(name).is_file())
    }

    /// Reports were removed, and so there are fewer pages of older ones; `number` is the first that is not needed.
    fn remove_pages_from(&mut self, number: usize) -> Result<(), ReportError> {
        for page in (number.max(1)..).map(older_file) {
            let files = [data_file(&page), page];
            if !files.iter().any(|file| self.reports_dir.join(file).is_file()) {
                return Ok(());
            }
            for file in files {
                remove_file(&self.reports_dir.join(&file))?;
                self.written.remove(&file);
            }
        }
        Ok(())
    }

    /// As of the last writing.
    fn state(&self) -> GalleryState {
        let rows = self.rows.all();
        GalleryState {
            n_reports: rows.len(),
            n_obsolete: rows.iter().filter(|row| row.is_obsolete).count(),
            classes: self.classes.clone(),
            records: self.rows.identity(),
            links: self.links.identity(),
            table: self.table.as_ref().map(ResultsTable::identity).unwrap_or_default(),
            files: self.written.clone(),
        }
    }

    fn listed(&self, state: &GalleryState) -> Listed {
        let unreadable = self.rows.unreadable().map(|folder| self.reports_dir.join(folder).join(FILE)).collect();
        Listed { n_reports: state.n_reports, n_obsolete: state.n_obsolete, unreadable }
    }
}

/// Folders with a page, relative to `reports_dir`. Names that are not Unicode are not the program's own.
fn report_folders(reports_dir: &Path) -> Result<Vec<String>, ReportError> {
    let mut found = Vec::new();
    for name in folders(reports_dir)? {
        let path = reports_dir.join(&name);
        if has_page(&path)? {
            found.push(name);
            continue;
        }
        for below in folders(&path)? {
            if has_page(&path.join(&below))? {
                found.push(format!("{name}/{below}"));
            }
        }
    }
    Ok(found)
}

fn has_page(folder: &Path) -> Result<bool, ReportError> {
    fs::exists(folder.join(PAGE)).map_err(|source| ReportError::List { path: folder.to_owned(), source })
}

//! The results of a DICOM scan as DICOM, for the archive that the scan came from: the overlay as a Secondary Capture, and
//! a structured report. Both lie in the study of the scan, each in a series of its own.

mod attributes;
mod code;
mod content_item;
mod moment;
mod names;
mod secondary_capture;
mod structured_report;

use std::path::{Path, PathBuf};

use self::moment::Moment;
use self::names::ResultNames;
use walkdir::WalkDir;

use super::error::ReportError;
use super::record::ReportRecord;
use crate::disk::{DiskError, listed, write_atomic_confidential};
use crate::domain::{ClassName, ContentHash};
use crate::imaging::{Picture, SourceScan};
use crate::privacy::SiteKey;

/// How the names of results end: picture, structured report.
const KINDS: [&str; 2] = [".sc.dcm", ".sr.dcm"];
/// The folder in the outbox to which a sender moves a file while it sends it.
const SENDING: &str = "sending";

/// What is known of a scan that is DICOM, and what is made of it.
#[derive(Debug, Clone, Copy)]
pub struct DicomScan<'a> {
    /// What its file says of patient, study and itself.
    pub source: &'a SourceScan,
    /// Whether `report.json` names it by its SOP Instance UID.
    pub is_named: bool,
    /// Where results are written as DICOM, and the key that their identifiers are drawn with; `None`: nowhere.
    pub results: Option<(&'a Path, &'a SiteKey)>,
}

impl DicomScan<'_> {
    /// Writes picture and structured report, the report last, so that what it refers to is there. The record is of this
    /// scan, and `overlay` is 8-bit RGB.
    pub(super) fn write_results(&self, record: &ReportRecord, overlay: &Picture) -> Result<(), ReportError> {
        let Some((folder, key)) = self.results else { return Ok(()) };
        let (names, moment) = (ResultNames::new(key, record)?, Moment::of(&record.created, self.source));
        let mut texts = record.classes.iter().map(ClassName::as_str).chain([record.dataset.as_str()]);
        let encoding = self.source.encoding(texts.all(str::is_ascii));
        let subject = || self.source.subject(encoding);
        let drawn = (overlay, record.heat_map.method);
        let capture = subject().and(secondary_capture::object(self.source, &names, &moment, drawn));
        let report = subject().and(structured_report::object(self.source, &names, &moment, record));
        for (object, path) in [capture, report].iter().zip(result_files(folder, record)) {
            write_atomic_confidential(&path, &object.to_file(encoding))?;
        }
        Ok(())
    }
}

/// Picture, then structured report. Their names say nothing of the scan's own; models of several datasets may have explained
/// it, and another model of the same dataset replaces what it wrote.
fn result_files(folder: &Path, record: &ReportRecord) -> [PathBuf; 2] {
    let dataset = ContentHash::of(record.dataset.as_str().as_bytes()).to_string();
    KINDS.map(|kind| folder.join(format!("{}-{}{kind}", digits_of(&record.hash), &dataset[..8])))
}

/// The results of the scan with this content that were not sent yet: in the outbox, and in [`SENDING`].
///
/// # Errors
/// [`DiskError::Io`]. An outbox that is not there has none.
pub fn unsent_results(outbox: &Path, scan: &ContentHash) -> Result<Vec<PathBuf>, DiskError> {
    let digits = digits_of(scan);
    let is_result = |name: &str| name.starts_with(&digits) && KINDS.iter().any(|kind| name.ends_with(kind));
    let folders = [outbox.to_owned(), outbox.join(SENDING)];
    let entries = folders.iter().flat_map(|folder| WalkDir::new(folder).min_depth(1).max_depth(1)).filter_map(listed);
    let found =
        entries.filter(|entry| entry.as_ref().map_or(true, |entry| entry.file_name().to_str().is_some_and(is_result)));
    found.map(|entry| entry.map(walkdir::DirEntry::into_path)).collect()
}

fn digits_of(scan: &ContentHash) -> String {
    scan.to_string()[..16].to_owned()
}

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
use super::error::ReportError;
use super::record::ReportRecord;
use crate::disk::write_atomic;
use crate::domain::{ClassName, ContentHash};
use crate::imaging::{Picture, SourceScan};
use crate::privacy::SiteKey;

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
    /// Writes the files of [`result_files`], the structured report last, so that what it refers to is there.
    /// The record is of this scan, and `overlay` is 8-bit RGB. Returns whether there was something to write.
    pub(super) fn write_results(&self, record: &ReportRecord, overlay: &Picture) -> Result<bool, ReportError> {
        let Some((folder, key)) = self.results else { return Ok(false) };
        let (names, moment) = (ResultNames::new(key, record), Moment::of(&record.created, self.source));
        let mut texts = record.classes.iter().map(ClassName::as_str).chain([record.dataset.as_str()]);
        let encoding = self.source.encoding(texts.all(str::is_ascii));
        let subject = || self.source.subject(encoding);
        let capture = subject().and(secondary_capture::object(self.source, &names, &moment, overlay));
        let report = subject().and(structured_report::object(self.source, &names, &moment, record));
        for (object, path) in [capture, report].iter().zip(result_files(folder, &record.hash)) {
            write_atomic(&path, &object.to_file(encoding))?;
        }
        Ok(true)
    }
}

/// The results in `folder` of the scan with this content: picture, then structured report. Their names say nothing of the
/// scan's own.
pub fn result_files(folder: &Path, scan: &ContentHash) -> [PathBuf; 2] {
    ["sc", "sr"].map(|kind| folder.join(format!("{}.{kind}.dcm", &scan.to_string()[..16])))
}

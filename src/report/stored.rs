//! The reports that lie in a folder, as far as retention asks: how old, how large.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use super::error::ReportError;
use super::folders::folders;
use super::raw_maps::MAPS;
use super::record::REPORT_FILES;
use crate::disk::{self, DiskError};

/// A report, or what a removal that was cut off has left of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredReport {
    /// Its folder, relative to that of all reports, `/`-separated.
    pub folder: String,
    /// When the last of its files was written.
    pub written: SystemTime,
    /// Of its files.
    pub bytes: u64,
}

/// The reports one or two folders below `reports_dir`; a folder that is not there holds none.
///
/// # Errors
/// [`ReportError::List`].
pub fn stored_reports(reports_dir: &Path) -> Result<Vec<StoredReport>, ReportError> {
    let mut found = Vec::new();
    for name in folders(reports_dir)? {
        found.extend(stored(reports_dir, name.clone()));
        for below in folders(&reports_dir.join(&name))? {
            found.extend(stored(reports_dir, format!("{name}/{below}")));
        }
    }
    Ok(found)
}

/// Removes a report, and the folder of its dataset if it was the last one there.
///
/// # Errors
/// [`DiskError::Io`].
pub fn remove_report(reports_dir: &Path, folder: &str) -> Result<(), DiskError> {
    disk::remove_dir(&reports_dir.join(folder))?;
    folder.rsplit_once('/').map_or(Ok(()), |(dataset, _)| disk::remove_dir_if_empty(&reports_dir.join(dataset)))
}

/// `None` for a folder that has no file of a report.
fn stored(reports_dir: &Path, folder: String) -> Option<StoredReport> {
    let path = reports_dir.join(&folder);
    let files = REPORT_FILES.iter().chain([&MAPS]).filter_map(|file| fs::metadata(path.join(file)).ok());
    let (mut bytes, mut written) = (0, None);
    for file in files.filter(fs::Metadata::is_file) {
        bytes += file.len();
        written = written.max(file.modified().ok());
    }
    Some(StoredReport { folder, written: written?, bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_are_found_with_their_sizes_and_removed_one_by_one() {
        let dir = tempfile::tempdir().unwrap();
        for (file, bytes) in
            [("d/a-1/report.html", 10), ("d/a-1/thumb.jpg", 5), ("d/b-2/overlay.png", 7), ("e/notes.txt", 1)]
        {
            let path = dir.path().join(file);
            disk::create_dir(path.parent().unwrap()).unwrap();
            disk::write_atomic(&path, &vec![0; bytes]).unwrap();
        }
        let list = || {
            let mut found: Vec<_> =
                stored_reports(dir.path()).unwrap().into_iter().map(|it| (it.folder, it.bytes)).collect();
            found.sort();
            found
        };
        assert_eq!(list(), [("d/a-1".to_owned(), 15), ("d/b-2".to_owned(), 7)]);
        remove_report(dir.path(), "d/a-1").unwrap();
        assert_eq!(list(), [("d/b-2".to_owned(), 7)]);
        remove_report(dir.path(), "d/b-2").unwrap();
        assert!(!dir.path().join("d").exists() && dir.path().join("e/notes.txt").exists());
        assert_eq!(stored_reports(&dir.path().join("absent")).unwrap(), []);
    }
}

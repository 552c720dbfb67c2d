//! The folders in the folder of reports.

use std::fs;
use std::io;
use std::path::Path;

use super::error::ReportError;

/// Names of the folders in `path`; none where it is not there.
pub(super) fn folders(path: &Path) -> Result<Vec<String>, ReportError> {
    let list = |source| ReportError::List { path: path.to_owned(), source };
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(list(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(list)?;
        if entry.file_type().map_err(list)?.is_dir() {
            names.extend(entry.file_name().into_string());
        }
    }
    Ok(names)
}

//! Reason files: one for each input that could not be used, for people to read. The inputs themselves stay where they are.

use std::path::{Path, PathBuf};

use crate::content::FileFailure;
use crate::disk::{self, DiskError};
use crate::domain::{ContentHash, safe_stem};
use crate::privacy::{hidden_name, shown, shows};

/// Writes down in `folder` what is wrong with the file at `relative` (to the inbox), replacing what was written before.
///
/// # Errors
/// [`DiskError`].
pub fn write_reason(folder: &Path, relative: &str, rejection: &FileFailure) -> Result<(), DiskError> {
    let FileFailure { code, reason, fix, .. } = rejection;
    let text = format!("File:  {}\nWhy:   {reason} ({code})\nTo do: {fix}\n", shown(relative).escape_debug());
    disk::write_atomic(&reason_file(folder, relative), text.as_bytes())
}

/// Removes what was written about the file at `relative`, if anything was.
///
/// # Errors
/// [`DiskError`].
pub fn clear_reason(folder: &Path, relative: &str) -> Result<(), DiskError> {
    disk::remove_file(&hidden_reason_file(folder, relative))?;
    disk::remove_file(&named_reason_file(folder, relative))
}

/// Two files of one name lie in different folders, so the name alone would not do. The name of a hidden one has a keyed hash.
fn reason_file(folder: &Path, relative: &str) -> PathBuf {
    if shows(relative) { named_reason_file(folder, relative) } else { hidden_reason_file(folder, relative) }
}

fn hidden_reason_file(folder: &Path, relative: &str) -> PathBuf {
    folder.join(format!("{}.txt", hidden_name(relative)))
}

fn named_reason_file(folder: &Path, relative: &str) -> PathBuf {
    let stem = Path::new(relative).file_stem().unwrap_or_default().to_string_lossy();
    folder.join(format!("{}-{}.txt", safe_stem(&stem), ContentHash::of(relative.as_bytes()).short()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_reason_is_written_replaced_and_cleared() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("quarantine");
        let names = || fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let first = FileFailure::new("scans/a.png", "truncated", "it is cut off", "copy it again");
        write_reason(&folder, "scans/a.png", &first).unwrap();
        write_reason(&folder, "scans/d/a.png", &first).unwrap();
        let second = FileFailure::new("scans/a.png", "not-an-image", "it is text", "remove it");
        write_reason(&folder, "scans/a.png", &second).unwrap();
        assert_eq!(names().count(), 2);
        let path = reason_file(&folder, "scans/a.png");
        assert!(path.file_name().unwrap().to_str().unwrap().starts_with("a-"), "{path:?}");
        assert_eq!(
            fs::read_to_string(path).unwrap(),
            "File:  scans/a.png\nWhy:   it is text (not-an-image)\nTo do: remove it\n"
        );
        clear_reason(&folder, "scans/a.png").unwrap();
        clear_reason(&folder, "scans/a.png").unwrap();
        assert_eq!(names().count(), 1);
    }
}

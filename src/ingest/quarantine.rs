//! Reason files: one for each input that could not be used, for people to read. The inputs themselves stay where they are.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::recorded_reasons::recorded_reasons;
use crate::content::FileFailure;
use crate::disk::{self, DiskError};
use crate::domain::{ContentHash, Ledger, safe_stem};
use crate::privacy::{hidden_name, shown, shows};

/// Writes down in `folder` what is wrong with the file at `relative` (to the inbox), replacing what was written before, also
/// under the other form of the file's name.
///
/// # Errors
/// [`DiskError`].
pub fn write_reason(folder: &Path, relative: &str, rejection: &FileFailure) -> Result<(), DiskError> {
    let FileFailure { code, reason, fix, .. } = rejection;
    disk::write_atomic(&reason_file(folder, relative), text(relative, [code, reason, fix]).as_bytes())?;
    let other = if shows(relative) { hidden_reason_file } else { named_reason_file };
    disk::remove_file(&other(folder, relative))
}

/// Removes what was written about the file at `relative`, if anything was.
///
/// # Errors
/// [`DiskError`].
pub fn clear_reason(folder: &Path, relative: &str) -> Result<(), DiskError> {
    disk::remove_file(&hidden_reason_file(folder, relative))?;
    disk::remove_file(&named_reason_file(folder, relative))
}

/// Makes the reason files in `folder` those of the files that `ledger` has as left out: their names depend on settings and on
/// a key, which may have changed while no program ran. Files of people stay.
///
/// # Errors
/// [`DiskError`].
pub fn restore_reasons(folder: &Path, ledger: &Ledger) -> Result<(), DiskError> {
    let mut wanted: BTreeMap<PathBuf, String> = recorded_reasons(ledger, ledger.files.values())
        .into_iter()
        .map(|(path, [code, reason, fix])| (reason_file(folder, path), text(path, [&code, &reason, &fix])))
        .collect();
    for file in WalkDir::new(folder).min_depth(1).max_depth(1).into_iter().filter_map(disk::listed) {
        let path = file?.into_path();
        let written = wanted.get(&path).is_some_and(|text| std::fs::read(&path).is_ok_and(|it| it == text.as_bytes()));
        if written {
            wanted.remove(&path);
        } else if is_reason_file(&path) {
            disk::remove_file(&path)?;
        }
    }
    wanted.iter().try_for_each(|(path, text)| disk::write_atomic(path, text.as_bytes()))
}

/// What is written about a file: its code, why, and what to do.
fn text(relative: &str, [code, reason, fix]: [&str; 3]) -> String {
    format!("File:  {}\nWhy:   {reason} ({code})\nTo do: {fix}\n", shown(relative).escape_debug())
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

/// Whether it is named as one of these files, by whatever key: a hash is at the end.
fn is_reason_file(path: &Path) -> bool {
    let is_text = path.extension().is_some_and(|extension| extension == "txt");
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let hash = stem.rsplit_once('-').map_or("", |(_, hash)| hash);
    is_text && hash.len() >= 8 && hash.bytes().all(|digit| digit.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::domain::{FileOutcome, FileRecord, FileStamp, LedgerEvent};

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_reason_is_written_replaced_and_cleared() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("quarantine");
        let first = FileFailure::new("scans/a.png", "truncated", "it is cut off", "copy it again");
        write_reason(&folder, "scans/a.png", &first).unwrap();
        write_reason(&folder, "scans/d/a.png", &first).unwrap();
        // Of an older version, or of other settings.
        fs::write(hidden_reason_file(&folder, "scans/a.png"), "old").unwrap();
        let second = FileFailure::new("scans/a.png", "not-an-image", "it is text", "remove it");
        write_reason(&folder, "scans/a.png", &second).unwrap();
        assert_eq!(names(&folder).len(), 2);
        let path = reason_file(&folder, "scans/a.png");
        assert!(path.file_name().unwrap().to_str().unwrap().starts_with("a-"), "{path:?}");
        assert_eq!(
            fs::read_to_string(path).unwrap(),
            "File:  scans/a.png\nWhy:   it is text (not-an-image)\nTo do: remove it\n"
        );
        clear_reason(&folder, "scans/a.png").unwrap();
        clear_reason(&folder, "scans/a.png").unwrap();
        assert_eq!(names(&folder).len(), 1);
    }

    #[test]
    fn reason_files_are_brought_in_line_with_what_is_recorded() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("quarantine");
        let mut ledger = Ledger::default();
        restore_reasons(&folder, &ledger).unwrap();
        assert!(!folder.exists());
        for path in ["scans/b.png", "scans/DOE.dcm"] {
            let [code, reason, fix] = ["damaged", "it is damaged", "copy it again"].map(str::to_owned);
            let outcome = FileOutcome::Quarantined { code, reason, fix, conflict: None, dicom: false };
            let (path, stamp) = (path.to_owned(), FileStamp::from(&std::fs::metadata(".").unwrap()));
            ledger.apply(&LedgerEvent::File(FileRecord { path, stamp, outcome }));
        }
        fs::create_dir(&folder).unwrap();
        for old in ["DOE-0123abcd.txt", "file-0123456789ab.txt", "notes.txt"] {
            fs::write(folder.join(old), "DOE").unwrap();
        }
        for _ in 0..2 {
            restore_reasons(&folder, &ledger).unwrap();
            let mut expected: Vec<String> = ["scans/b.png", "scans/DOE.dcm"]
                .map(|path| reason_file(Path::new(""), path).display().to_string())
                .into();
            expected.push("notes.txt".to_owned());
            expected.sort();
            assert_eq!(names(&folder), expected);
        }
    }
}

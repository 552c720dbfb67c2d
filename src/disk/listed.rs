//! What a walk through folders finds, where what cannot be listed is an error and not nothing.

use std::io;
use std::path::PathBuf;

use walkdir::{DirEntry, WalkDir};

use super::DiskError;

/// For a walk's `filter_map`: what is not there, or goes meanwhile, is left out.
pub fn listed(entry: walkdir::Result<DirEntry>) -> Option<Result<DirEntry, DiskError>> {
    match entry {
        Ok(entry) => Some(Ok(entry)),
        Err(error) if error.io_error().is_some_and(|error| error.kind() == io::ErrorKind::NotFound) => None,
        Err(error) => {
            let path = error.path().unwrap_or(std::path::Path::new("")).to_owned();
            Some(Err(DiskError::Io { doing: "list", path, source: error.into() }))
        }
    }
}

/// The folders that a walk finds, sorted.
///
/// # Errors
/// [`DiskError::Io`] for a folder that cannot be listed.
pub fn listed_folders(walk: WalkDir) -> Result<Vec<PathBuf>, DiskError> {
    let entries = walk.into_iter().filter_map(listed);
    let folders = entries.filter(|entry| entry.as_ref().map_or(true, |entry| entry.file_type().is_dir()));
    let mut folders = folders.map(|entry| entry.map(DirEntry::into_path)).collect::<Result<Vec<_>, _>>()?;
    folders.sort();
    Ok(folders)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn walk(folder: &Path, depth: usize) -> impl Iterator<Item = Result<DirEntry, DiskError>> {
        WalkDir::new(folder).max_depth(depth).into_iter().filter_map(listed)
    }

    #[test]
    fn a_folder_that_is_not_there_holds_nothing_and_a_file_as_a_folder_is_listed_alone() {
        let dir = tempfile::tempdir().unwrap();
        let names = |folder: &Path, depth| {
            let entries = walk(folder, depth).map(|entry| entry.unwrap().file_name().to_str().unwrap().to_owned());
            entries.collect::<Vec<_>>()
        };
        assert!(names(&dir.path().join("none"), 9).is_empty());
        std::fs::create_dir_all(dir.path().join("a/b")).unwrap();
        std::fs::write(dir.path().join("a/b/c"), b"").unwrap();
        assert_eq!(names(&dir.path().join("a"), 1), ["a", "b"]);
        assert_eq!(names(&dir.path().join("a/b/c"), 9), ["c"]);
    }

    #[test]
    fn what_cannot_be_listed_is_an_error() {
        // A name that is too long for the system.
        let failed = walk(Path::new(&"x".repeat(300)), 9).next().unwrap();
        assert!(matches!(failed, Err(DiskError::Io { doing: "list", .. })));
    }
}

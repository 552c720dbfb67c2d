//! What is damaged is never overwritten: it is put aside under a name that says so, for people to look at.

#![expect(clippy::disallowed_methods, reason = "this is the room that the lint points everybody else to")]

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::{DiskError, create_dir};

/// Renames a file or folder to `<name>.broken-<n>` beside it, with the first free `n`; returns the new path.
///
/// # Errors
/// [`DiskError::Io`].
pub fn set_aside(path: &Path) -> Result<PathBuf, DiskError> {
    let numbered = |n: u32| {
        let mut name = path.file_name().map_or_else(OsString::new, OsString::from);
        name.push(format!(".broken-{n}"));
        path.with_file_name(name)
    };
    let mut n = 1;
    while numbered(n).exists() {
        n += 1;
    }
    let to = numbered(n);
    fs::rename(path, &to).map_err(DiskError::io("put aside", path))?;
    Ok(to)
}

/// Copies the files directly in `from` whose names `wanted` accepts into the folder `to`.
///
/// # Errors
/// [`DiskError::Io`].
pub fn copy_files(from: &Path, to: &Path, wanted: impl Fn(&str) -> bool) -> Result<(), DiskError> {
    create_dir(to)?;
    for entry in fs::read_dir(from).map_err(DiskError::io("list", from))? {
        let entry = entry.map_err(DiskError::io("list", from))?;
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        if is_file && wanted(&entry.file_name().to_string_lossy()) {
            fs::copy(entry.path(), to.join(entry.file_name())).map_err(DiskError::io("copy", &entry.path()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_broken_thing_keeps_its_own_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("registry");
        for n in 1..=2 {
            fs::create_dir(&path).unwrap();
            assert_eq!(set_aside(&path).unwrap(), dir.path().join(format!("registry.broken-{n}")));
        }
        assert!(!path.exists());
    }

    #[test]
    fn copies_the_wanted_files_alone() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        fs::create_dir_all(from.join("folder")).unwrap();
        fs::write(from.join("db"), b"1").unwrap();
        fs::write(from.join("snap.1"), b"2").unwrap();
        copy_files(&from, &to, |name| !name.starts_with("snap.")).unwrap();
        let names: Vec<_> = fs::read_dir(&to).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["db"]);
    }
}

//! What is damaged is never overwritten: it is renamed, so that people can look at it.

#![expect(clippy::disallowed_methods, reason = "this is the room that the lint points everybody else to")]

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::DiskError;

/// Renames a file or folder to `<name>.broken-<n>` beside it, with the first free `n`; returns the new path.
///
/// # Errors
/// [`DiskError::Io`].
pub fn rename_broken(path: &Path) -> Result<PathBuf, DiskError> {
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
    fs::rename(path, &to).map_err(DiskError::io("rename", path))?;
    Ok(to)
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
            assert_eq!(rename_broken(&path).unwrap(), dir.path().join(format!("registry.broken-{n}")));
        }
        assert!(!path.exists());
    }
}

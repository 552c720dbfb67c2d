//! Files that only grow: one record a line, on the disk before the call returns.

#![expect(clippy::disallowed_methods, reason = "this is the room that the lint points everybody else to")]

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::{DiskError, create_dir};

/// An open file that only grows.
#[derive(Debug)]
pub struct Appender {
    file: File,
    path: PathBuf,
}

impl Appender {
    /// Opens `path` for appending, and makes it and its folder where they are not there.
    /// A last line without its line end (torn by a power cut) is cut off.
    ///
    /// # Errors
    /// [`DiskError::Io`].
    pub fn open(path: &Path) -> Result<Self, DiskError> {
        if let Some(folder) = path.parent() {
            create_dir(folder)?;
        }
        let old = std::fs::read(path).unwrap_or_default();
        let file = OpenOptions::new().create(true).append(true).open(path).map_err(DiskError::io("open", path))?;
        let whole = old.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        if whole < old.len() {
            file.set_len(whole as u64).map_err(DiskError::io("mend", path))?;
        }
        Ok(Self { file, path: path.to_owned() })
    }

    /// Appends `lines` (each ended by a line feed) in one write, and syncs.
    ///
    /// # Errors
    /// [`DiskError::Io`]; treat it as fatal, a later sync may lie about what this one lost.
    pub fn append(&mut self, lines: &str) -> Result<(), DiskError> {
        self.file.write_all(lines.as_bytes()).map_err(DiskError::io("append to", &self.path))?;
        self.file.sync_data().map_err(DiskError::io("sync", &self.path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_and_cuts_a_torn_tail() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sub/journal");
        Appender::open(&path).unwrap().append("one\ntwo\n").unwrap();
        std::fs::write(&path, "one\ntwo\nthr").unwrap();
        Appender::open(&path).unwrap().append("three\n").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one\ntwo\nthree\n");
    }
}

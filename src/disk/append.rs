//! Files that only grow: one record a line, on the disk before the call returns.

#![expect(clippy::disallowed_methods, reason = "this is the room that the lint points everybody else to")]

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{DiskError, create_dir};

/// An open file that only grows.
#[derive(Debug)]
pub struct Appender {
    file: File,
    path: PathBuf,
    /// Bytes that are on the disk for certain.
    len: u64,
    /// After a failed sync nobody knows what the disk holds, and a later sync may say all is well: no more is written.
    lost: bool,
}

impl Appender {
    /// Opens `path` for appending, and makes it and its folder where they are not there.
    /// A last line without its line end (torn by a power cut) is cut off.
    ///
    /// # Errors
    /// [`DiskError::Io`].
    pub fn open(path: &Path) -> Result<Self, DiskError> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        create_dir(folder)?;
        let old = match std::fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            read => read.map_err(DiskError::io("read", path))?,
        };
        let file = OpenOptions::new().create(true).append(true).open(path).map_err(DiskError::io("open", path))?;
        let whole = old.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        if whole < old.len() {
            file.set_len(whole as u64).map_err(DiskError::io("mend", path))?;
        }
        File::open(folder).and_then(|dir| dir.sync_all()).map_err(DiskError::io("sync", folder))?;
        Ok(Self { file, path: path.to_owned(), len: whole as u64, lost: false })
    }

    /// Appends `lines` (each ended by a line feed) in one write, and syncs. A write that fails (disk full) leaves nothing
    /// behind and may be tried again.
    ///
    /// # Errors
    /// [`DiskError::Io`]. After a failed sync every later call fails too: open the file again, in a new process.
    pub fn append(&mut self, lines: &str) -> Result<(), DiskError> {
        if self.lost {
            return Err(DiskError::io("append to", &self.path)(io::Error::other(
                "an earlier write was lost; start again",
            )));
        }
        let written = self.file.write_all(lines.as_bytes());
        if written.is_err() {
            self.lost = self.file.set_len(self.len).is_err();
        }
        written.map_err(DiskError::io("append to", &self.path))?;
        let synced = self.file.sync_data();
        self.lost = synced.is_err();
        self.len += lines.len() as u64;
        synced.map_err(DiskError::io("sync", &self.path))
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

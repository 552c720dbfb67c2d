//! Files that only grow: one record a line, on the disk before the call returns.

#![expect(clippy::disallowed_methods, reason = "this is the room that the lint points everybody else to")]

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::atomic::sync_folder;
use super::{DiskError, create_dir};

/// Bytes read at a time where the end of the last whole line is looked for.
const BLOCK: u64 = 1 << 16;

/// What is appended names files, and those may be called after patients.
const PRIVATE: u32 = 0o600;

/// An open file that only grows, and that its user alone may read.
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
        let opened = OpenOptions::new().create(true).read(true).append(true).mode(PRIVATE).open(path);
        let mut file = opened.map_err(DiskError::io("open", path))?;
        // Also a file that an older version made, or that was written anew.
        file.set_permissions(Permissions::from_mode(PRIVATE)).map_err(DiskError::io("set the permissions of", path))?;
        let len = file.seek(SeekFrom::End(0)).map_err(DiskError::io("read", path))?;
        let whole = whole_lines(&mut file, len).map_err(DiskError::io("read", path))?;
        if whole < len {
            file.set_len(whole).map_err(DiskError::io("repair", path))?;
        }
        sync_folder(folder)?;
        Ok(Self { file, path: path.to_owned(), len: whole, lost: false })
    }

    /// Appends `lines` (each ended by a line feed) in one write, and syncs. A write that fails leaves nothing behind and may
    /// be tried again, unless [`Self::is_lost`].
    ///
    /// # Errors
    /// [`DiskError::Io`].
    pub fn append(&mut self, lines: &str) -> Result<(), DiskError> {
        if self.lost {
            return Err(DiskError::io("append to", &self.path)(io::Error::other("an earlier write was lost")));
        }
        let written = self.file.write_all(lines.as_bytes());
        if written.is_err() {
            self.lost = self.file.set_len(self.len).is_err();
        }
        written.map_err(DiskError::io("append to", &self.path))?;
        if let Err(source) = self.file.sync_data() {
            self.lost = true;
            // So that a reader does not take for kept what the disk refused. If this fails too, the reader finds the lines whole.
            let _ = self.file.set_len(self.len);
            return Err(DiskError::io("sync", &self.path)(source));
        }
        self.len += lines.len() as u64;
        Ok(())
    }

    /// Whether nobody knows what the disk holds at the file's end: a sync failed, or a half-written line could not be cut off.
    /// Every later call fails; what the file is to hold must be written into a new one.
    pub fn is_lost(&self) -> bool {
        self.lost
    }
}

/// The bytes up to and with the last line end, looked for from the end of `file`, which is `len` bytes long.
fn whole_lines(file: &mut File, len: u64) -> io::Result<u64> {
    let mut block = Vec::new();
    let mut end = len;
    while end > 0 {
        let start = end.saturating_sub(BLOCK);
        file.seek(SeekFrom::Start(start))?;
        block.clear();
        file.take(end - start).read_to_end(&mut block)?;
        if let Some(place) = block.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + place as u64 + 1);
        }
        end = start;
    }
    Ok(0)
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

    #[test]
    fn a_sync_that_fails_leaves_nothing_to_read_and_takes_no_more() {
        // The system takes what is written here, and refuses to sync it.
        let file = OpenOptions::new().write(true).open("/dev/null").unwrap();
        let mut appender = Appender { file, path: "/dev/null".into(), len: 0, lost: false };
        assert!(appender.append("one\n").unwrap_err().to_string().starts_with("cannot sync"));
        assert!(appender.is_lost());
        assert!(appender.append("two\n").unwrap_err().to_string().contains("an earlier write was lost"));
    }

    #[test]
    fn a_write_that_fails_may_be_tried_again() {
        let file = OpenOptions::new().read(true).open("/dev/null").unwrap();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal");
        let mut appender = Appender::open(&path).unwrap();
        let good = std::mem::replace(&mut appender.file, file);
        assert!(appender.append("one\n").unwrap_err().to_string().starts_with("cannot append to"));
        // What cannot be cut off either leaves the end in doubt.
        assert!(appender.is_lost());
        (appender.file, appender.lost) = (good, false);
        appender.append("one\n").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one\n");
    }

    #[test]
    fn a_torn_tail_of_any_length_is_cut() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal");
        let block = usize::try_from(BLOCK).unwrap();
        for torn in [0, 1, block - 1, block, block + 1, 3 * block] {
            for whole in ["", "\n", "one\n"] {
                std::fs::write(&path, whole.to_owned() + &"x".repeat(torn)).unwrap();
                Appender::open(&path).unwrap().append("end\n").unwrap();
                assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{whole}end\n"), "{torn} bytes");
            }
        }
    }
}

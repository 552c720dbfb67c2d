//! The attempt log on the disk: what is begun is written down, and synced, before it begins.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::disk::{self, Appender, DiskError, Workspace};

use super::attempts::{AttemptLine, AttemptSlot, Attempted, Attempts};

/// A longer log is written anew.
const COMPACTED_FROM_BYTES: usize = 1 << 20;

/// What is known of attempts, and the file that keeps it.
#[derive(Debug)]
pub(super) struct AttemptLog {
    path: PathBuf,
    attempts: Attempts,
    /// `None` until something is written, and after a write failed: a line that was lost is one crash less to count.
    appender: Option<Appender>,
    n_bytes: usize,
    /// Workers whose job ended, which is written with the next line.
    ended: Vec<AttemptSlot>,
}

impl AttemptLog {
    /// Reads what earlier programs left; `is_needed` says what of it is not done. A line that cannot be read is left out.
    ///
    /// # Errors
    /// [`DiskError`] when the file cannot be read or written.
    pub(super) fn open(workspace: &Workspace, is_needed: impl Fn(&Attempted) -> bool) -> Result<Self, DiskError> {
        let path = workspace.attempts();
        let mut attempts = read(&path)?;
        let was_there = !attempts.is_empty();
        attempts.apply(started());
        attempts.retain(is_needed);
        let mut log = Self { path, attempts, appender: None, n_bytes: 0, ended: Vec::new() };
        if was_there {
            log.rewrite()?;
        }
        Ok(log)
    }

    /// What is known.
    pub(super) fn attempts(&self) -> &Attempts {
        &self.attempts
    }

    /// A worker is about to begin a job: on the disk when this returns.
    ///
    /// # Errors
    /// [`DiskError`]; the job must not begin.
    pub(super) fn begin(&mut self, slot: AttemptSlot, of: Vec<Attempted>) -> Result<(), DiskError> {
        if self.n_bytes > COMPACTED_FROM_BYTES {
            self.rewrite()?;
        }
        let line = AttemptLine::Begun { slot, of };
        self.append(&line)?;
        self.ended.retain(|ended| *ended != slot);
        self.attempts.apply(line);
        Ok(())
    }

    /// Its job ended. That is written when the next one begins, or with [`Self::settle`].
    pub(super) fn end(&mut self, slot: AttemptSlot) {
        self.attempts.apply(AttemptLine::Ended { slot });
        self.ended.push(slot);
    }

    /// Its job panicked.
    ///
    /// # Errors
    /// [`DiskError`]; it is known all the same.
    pub(super) fn panicked(&mut self, slot: AttemptSlot) -> Result<(), DiskError> {
        let line = AttemptLine::Panicked { slot };
        let written = self.append(&line);
        self.attempts.apply(line);
        written
    }

    /// Whether something has ended that is not written down.
    pub(super) fn has_ended(&self) -> bool {
        !self.ended.is_empty()
    }

    /// Writes down what has ended. A log that says nothing is removed: it names files.
    ///
    /// # Errors
    /// [`DiskError`]; it is known all the same, and written the next time.
    pub(super) fn settle(&mut self) -> Result<(), DiskError> {
        if self.has_ended() && self.attempts.is_empty() {
            return self.remove();
        }
        while let Some(slot) = self.ended.first().copied() {
            self.append(&AttemptLine::Ended { slot })?;
            self.ended.remove(0);
        }
        Ok(())
    }

    /// An orderly end: nothing that is under way now ends the program. A log that says nothing is removed.
    ///
    /// # Errors
    /// [`DiskError`].
    pub(super) fn close(&mut self) -> Result<(), DiskError> {
        self.attempts.busy().into_iter().for_each(|slot| self.end(slot));
        if self.attempts.is_empty() { self.remove() } else { self.settle() }
    }

    fn remove(&mut self) -> Result<(), DiskError> {
        disk::remove_file(&self.path)?;
        self.appender = None;
        self.ended.clear();
        self.n_bytes = 0;
        Ok(())
    }

    /// Forgets all of it, because it names files: what ended the program before is counted anew.
    ///
    /// # Errors
    /// [`DiskError`]; nothing is forgotten then.
    pub(super) fn discard(&mut self) -> Result<(), DiskError> {
        self.remove()?;
        self.attempts = Attempts::default();
        self.attempts.apply(started());
        Ok(())
    }

    fn append(&mut self, line: &AttemptLine) -> Result<(), DiskError> {
        let text = self.text(line)?;
        let mut appender = match self.appender.take() {
            Some(appender) => appender,
            None => Appender::open(&self.path)?,
        };
        appender.append(&text)?;
        self.n_bytes += text.len();
        self.appender = Some(appender);
        Ok(())
    }

    fn rewrite(&mut self) -> Result<(), DiskError> {
        self.appender = None;
        let texts: Vec<String> = self.attempts.lines().iter().map(|line| self.text(line)).collect::<Result<_, _>>()?;
        let texts = texts.concat();
        disk::write_atomic(&self.path, texts.as_bytes())?;
        self.n_bytes = texts.len();
        Ok(())
    }

    fn text(&self, line: &AttemptLine) -> Result<String, DiskError> {
        let text = serde_json::to_string(line).map_err(io::Error::from);
        Ok(text.map_err(|source| DiskError::Io { doing: "write", path: self.path.clone(), source })? + "\n")
    }
}

fn started() -> AttemptLine {
    AttemptLine::Started { version: env!("CARGO_PKG_VERSION").to_owned() }
}

fn read(path: &Path) -> Result<Attempts, DiskError> {
    let bytes = match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Attempts::default()),
        Err(source) => return Err(DiskError::Io { doing: "read", path: path.to_owned(), source }),
        Ok(bytes) => bytes,
    };
    let mut attempts = Attempts::default();
    for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        match serde_json::from_slice(line) {
            Ok(line) => attempts.apply(line),
            // A line is torn by a power cut. What it named counts one crash less.
            Err(error) => tracing::debug!(file = %path.display(), %error, "Line of the attempt log left out"),
        }
    }
    Ok(attempts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::FileStamp;

    fn file() -> Attempted {
        Attempted::File { path: "a".to_owned(), stamp: FileStamp::NONE }
    }

    fn open(workspace: &Workspace) -> AttemptLog {
        AttemptLog::open(workspace, |_| true).unwrap()
    }

    #[test]
    fn what_is_begun_is_known_to_the_next_program_and_an_orderly_end_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let workspace = Workspace::new(dir.path());
        open(&workspace).begin(AttemptSlot::Intake, vec![file()]).unwrap();
        let mut second = open(&workspace);
        assert!(second.attempts().is_suspect(&file()));
        assert!(AttemptLog::open(&workspace, |_| false).unwrap().attempts().is_empty(), "it was done all the same");
        second = open(&workspace);
        second.begin(AttemptSlot::Intake, vec![file()]).unwrap();
        second.close().unwrap();
        assert!(!workspace.attempts().exists());
    }

    #[test]
    fn a_crash_is_counted_once_however_often_the_log_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let workspace = Workspace::new(dir.path());
        open(&workspace).begin(AttemptSlot::Scans, vec![file()]).unwrap();
        for _ in 0..5 {
            assert!(open(&workspace).attempts().set_aside().next().is_none());
        }
    }

    #[test]
    fn a_damaged_line_hides_no_other_and_no_start_fails_by_it() {
        let dir = tempfile::tempdir().unwrap();
        let workspace = Workspace::new(dir.path());
        open(&workspace).begin(AttemptSlot::Intake, vec![file()]).unwrap();
        let mut bytes = b"\xff\xfe{\n".to_vec();
        bytes.extend(fs::read(workspace.attempts()).unwrap());
        fs::write(workspace.attempts(), bytes).unwrap();
        assert!(open(&workspace).attempts().is_suspect(&file()));
    }

    #[test]
    fn a_long_log_is_written_anew() {
        let dir = tempfile::tempdir().unwrap();
        let workspace = Workspace::new(dir.path());
        let mut log = open(&workspace);
        let many: Vec<_> =
            (0..2_000).map(|n| Attempted::File { path: n.to_string().repeat(100), stamp: FileStamp::NONE }).collect();
        for _ in 0..9 {
            log.begin(AttemptSlot::Intake, many.clone()).unwrap();
            log.end(AttemptSlot::Intake);
        }
        assert!(fs::metadata(workspace.attempts()).unwrap().len() < 4 * COMPACTED_FROM_BYTES as u64);
        assert!(open(&workspace).attempts().is_suspect(&many[0]), "no end was written");
    }
}

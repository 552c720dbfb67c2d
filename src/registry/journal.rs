//! `journal.ndjson`: one line a commit, in order, checksummed, on the disk before anything else is touched.
//!
//! A line is whole or it is nothing, so that a commit of several events stays one.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use crate::disk::{self, Appender, DiskError};
use crate::domain::{ContentHash, Ledger, LedgerEvent};

use super::records::{self, SCHEMA};
use super::repairs::Repairs;
use super::{RegistryError, Repair};

/// One line.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    /// Version of this format and of the events.
    schema: u16,
    /// Counted from 1; a snapshot has the number of the last commit in it.
    seq: u64,
    /// The events state everything from the beginning: whatever stood before is gone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    snapshot: bool,
    /// The first 16 hexadecimal digits of the SHA-256 over the other fields.
    check: String,
    /// As written; read only when they are needed.
    events: Box<RawValue>,
}

impl Line {
    fn new(seq: u64, snapshot: bool, events: &[LedgerEvent]) -> Result<Self, serde_json::Error> {
        let mut line = Self { schema: SCHEMA, seq, snapshot, check: String::new(), events: to_raw_value(events)? };
        line.check = line.checksum();
        Ok(line)
    }

    fn checksum(&self) -> String {
        let (schema, seq) = (self.schema.to_be_bytes(), self.seq.to_be_bytes());
        let hash =
            ContentHash::of_parts([schema.as_slice(), &seq, &[u8::from(self.snapshot)], self.events.get().as_bytes()]);
        hash.to_string()[..16].to_owned()
    }

    fn text(&self) -> Result<String, serde_json::Error> {
        Ok(serde_json::to_string(self)? + "\n")
    }
}

/// A journal as it was found.
#[derive(Debug)]
pub(super) struct JournalContents {
    path: PathBuf,
    lines: Vec<Line>,
    n_damaged: u64,
    n_bytes: u64,
}

/// A shorter journal is not written anew, however much of it is out of date.
const COMPACTED_FROM_BYTES: u64 = 1 << 20;
/// A journal of more than so many times the events that are needed is written anew.
const COMPACTED_FROM_RATIO: usize = 4;

/// Reads `path`; a journal that is not there is empty. A torn last line was never committed and is left out;
/// damaged lines are left out with one warning.
///
/// # Errors
/// [`RegistryError::Disk`] when the file cannot be read; [`RegistryError::NewerSchema`].
pub(super) fn read(path: &Path, repairs: &mut Repairs) -> Result<JournalContents, RegistryError> {
    let mut contents = JournalContents { path: path.to_owned(), lines: Vec::new(), n_damaged: 0, n_bytes: 0 };
    let failed = |source| DiskError::Io { doing: "read", path: path.to_owned(), source };
    let mut file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(contents),
        opened => BufReader::new(opened.map_err(failed)?),
    };
    let mut text = Vec::new();
    while file.read_until(b'\n', &mut text).map_err(failed)? > 0 {
        let text = std::mem::take(&mut text);
        contents.n_bytes += text.len() as u64;
        let Some(text) = text.strip_suffix(b"\n") else {
            repairs.step(Repair::TornTail { bytes: text.len() as u64 });
            continue;
        };
        match serde_json::from_slice::<Line>(text) {
            Ok(line) if line.check != line.checksum() => contents.n_damaged += 1,
            Ok(line) if line.schema > SCHEMA => {
                return Err(RegistryError::NewerSchema { path: path.to_owned(), found: line.schema, known: SCHEMA });
            }
            Ok(line) => contents.lines.push(line),
            Err(_) => contents.n_damaged += 1,
        }
    }
    if contents.n_damaged > 0 {
        repairs.step(Repair::DamagedLines { n: contents.n_damaged });
    }
    Ok(contents)
}

impl JournalContents {
    /// Whether no line is there.
    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The last commit; 0 when there is none.
    pub(super) fn last_seq(&self) -> u64 {
        self.lines.last().map_or(0, |line| line.seq)
    }

    /// Whether it has everything from the beginning to its last line.
    pub(super) fn is_complete(&self) -> bool {
        let begins = self.lines.first().is_none_or(|line| line.snapshot || line.seq == 1);
        self.n_damaged == 0 && begins && self.lines.windows(2).all(|pair| pair[1].seq == pair[0].seq + 1)
    }

    /// Whether what comes after commit `seq` can be added to it.
    pub(super) fn continues(&self, seq: u64) -> bool {
        !self.lines.iter().any(|line| line.snapshot && line.seq > seq)
    }

    /// Whether it is long, and most of it has changed since: `ledger` can be stated in far fewer events.
    pub(super) fn is_outgrown(&self, ledger: &Ledger) -> bool {
        let n_events =
            |line: &Line| serde_json::from_str::<Vec<IgnoredAny>>(line.events.get()).map_or(0, |all| all.len());
        self.n_bytes > COMPACTED_FROM_BYTES
            && self.lines.iter().map(n_events).sum::<usize>() > COMPACTED_FROM_RATIO * records::n_restated(ledger)
    }

    /// The events of the commits after `seq`, in order.
    ///
    /// # Errors
    /// [`RegistryError::Unknown`] when a line verifies but has events that this program does not know.
    pub(super) fn events_after(&self, seq: u64) -> Result<Vec<LedgerEvent>, RegistryError> {
        let mut events = Vec::new();
        for line in self.lines.iter().filter(|line| line.seq > seq) {
            let unknown = |source| RegistryError::Unknown { path: self.path.clone(), seq: line.seq, source };
            events.extend(serde_json::from_str::<Vec<LedgerEvent>>(line.events.get()).map_err(unknown)?);
        }
        Ok(events)
    }
}

/// Writes the journal anew as one snapshot of `ledger` as of commit `seq`; what stood there is renamed.
///
/// # Errors
/// [`RegistryError::Disk`].
pub(super) fn rewrite(path: &Path, ledger: &Ledger, seq: u64, repairs: &mut Repairs) -> Result<(), RegistryError> {
    if path.exists() {
        let to = disk::rename_broken(path)?;
        repairs.step(Repair::Renamed { to, why: "it does not have everything that happened".to_owned() });
    }
    write_snapshot(path, ledger, seq)?;
    repairs.step(Repair::JournalRewritten);
    Ok(())
}

/// Writes the journal anew as one snapshot of `ledger` as of commit `seq`, which must be all that it has: a kill at any
/// moment leaves the old journal or the new one. The registry behind it must hold commit `seq` already.
///
/// # Errors
/// [`RegistryError::Disk`]; the old journal is then whole.
pub(super) fn compact(path: &Path, ledger: &Ledger, seq: u64) -> Result<(), RegistryError> {
    // A compaction that was killed left its file, and is tried again here.
    disk::sweep_temporaries(path.parent().unwrap_or(Path::new(".")))?;
    write_snapshot(path, ledger, seq)
}

fn write_snapshot(path: &Path, ledger: &Ledger, seq: u64) -> Result<(), RegistryError> {
    let text = Line::new(seq, true, &records::restate(ledger))?.text()?;
    Ok(disk::write_atomic(path, text.as_bytes())?)
}

/// The journal, open for commits.
#[derive(Debug)]
pub(super) struct Journal {
    appender: Appender,
    seq: u64,
}

impl Journal {
    /// Opens `path`, whose last commit is `seq`.
    ///
    /// # Errors
    /// [`RegistryError::Disk`].
    pub(super) fn open(path: &Path, seq: u64) -> Result<Self, RegistryError> {
        Ok(Self { appender: Appender::open(path)?, seq })
    }

    /// The last commit.
    pub(super) fn seq(&self) -> u64 {
        self.seq
    }

    /// Commits `events`; returns the commit's number.
    ///
    /// # Errors
    /// [`RegistryError::Disk`]: nothing is committed. [`RegistryError::Unsynced`]: nobody knows; nothing more is taken.
    pub(super) fn append(&mut self, events: &[LedgerEvent]) -> Result<u64, RegistryError> {
        let seq = self.seq + 1;
        if let Err(error) = self.appender.append(&Line::new(seq, false, events)?.text()?) {
            let is_lost = self.appender.is_lost();
            return Err(if is_lost { RegistryError::Unsynced(error) } else { error.into() });
        }
        self.seq = seq;
        Ok(seq)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A line that verifies, of another version.
    pub(in crate::registry) fn line_of_schema(schema: u16) -> String {
        let mut line = Line::new(1, false, &[]).unwrap();
        line.schema = schema;
        line.check = line.checksum();
        line.text().unwrap()
    }

    #[test]
    fn a_line_reads_back_and_shows_any_change() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.ndjson");
        Journal::open(&path, 0).unwrap().append(&[LedgerEvent::FileGone { path: "a".to_owned() }]).unwrap();
        let good = std::fs::read(&path).unwrap();
        let contents = read(&path, &mut Repairs::default()).unwrap();
        assert!(contents.is_complete() && contents.last_seq() == 1);
        assert_eq!(contents.events_after(0).unwrap(), [LedgerEvent::FileGone { path: "a".to_owned() }]);
        for place in 0..good.len() - 1 {
            let mut bad = good.clone();
            bad[place] ^= 2;
            std::fs::write(&path, bad).unwrap();
            let contents = read(&path, &mut Repairs::default()).unwrap();
            assert!(!contents.is_complete() && contents.is_empty(), "byte {place}");
        }
    }
}

//! The known ways in which sled 0.34.7 breaks, each with its cure, told once.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::disk;

use super::RegistryError;
use super::store::{Fault, Found, Store};

/// One step of healing at opening.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repair {
    /// sled was killed while it wrote a snapshot; the half-written ones are gone.
    LeftoverSnapshots {
        /// How many.
        n: u64,
    },
    /// A damaged file or folder was renamed, to be looked at.
    SetAside {
        /// What it is called now.
        to: PathBuf,
        /// What was wrong.
        why: String,
    },
    /// sled opened once these files of it were left out.
    OpenedWithout {
        /// Which.
        files: &'static str,
    },
    /// sled opened, but it does not hold what was committed.
    StoreDamaged {
        /// In which way.
        what: String,
    },
    /// The journal was ahead of sled, as after a kill between the two.
    Replayed {
        /// Events.
        n: u64,
    },
    /// The journal's last line was cut off; it was never committed.
    TornTail {
        /// Its length.
        bytes: u64,
    },
    /// Lines of the journal that do not verify were left out.
    DamagedLines {
        /// How many.
        n: u64,
    },
    /// The journal was written anew.
    JournalRewritten,
    /// sled was made again from the journal.
    FromJournal {
        /// Events.
        n: u64,
    },
    /// There was nothing better than the records of a damaged sled that still verify.
    Salvaged,
    /// Models were found again by their files.
    FromFiles {
        /// How many.
        runs: u64,
    },
}

impl fmt::Display for Repair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LeftoverSnapshots { n } => {
                write!(f, "removed {n} half-written snapshot(s) that sled was killed over")
            }
            Self::SetAside { to, why } => write!(f, "put aside as `{}`: {why}", to.display()),
            Self::OpenedWithout { files } => write!(f, "sled opened without its {files}"),
            Self::StoreDamaged { what } => write!(f, "sled does not hold what was committed: {what}"),
            Self::Replayed { n } => write!(f, "brought sled up by {n} event(s) that only the journal had"),
            Self::TornTail { bytes } => write!(f, "left out {bytes} byte(s) of a journal line that was never finished"),
            Self::DamagedLines { n } => write!(f, "left out {n} damaged line(s) of the journal"),
            Self::JournalRewritten => f.write_str("wrote the journal anew"),
            Self::FromJournal { n } => write!(f, "made the registry again from {n} event(s) of the journal"),
            Self::Salvaged => f.write_str("kept the records that still verify; the journal has nothing better"),
            Self::FromFiles { runs } => write!(f, "found {runs} model(s) again by their files"),
        }
    }
}

/// The steps taken.
#[derive(Debug, Default)]
pub(super) struct Repairs(Vec<Repair>);

impl Repairs {
    /// Logs a step, once, and keeps it.
    pub(super) fn step(&mut self, step: Repair) {
        tracing::warn!("registry: {step}");
        self.0.push(step);
    }

    /// All steps, in order.
    pub(super) fn steps(&self) -> &[Repair] {
        &self.0
    }
}

/// Opens sled in `folder`. Where it refuses, it is put aside, and copies of it are tried with less and less of what sled can
/// make again by itself; where none opens, a new one is made.
///
/// # Errors
/// [`RegistryError::Store`] and [`RegistryError::Disk`] when the system refuses, [`RegistryError::NewerSchema`].
pub(super) fn open_store(folder: &Path, repairs: &mut Repairs) -> Result<(Store, Found), RegistryError> {
    remove_leftovers(folder, repairs)?;
    let why = match Store::open(folder) {
        Ok(opened) => return Ok(opened),
        Err(Fault::Refused(error)) => return Err(error),
        Err(Fault::Damaged(why)) => why,
    };
    let aside = disk::set_aside(folder)?;
    repairs.step(Repair::SetAside { to: aside.clone(), why });
    for (files, left_out) in [("snapshots", &["snap."][..]), ("snapshots and its conf", &["snap.", "conf"])] {
        copy_without(&aside, folder, left_out)?;
        if let Ok(opened) = Store::open(folder) {
            repairs.step(Repair::OpenedWithout { files });
            return Ok(opened);
        }
        disk::remove_dir(folder)?;
    }
    Store::open(folder).map_err(|fault| fault.into_error(folder))
}

/// A half-written snapshot is chosen as the newest one by sled's reader, and then nothing opens any more.
fn remove_leftovers(folder: &Path, repairs: &mut Repairs) -> Result<(), RegistryError> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(()) };
    let mut n = 0;
    for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            disk::remove_file(&path)?;
            n += 1;
        }
    }
    if n > 0 {
        repairs.step(Repair::LeftoverSnapshots { n });
    }
    Ok(())
}

fn copy_without(from: &Path, to: &Path, left_out: &[&str]) -> Result<(), RegistryError> {
    disk::copy_files(from, to, |name| !left_out.iter().any(|prefix| name.starts_with(prefix)))?;
    let blobs = from.join("blobs");
    if blobs.is_dir() {
        disk::copy_files(&blobs, &to.join("blobs"), |_| true)?;
    }
    Ok(())
}

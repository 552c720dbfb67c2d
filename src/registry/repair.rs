//! A sled that does not open: what is known to be half-written is removed; else it is renamed, and a new one takes its place.

use std::fs::File;
use std::io;
use std::path::Path;

use walkdir::WalkDir;

use crate::disk::{self, DiskError};

use super::repairs::Repairs;
use super::store::{Found, Store, StoreFault};
use super::{RegistryError, Repair};

/// Written and removed, to see whether the disk takes it.
const TRIAL: &str = "registry.trial";
/// As much as a file system gives out at once, so that a full one shows.
const TRIAL_BYTES: usize = 1 << 16;

/// Opens sled in `folder`. Where it is damaged, it is renamed and a new one is made, which the journal will fill.
///
/// # Errors
/// [`RegistryError::Store`] and [`RegistryError::Disk`] when the system refuses, [`RegistryError::NewerSchema`].
pub(super) fn open_store(folder: &Path, repairs: &mut Repairs) -> Result<(Store, Found), RegistryError> {
    remove_leftovers(folder, repairs)?;
    match Store::open(folder) {
        Ok(opened) => Ok(opened),
        Err(StoreFault::Refused(error)) => Err(error),
        Err(StoreFault::Damaged(why)) => {
            try_disk(folder)?;
            let to = disk::rename_broken(folder)?;
            repairs.step(Repair::Renamed { to, why });
            Store::open(folder).map_err(|fault| fault.into_error(folder))
        }
    }
}

/// On a disk that fails, sled takes for damage what is none. So the disk is asked first: all of sled must be readable, and a
/// file beside it writable.
fn try_disk(folder: &Path) -> Result<(), RegistryError> {
    for entry in WalkDir::new(folder) {
        let entry =
            entry.map_err(|error| DiskError::Io { doing: "list", path: folder.to_owned(), source: error.into() })?;
        if entry.file_type().is_file() {
            let failed = |source| DiskError::Io { doing: "read", path: entry.path().to_owned(), source };
            File::open(entry.path()).and_then(|mut file| io::copy(&mut file, &mut io::sink())).map_err(failed)?;
        }
    }
    let trial = folder.with_file_name(TRIAL);
    disk::write_atomic(&trial, &vec![0; TRIAL_BYTES])?;
    Ok(disk::remove_file(&trial)?)
}

/// sled takes a half-written snapshot for the newest one, and then nothing opens any more; a kill at the wrong moment is enough.
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

//! A sled that does not open: what is known to be half-written is removed; else it is renamed, and a new one takes its place.

use std::path::Path;

use crate::disk;

use super::repairs::Repairs;
use super::store::{Found, Store, StoreFault};
use super::{RegistryError, Repair};

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
            let to = disk::rename_broken(folder)?;
            repairs.step(Repair::Renamed { to, why });
            Store::open(folder).map_err(|fault| fault.into_error(folder))
        }
    }
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

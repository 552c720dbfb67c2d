//! One file of a zip archive: TorchScript's and Keras' formats are both such archives.

use std::fmt::Display;
use std::fs::File;
use std::io::Read;

use zip::ZipArchive;

use super::error::ReadFault;

/// A whole VGG16 has 0.55 GB.
const MAX_BYTES: u64 = 2 << 30;

/// The whole entry called `name`.
pub(super) fn entry(archive: &mut ZipArchive<File>, name: &str) -> Result<Vec<u8>, ReadFault> {
    let damaged = |cause: &dyn Display| ReadFault::Damaged(format!("its entry `{name}` is unreadable: {cause}"));
    let entry = archive.by_name(name).map_err(|error| damaged(&error))?;
    let mut bytes = Vec::new();
    entry.take(MAX_BYTES).read_to_end(&mut bytes).map_err(|error| damaged(&error))?;
    Ok(bytes)
}

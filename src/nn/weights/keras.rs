//! `.keras`: a zip archive with Keras 3's weights file and its description of the layers.

use std::fs::File;
use std::io::Read;

use zip::ZipArchive;

use super::contents::{Contents, Fault};
use super::hdf5;

const WEIGHTS: &str = "model.weights.h5";
const GRAPH: &str = "config.json";
/// A whole VGG16 has 0.55 GB.
const MAX_BYTES: u64 = 2 << 30;

/// Whether the archive is one of these.
pub(super) fn is_keras(archive: &ZipArchive<File>) -> bool {
    archive.index_for_name(WEIGHTS).is_some()
}

pub(super) fn open(archive: &mut ZipArchive<File>) -> Result<Contents, Fault> {
    let graph =
        String::from_utf8(entry(archive, GRAPH)?).map_err(|_| Fault::Damaged(format!("its {GRAPH} is no text")))?;
    let mut contents = hdf5::from_bytes(entry(archive, WEIGHTS)?)?;
    contents.graph = Some(graph);
    Ok(contents)
}

/// One file of an archive, whole.
pub(super) fn entry(archive: &mut ZipArchive<File>, name: &str) -> Result<Vec<u8>, Fault> {
    let damaged = |cause: &dyn std::fmt::Display| Fault::Damaged(format!("its entry `{name}` is unreadable: {cause}"));
    let entry = archive.by_name(name).map_err(|error| damaged(&error))?;
    let mut bytes = Vec::new();
    entry.take(MAX_BYTES).read_to_end(&mut bytes).map_err(|error| damaged(&error))?;
    Ok(bytes)
}

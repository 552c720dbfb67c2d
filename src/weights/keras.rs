//! `.keras`: a zip archive with Keras 3's weights file and its description of the layers.

use std::fs::File;

use zip::ZipArchive;

use super::error::ReadFault;
use super::hdf5;
use super::tensor_file::TensorFile;
use super::zip_entry::entry;

const WEIGHTS: &str = "model.weights.h5";
const GRAPH: &str = "config.json";

/// Whether the archive is one of these.
pub(super) fn is_keras(archive: &ZipArchive<File>) -> bool {
    archive.index_for_name(WEIGHTS).is_some()
}

pub(super) fn open(archive: &mut ZipArchive<File>) -> Result<TensorFile, ReadFault> {
    let graph =
        String::from_utf8(entry(archive, GRAPH)?).map_err(|_| ReadFault::Damaged(format!("its {GRAPH} is no text")))?;
    let mut file = hdf5::from_bytes(entry(archive, WEIGHTS)?)?;
    file.graph = Some(graph);
    Ok(file)
}

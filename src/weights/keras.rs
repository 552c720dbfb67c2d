//! `.keras`: a zip archive with Keras 3's weights file and its description of the layers. Where h5py was not installed, the
//! weights are an archive of NumPy.

use std::fs::File;

use zip::ZipArchive;

use super::error::ReadFault;
use super::tensor_file::TensorFile;
use super::zip_entry::entry;
use super::{hdf5, npz};

const WEIGHTS: &str = "model.weights.h5";
const ARRAYS: &str = "model.weights.npz";
const GRAPH: &str = "config.json";

/// Whether the archive is one of these.
pub(super) fn is_keras(archive: &ZipArchive<File>) -> bool {
    [WEIGHTS, ARRAYS].iter().any(|name| archive.index_for_name(name).is_some())
}

pub(super) fn open(archive: &mut ZipArchive<File>) -> Result<TensorFile, ReadFault> {
    let graph =
        String::from_utf8(entry(archive, GRAPH)?).map_err(|_| ReadFault::Damaged(format!("its {GRAPH} is no text")))?;
    let mut file = match archive.index_for_name(WEIGHTS) {
        Some(_) => hdf5::from_bytes(entry(archive, WEIGHTS)?)?,
        None => npz::from_bytes(entry(archive, ARRAYS)?)?,
    };
    file.graph = Some(graph);
    Ok(file)
}

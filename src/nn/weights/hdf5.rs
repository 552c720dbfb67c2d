//! Keras' HDF5 files of every age, as a tree of arrays. Which group holds the weights is the only difference that
//! matters here: 2016's `notop` files and `save_weights` have them at the root, whole models under `model_weights`,
//! Keras 3's `.weights.h5` under `layers`.

use std::path::Path;

use hdf5_reader::error::Error;
use hdf5_reader::group::Group;
use hdf5_reader::messages::datatype::Datatype;
use hdf5_reader::{Dataset, Hdf5File, OpenOptions};

use super::contents::{Array, Contents, Dialect, Fault, numbers};

/// Deeper nesting than any model has; a file that refers to itself ends here.
const MAX_DEPTH: usize = 24;
/// More than any single array that is read: the classifier of a whole VGG16 has 0.4 GB.
const MAX_ARRAY_BYTES: usize = 1 << 30;

/// A file on disk; `len` is its length.
pub(super) fn open(path: &Path, len: u64) -> Result<Contents, Fault> {
    contents(&Hdf5File::open_with_options(path, options()).map_err(fault)?, len)
}

/// A file that was inside another.
pub(super) fn from_bytes(bytes: Vec<u8>) -> Result<Contents, Fault> {
    let len = bytes.len() as u64;
    contents(&Hdf5File::from_vec_with_options(bytes, options()).map_err(fault)?, len)
}

fn options() -> OpenOptions {
    OpenOptions::default().with_max_read_bytes(MAX_ARRAY_BYTES)
}

fn contents(file: &Hdf5File, found: u64) -> Result<Contents, Fault> {
    let expected = file.superblock().eof_address;
    if found < expected {
        return Err(Fault::Truncated { expected, found });
    }
    let root = file.root_group().map_err(fault)?;
    let mut arrays = Vec::new();
    match root.group("model_weights") {
        Ok(weights) => collect(&weights, "", 0, &mut arrays)?,
        Err(_) => collect(&root, "", 0, &mut arrays)?,
    }
    let mut contents = Contents::new(Dialect::Keras, arrays);
    contents.graph = root.attribute("model_config").ok().and_then(|text| text.read_string().ok());
    Ok(contents)
}

/// Every array below `group`; an optimizer's are no weights.
fn collect(group: &Group, path: &str, depth: usize, arrays: &mut Vec<Array>) -> Result<(), Fault> {
    if depth > MAX_DEPTH {
        return Err(Fault::Damaged("its groups are nested without end".to_owned()));
    }
    let (groups, datasets) = group.members().map_err(fault)?;
    arrays.extend(datasets.into_iter().map(|dataset| array(path, dataset)));
    let is_weights = |group: &&Group| !group.name().starts_with("optimizer");
    groups
        .iter()
        .filter(is_weights)
        .try_for_each(|group| collect(group, &format!("{path}/{}", group.name()), depth + 1, arrays))
}

fn array(path: &str, dataset: Dataset) -> Array {
    let shape = dataset.shape().iter().map(|side| *side as usize).collect();
    Array { name: format!("{path}/{}", dataset.name()), shape, read: Box::new(move || read(&dataset)) }
}

fn read(dataset: &Dataset) -> Result<Vec<f32>, Fault> {
    let kind = match dataset.dtype() {
        Datatype::FloatingPoint { size: 2, .. } => "F16".to_owned(),
        Datatype::FloatingPoint { size: 4, .. } => "F32".to_owned(),
        Datatype::FloatingPoint { size: 8, .. } => "F64".to_owned(),
        other => format!("{other:?}"),
    };
    // Native order is little-endian on the one processor family that gradwatch is built for.
    numbers(&kind, &dataset.read_native_bytes().map_err(fault)?)
}

fn fault(error: Error) -> Fault {
    match error {
        Error::Io(error) => Fault::from(error),
        other => Fault::Damaged(other.to_string()),
    }
}

//! Keras' HDF5 files of every age, as a tree of tensors. Which group holds the weights is the only difference that
//! matters here: 2016's `notop` files and `save_weights` have them at the root, whole models under `model_weights`,
//! Keras 3's `.weights.h5` under `layers`.

use std::path::Path;

use hdf5_reader::error::Error;
use hdf5_reader::group::Group;
use hdf5_reader::messages::datatype::Datatype;
use hdf5_reader::{Dataset, Hdf5File, OpenOptions};

use super::dialect::Dialect;
use super::error::ReadFault;
use super::tensor_file::{NamedTensor, TensorFile, numbers};

/// Deeper nesting than any model has; a file that refers to itself ends here.
const MAX_DEPTH: usize = 24;
/// More than any single tensor that is read: the classifier of a whole VGG16 has 0.4 GB.
const MAX_TENSOR_BYTES: usize = 1 << 30;

/// A file on disk; `len` is its length.
pub(super) fn open(path: &Path, len: u64) -> Result<TensorFile, ReadFault> {
    tensor_file(&Hdf5File::open_with_options(path, options()).map_err(fault)?, len)
}

/// A file that was inside another.
pub(super) fn from_bytes(bytes: Vec<u8>) -> Result<TensorFile, ReadFault> {
    let len = bytes.len() as u64;
    tensor_file(&Hdf5File::from_vec_with_options(bytes, options()).map_err(fault)?, len)
}

fn options() -> OpenOptions {
    OpenOptions::default().with_max_read_bytes(MAX_TENSOR_BYTES)
}

fn tensor_file(file: &Hdf5File, found: u64) -> Result<TensorFile, ReadFault> {
    let expected = file.superblock().eof_address;
    if found < expected {
        return Err(ReadFault::Truncated { expected, found });
    }
    let root = file.root_group().map_err(fault)?;
    let mut tensors = Vec::new();
    match root.group("model_weights") {
        Ok(weights) => collect(&weights, "", 0, &mut tensors)?,
        Err(_) => collect(&root, "", 0, &mut tensors)?,
    }
    let mut file = TensorFile::new(Dialect::Keras, tensors);
    file.graph = root.attribute("model_config").ok().and_then(|text| text.read_string().ok());
    Ok(file)
}

/// Every tensor below `group`; an optimizer's are no weights.
fn collect(group: &Group, path: &str, depth: usize, tensors: &mut Vec<NamedTensor>) -> Result<(), ReadFault> {
    if depth > MAX_DEPTH {
        return Err(ReadFault::Damaged("its groups are nested without end".to_owned()));
    }
    let (groups, datasets) = group.members().map_err(fault)?;
    tensors.extend(datasets.into_iter().map(|dataset| tensor(path, dataset)));
    let is_weights = |group: &&Group| !group.name().starts_with("optimizer");
    groups
        .iter()
        .filter(is_weights)
        .try_for_each(|group| collect(group, &format!("{path}/{}", group.name()), depth + 1, tensors))
}

fn tensor(path: &str, dataset: Dataset) -> NamedTensor {
    let shape = dataset.shape().iter().map(|side| *side as usize).collect();
    NamedTensor { name: format!("{path}/{}", dataset.name()), shape, read: Box::new(move || read(&dataset)) }
}

fn read(dataset: &Dataset) -> Result<Vec<f32>, ReadFault> {
    let kind = match dataset.dtype() {
        Datatype::FloatingPoint { size: 2, .. } => "F16".to_owned(),
        Datatype::FloatingPoint { size: 4, .. } => "F32".to_owned(),
        Datatype::FloatingPoint { size: 8, .. } => "F64".to_owned(),
        other => format!("{other:?}"),
    };
    // Native order is little-endian on the one processor family that gradwatch is built for.
    numbers(&kind, &dataset.read_native_bytes().map_err(fault)?)
}

fn fault(error: Error) -> ReadFault {
    match error {
        Error::Io(error) => ReadFault::from(error),
        Error::Context { path, source } => match fault(*source) {
            ReadFault::Damaged(cause) => ReadFault::Damaged(format!("{path}: {cause}")),
            other => other,
        },
        Error::UnsupportedFilter(filter) => ReadFault::Filter(filter_name(&filter)),
        other => ReadFault::Damaged(other.to_string()),
    }
}

/// The names of filters that are registered with the HDF Group.
const FILTERS: [(&str, &str); 9] = [
    ("307", "bzip2"),
    ("32000", "LZF (compression=\"lzf\")"),
    ("32001", "Blosc"),
    ("32004", "LZ4"),
    ("32008", "Bitshuffle"),
    ("32013", "ZFP"),
    ("32015", "Zstandard"),
    ("32026", "Blosc2"),
    ("4", "SZIP"),
];

/// From the reader's words, which mostly end in the filter's number.
fn filter_name(words: &str) -> String {
    let known = FILTERS.iter().find(|(known, _)| words.rsplit(' ').next() == Some(known));
    known.map_or_else(|| words.replace("filter id", "HDF5 filter"), |(_, name)| (*name).to_owned())
}

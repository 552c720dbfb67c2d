//! VGG16 weights in files: read by name and checked by shape, recorded by hash, written as safetensors.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use half::{bf16, f16};
use safetensors::tensor::{Metadata, TensorInfo, TensorView};
use safetensors::{Dtype, SafeTensors};
use sha2::{Digest, Sha256};

use super::NnError;
use super::architecture::{Conv, VGG16};
use super::builtin;
use crate::domain::ContentHash;

/// The numbers of one convolution, always f32 whatever the file held.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Layer {
    /// `[outputs, inputs, 3, 3]`
    pub(super) weight: Vec<f32>,
    /// `[outputs]`
    pub(super) bias: Vec<f32>,
}

/// All thirteen, and the SHA-256 of the file they came from.
#[derive(Debug)]
pub(super) struct Weights {
    pub(super) layers: Vec<Layer>,
    pub(super) sha256: ContentHash,
}

/// One file of the weights folder.
#[derive(Debug)]
pub struct WeightsFile {
    /// Where it lies.
    pub path: PathBuf,
    /// Bytes.
    pub len: u64,
    /// `built-in` or `file`.
    pub origin: &'static str,
    /// Its SHA-256, or why it cannot be used.
    pub sha256: Result<ContentHash, NnError>,
}

/// Reads, checks and hashes every `.safetensors` file directly in `folder`, in the order of their names.
/// A folder that is not there holds none.
///
/// # Errors
/// [`NnError::Unreadable`] when the folder cannot be listed; what is wrong with one file stands in its entry.
pub fn list_weights(folder: &Path) -> Result<Vec<WeightsFile>, NnError> {
    let files = weights_in(folder)?;
    Ok(files
        .into_iter()
        .map(|path| WeightsFile {
            len: path.metadata().map_or(0, |meta| meta.len()),
            origin: if builtin::is_built_in(&path) { builtin::ORIGIN } else { FILE_ORIGIN },
            sha256: read(&path, &VGG16).map(|weights| weights.sha256),
            path,
        })
        .collect())
}

/// `origin` of weights that are not the built-in ones.
pub(super) const FILE_ORIGIN: &str = "file";

/// The `.safetensors` files directly in `folder`, sorted.
pub(super) fn weights_in(folder: &Path) -> Result<Vec<PathBuf>, NnError> {
    let entries = match folder.read_dir() {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(folder)(error)),
    };
    let mut paths: Vec<PathBuf> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "safetensors"));
    paths.sort();
    Ok(paths)
}

/// Reads the layers of `plan` from a safetensors file; other tensors in it (a classifier) are left unread.
pub(super) fn read(path: &Path, plan: &[Conv]) -> Result<Weights, NnError> {
    let mut file = File::open(path).map_err(unreadable(path))?;
    let sha256 = hash(&mut file).map_err(unreadable(path))?;
    let (metadata, data_start) = header(&mut file, path)?;
    let mut source = Source { file, path, metadata, data_start };
    let layers = plan.iter().map(|conv| source.layer(conv)).collect::<Result<_, _>>()?;
    Ok(Weights { layers, sha256 })
}

/// The same layers as a file's bytes, with one remark that says where they come from.
pub(super) fn to_safetensors(plan: &[Conv], layers: &[Layer], origin: &str) -> Result<Vec<u8>, NnError> {
    let bytes: Vec<(Vec<u8>, Vec<u8>)> =
        layers.iter().map(|layer| (le_bytes(&layer.weight), le_bytes(&layer.bias))).collect();
    let mut tensors = Vec::with_capacity(2 * plan.len());
    for (conv, (weight, bias)) in plan.iter().zip(&bytes) {
        tensors.push((conv.weight_name(), view(conv.weight_shape().to_vec(), weight)?));
        tensors.push((conv.bias_name(), view(vec![conv.outputs], bias)?));
    }
    let metadata = HashMap::from([("origin".to_owned(), origin.to_owned())]);
    safetensors::serialize(tensors, Some(metadata)).map_err(|error| NnError::Unwritable { cause: error.to_string() })
}

pub(super) fn le_bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

pub(super) fn view(shape: Vec<usize>, bytes: &[u8]) -> Result<TensorView<'_>, NnError> {
    TensorView::new(Dtype::F32, shape, bytes).map_err(|error| NnError::Unwritable { cause: error.to_string() })
}

fn unreadable(path: &Path) -> impl Fn(io::Error) -> NnError {
    move |source| NnError::Unreadable { path: path.to_owned(), source }
}

fn hash(file: &mut File) -> io::Result<ContentHash> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(ContentHash::from_bytes(hasher.finalize().into())),
            n => hasher.update(&buffer[..n]),
        }
    }
}

/// The table of contents, and where the numbers begin; the file's length is held against both.
fn header(file: &mut File, path: &Path) -> Result<(Metadata, u64), NnError> {
    let found = file.metadata().map_err(unreadable(path))?.len();
    let unknown = |found: String| NnError::UnknownFormat { path: path.to_owned(), found };
    let mut start = [0; 8];
    file.rewind().map_err(unreadable(path))?;
    if found < 8 {
        return Err(unknown(format!("it has {found} bytes")));
    }
    file.read_exact(&mut start).map_err(unreadable(path))?;
    if let Some(format) = foreign(start) {
        return Err(unknown(format!("it is {format}")));
    }
    let header_len = u64::from_le_bytes(start);
    if header_len > MAX_HEADER {
        return Err(unknown("its first bytes are no header length".to_owned()));
    }
    if found < 8 + header_len {
        return Err(NnError::Truncated { path: path.to_owned(), expected: 8 + header_len, found });
    }
    let mut text = vec![0; header_len as usize];
    file.read_exact(&mut text).map_err(unreadable(path))?;
    let metadata: Metadata =
        serde_json::from_slice(&text).map_err(|error| unknown(format!("its header is unreadable ({error})")))?;
    let expected = 8 + header_len + metadata.data_len() as u64;
    match found.cmp(&expected) {
        std::cmp::Ordering::Less => Err(NnError::Truncated { path: path.to_owned(), expected, found }),
        std::cmp::Ordering::Greater => Err(unknown(format!("{} bytes follow its last tensor", found - expected))),
        std::cmp::Ordering::Equal => Ok((metadata, 8 + header_len)),
    }
}

/// The format's own limit on its header.
const MAX_HEADER: u64 = 100_000_000;

fn foreign(start: [u8; 8]) -> Option<&'static str> {
    match start {
        [b'P', b'K', 3, 4, ..] => Some("a zip archive, as PyTorch's .pth and Keras' .keras files are"),
        [0x89, b'H', b'D', b'F', ..] => Some("an HDF5 file, as Keras' .h5 files are"),
        [0x80, 2..=5, ..] => Some("a Python pickle, as old PyTorch .pth files are"),
        [b'<', ..] => Some("a web page or XML: the download went wrong"),
        _ => None,
    }
}

struct Source<'a> {
    file: File,
    path: &'a Path,
    metadata: Metadata,
    data_start: u64,
}

impl Source<'_> {
    fn layer(&mut self, conv: &Conv) -> Result<Layer, NnError> {
        Ok(Layer {
            weight: self.tensor(&conv.weight_name(), &conv.weight_shape())?,
            bias: self.tensor(&conv.bias_name(), &[conv.outputs])?,
        })
    }

    fn tensor(&mut self, name: &str, expected: &[usize]) -> Result<Vec<f32>, NnError> {
        let info = self.info(name)?;
        if info.shape != expected {
            return Err(NnError::WrongShape {
                path: self.path.to_owned(),
                tensor: name.to_owned(),
                expected: expected.to_vec(),
                found: info.shape,
            });
        }
        let (begin, end) = info.data_offsets;
        let mut bytes = vec![0; end - begin];
        self.file.seek(SeekFrom::Start(self.data_start + begin as u64)).map_err(unreadable(self.path))?;
        self.file.read_exact(&mut bytes).map_err(unreadable(self.path))?;
        let values = to_f32(info.dtype, &bytes).ok_or_else(|| NnError::WrongType {
            path: self.path.to_owned(),
            tensor: name.to_owned(),
            found: format!("{:?}", info.dtype),
        })?;
        if values.iter().all(|value| value.is_finite()) {
            Ok(values)
        } else {
            Err(NnError::NotFinite { path: self.path.to_owned(), tensor: name.to_owned() })
        }
    }

    fn info(&self, name: &str) -> Result<TensorInfo, NnError> {
        self.metadata.info(name).cloned().ok_or_else(|| NnError::MissingTensor {
            path: self.path.to_owned(),
            tensor: name.to_owned(),
            n_tensors: self.metadata.offset_keys().len(),
        })
    }
}

/// `None` for a type that is not a common floating-point one.
fn to_f32(dtype: Dtype, bytes: &[u8]) -> Option<Vec<f32>> {
    Some(match dtype {
        Dtype::F32 => bytes.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect(),
        Dtype::F16 => bytes.as_chunks().0.iter().map(|b| f16::from_le_bytes(*b).to_f32()).collect(),
        Dtype::BF16 => bytes.as_chunks().0.iter().map(|b| bf16::from_le_bytes(*b).to_f32()).collect(),
        Dtype::F64 => bytes.as_chunks().0.iter().map(|b| f64::from_le_bytes(*b) as f32).collect(),
        _ => return None,
    })
}

/// The numbers of one tensor of a small file that is wholly in memory.
pub(super) fn tensor_of(file: &SafeTensors<'_>, name: &str) -> Option<Vec<f32>> {
    let tensor = file.tensor(name).ok()?;
    to_f32(tensor.dtype(), tensor.data())
}

#[cfg(test)]
mod tests;

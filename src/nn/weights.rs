//! VGG16 weights in files of any kind: known by content, read by shape and order, recorded by hash.
//!
//! Each reader (`safetensors`, `torch`, `archive`, `hdf5`, `keras`) makes [`Contents`] of its format; `matching` finds the
//! convolutions in them. What is imported is written as one kind of file, and lies in a `folder`.

mod archive;
mod contents;
mod folder;
mod graph;
mod hdf5;
mod keras;
mod matching;
mod model;
mod pickle;
mod remark;
mod safetensors;
mod torch;
mod write;

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;

use sha2::{Digest, Sha256};
use zip::ZipArchive;

use super::NnError;
use crate::config::Preparation;
use crate::domain::ContentHash;
use crate::domain::vgg16::Conv;
use contents::{Contents, Fault};

pub(super) use folder::{FILE_ORIGIN, weights_in};
pub use folder::{WeightsFile, import_weights, list_weights};
pub use model::{ImportedModel, count_model_classes, import_model};
pub(super) use remark::Remark;
pub(super) use write::{le_bytes, tensor_of, to_safetensors, view};

/// The numbers of one convolution, always f32 and in PyTorch's order whatever the file held.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Layer {
    /// `[outputs, inputs, 3, 3]`
    pub(super) weight: Vec<f32>,
    /// `[outputs]`
    pub(super) bias: Vec<f32>,
}

/// All convolutions of a network, and what goes with them.
#[derive(Debug)]
pub(super) struct Weights {
    pub(super) layers: Vec<Layer>,
    /// Of the file they came from.
    pub(super) sha256: ContentHash,
    /// How pictures are prepared for them.
    pub(super) input: Preparation,
    /// What gradwatch noted about them, in files of its own.
    pub(super) remark: Option<Remark>,
}

/// Reads the convolutions of `plan` from a file of any known format; whatever else is in it is left unread.
pub(super) fn read(path: &Path, plan: &[Conv]) -> Result<Weights, NnError> {
    let (contents, sha256) = open(path)?;
    let layers = matching::layers(&contents, plan, path)?;
    Ok(Weights { layers, sha256, input: input_of(&contents), remark: contents.remark })
}

/// What the file itself says, else what its library does.
fn input_of(contents: &Contents) -> Preparation {
    let noted = contents.remark.as_ref().and_then(|remark| remark.preprocessing.parse().ok());
    noted.unwrap_or_else(|| contents.dialect.input())
}

/// What is in a file, by its first bytes and never by its name, and its SHA-256.
fn open(path: &Path) -> Result<(Contents, ContentHash), NnError> {
    let unreadable = |source| NnError::Unreadable { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(unreadable)?;
    let sha256 = hash(&mut file).map_err(unreadable)?;
    let contents = known(file, path).map_err(|fault| fault.of(path, ""))?;
    Ok((contents, sha256))
}

fn known(mut file: File, path: &Path) -> Result<Contents, Fault> {
    let len = file.metadata()?.len();
    let mut start = Vec::new();
    file.rewind()?;
    (&file).take(512).read_to_end(&mut start)?;
    match start.as_slice() {
        [b'P', b'K', 3, 4, ..] => zipped(file, path),
        [0x89, b'H', b'D', b'F', b'\r', b'\n', 0x1a, b'\n', ..] => hdf5::open(path, len),
        [0x80, 2..=5, ..] => torch::open(path),
        [.., _, _, _] if start.get(257..262) == Some(b"ustar") => torch::open(path),
        [_, _, _, _, _, _, _, _, b'{', ..] => safetensors::open(file),
        other => Err(Fault::Unknown(described(other))),
    }
}

fn zipped(file: File, path: &Path) -> Result<Contents, Fault> {
    let mut zip =
        ZipArchive::new(file).map_err(|error| Fault::Damaged(format!("its zip archive is broken: {error}")))?;
    if keras::is_keras(&zip) {
        return keras::open(&mut zip);
    }
    // Names that are no text are no names of ours.
    let names: Vec<String> = zip.file_names().filter_map(|name| Some(name.ok()?.into_owned())).collect();
    match archive::root(&names) {
        Some(root) => archive::open(zip, &root),
        None if names.iter().any(|name| name.ends_with("data.pkl")) => torch::open(path),
        None => Err(Fault::Unknown("it is a zip archive without PyTorch's or Keras' files".to_owned())),
    }
}

fn described(start: &[u8]) -> String {
    match start {
        [] => "it is empty".to_owned(),
        [b'<', ..] => "it is a web page or XML: the download went wrong".to_owned(),
        _ if start.starts_with(b"version https://git-lfs") => {
            "it is a Git LFS pointer: fetch the file itself".to_owned()
        }
        _ if start.len() < 9 => format!("it has {} bytes", start.len()),
        _ => "it is of no format that gradwatch knows".to_owned(),
    }
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

#[cfg(test)]
mod tests;

//! Which format a file has: known by its first bytes, never by its name.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;

use sha2::{Digest, Sha256};
use zip::ZipArchive;

use super::error::{ReadFault, WeightsError};
use super::tensor_file::TensorFile;
use super::{foreign, hdf5, keras, pytorch, safetensors, torchscript};
use crate::domain::ContentHash;

/// What is in a file of any known format, and its SHA-256.
///
/// # Errors
/// What is wrong with the file.
pub(super) fn open(path: &Path) -> Result<(TensorFile, ContentHash), WeightsError> {
    let unreadable = |source| WeightsError::Unreadable { path: path.to_owned(), source };
    let unknown = |found| Err(WeightsError::UnknownFormat { path: path.to_owned(), found });
    if path.is_dir() {
        return unknown(foreign::folder(path));
    }
    let mut file = File::open(path).map_err(unreadable)?;
    if let Some(found) = foreign::by_name(path) {
        return unknown(found);
    }
    let sha256 = hash(&mut file).map_err(unreadable)?;
    let tensors = known(file, path).map_err(|fault| fault.of(path, ""))?;
    Ok((tensors, sha256))
}

/// The same without its hash, for a file that is looked at and not relied on.
///
/// # Errors
/// What is wrong with the file.
pub(super) fn glance(path: &Path) -> Result<TensorFile, WeightsError> {
    let file = File::open(path).map_err(|source| WeightsError::Unreadable { path: path.to_owned(), source })?;
    known(file, path).map_err(|fault| fault.of(path, ""))
}

fn known(mut file: File, path: &Path) -> Result<TensorFile, ReadFault> {
    let len = file.metadata()?.len();
    let mut start = Vec::new();
    file.rewind()?;
    (&file).take(512).read_to_end(&mut start)?;
    if let Some(found) = foreign::by_content(&start) {
        return Err(ReadFault::Unknown(found));
    }
    match start.as_slice() {
        [b'P', b'K', 3, 4, ..] => zipped(file, path),
        [0x89, b'H', b'D', b'F', b'\r', b'\n', 0x1a, b'\n', ..] => hdf5::open(path, len),
        [0x80, 2..=5, ..] => pytorch::open(path),
        [.., _, _, _] if start.get(257..262) == Some(b"ustar") => pytorch::open(path),
        [_, _, _, _, _, _, _, _, b'{', ..] => safetensors::open(file),
        other => Err(ReadFault::Unknown(described(other))),
    }
}

fn zipped(file: File, path: &Path) -> Result<TensorFile, ReadFault> {
    let mut zip =
        ZipArchive::new(file).map_err(|error| ReadFault::Damaged(format!("its zip archive is broken: {error}")))?;
    if keras::is_keras(&zip) {
        return keras::open(&mut zip);
    }
    // Names that are no text are no names of ours.
    let names: Vec<String> = zip.file_names().filter_map(|name| Some(name.ok()?.into_owned())).collect();
    match torchscript::root(&names) {
        Some(root) => torchscript::open(zip, &root),
        None if names.iter().any(|name| name.ends_with("data.pkl")) => pytorch::open(path),
        None => Err(ReadFault::Unknown(foreign::archive(&names))),
    }
}

fn described(start: &[u8]) -> String {
    if start.len() < 9 {
        return format!("it has {} bytes", start.len());
    }
    "it is of no format that gradwatch knows".to_owned()
}

/// The SHA-256 of a file.
///
/// # Errors
/// [`WeightsError::Unreadable`].
pub(super) fn sha256_of(path: &Path) -> Result<ContentHash, WeightsError> {
    let unreadable = |source| WeightsError::Unreadable { path: path.to_owned(), source };
    hash(&mut File::open(path).map_err(unreadable)?).map_err(unreadable)
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

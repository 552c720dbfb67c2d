//! TorchScript archives: what libtorch itself saves, and with it tch's `VarStore` (`.ot`, `.pt`).

use std::cell::RefCell;
use std::fs::File;
use std::rc::Rc;

use zip::ZipArchive;

use super::dialect::Dialect;
use super::error::ReadFault;
use super::pickle::{self, Described};
use super::tensor_file::{NamedTensor, TensorFile, numbers};
use super::zip_entry::entry;

const PICKLE: &str = "/data.pkl";

/// The folder within the archive, if it is one of these: unlike `torch.save`'s, it has a second pickle or code beside.
pub(super) fn root(names: &[String]) -> Option<String> {
    let root = names.iter().find_map(|name| name.strip_suffix(PICKLE))?;
    let is_script = |name: &String| {
        let inner = name.strip_prefix(root).unwrap_or_default();
        inner == "/constants.pkl" || inner.starts_with("/code/")
    };
    names.iter().any(is_script).then(|| root.to_owned())
}

pub(super) fn open(mut archive: ZipArchive<File>, root: &str) -> Result<TensorFile, ReadFault> {
    let described = pickle::tensors(&entry(&mut archive, &format!("{root}{PICKLE}"))?)?;
    let archive = Rc::new(RefCell::new(archive));
    let named = |tensor: Described| {
        let (archive, data) = (Rc::clone(&archive), format!("{root}/data/{}", tensor.key));
        let (name, shape) = (tensor.name.clone(), tensor.shape.clone());
        let read = move || read(&tensor, &entry(&mut archive.borrow_mut(), &data)?);
        NamedTensor { name, shape, read: Box::new(read) }
    };
    Ok(TensorFile::new(Dialect::Torch, described.into_iter().map(named).collect()))
}

/// The tensor's numbers out of its storage's bytes; only whole, contiguous tensors occur in weights files.
fn read(tensor: &Described, storage: &[u8]) -> Result<Vec<f32>, ReadFault> {
    let (kind, width) = match tensor.storage.as_str() {
        "FloatStorage" => ("F32", 4),
        "HalfStorage" => ("F16", 2),
        "BFloat16Storage" => ("BF16", 2),
        "DoubleStorage" => ("F64", 8),
        other => return Err(ReadFault::Type(other.to_owned())),
    };
    let mut step = 1_usize;
    for (side, stride) in tensor.shape.iter().zip(&tensor.strides).rev() {
        if *side != 1 && *stride != step {
            return Err(ReadFault::Damaged(format!("`{}` does not lie in one piece", tensor.name)));
        }
        step = step.saturating_mul(*side);
    }
    let begin = tensor.offset.saturating_mul(width);
    let bytes = storage.get(begin..begin.saturating_add(step.saturating_mul(width)));
    numbers(kind, bytes.ok_or_else(|| ReadFault::Damaged(format!("the storage of `{}` is cut off", tensor.name)))?)
}

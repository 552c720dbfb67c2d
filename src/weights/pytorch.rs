//! PyTorch's checkpoints, zip and legacy: what `torch.save` wrote. The pickle inside is interpreted by a reader that
//! knows how to build tensors and nothing else; no Python object is ever made, and nothing is executed.

use std::path::Path;

use pytorch_reader::{PytorchError, PytorchReader, Tensor};

use super::dialect::Dialect;
use super::error::ReadFault;
use super::tensor_file::{NamedTensor, TensorFile, numbers};

pub(super) fn open(path: &Path) -> Result<TensorFile, ReadFault> {
    let reader = PytorchReader::new(path).map_err(|error| match error {
        PytorchError::Io(error) => ReadFault::from(error),
        other => ReadFault::Damaged(other.to_string()),
    })?;
    Ok(TensorFile::new(Dialect::Torch, reader.into_tensors().into_iter().map(tensor).collect()))
}

fn tensor((name, tensor): (String, Tensor)) -> NamedTensor {
    let shape = tensor.shape().to_vec();
    let kind = format!("{:?}", tensor.dtype());
    NamedTensor { name, shape, read: Box::new(move || numbers(&kind, &tensor.read()?)) }
}

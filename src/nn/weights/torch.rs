//! PyTorch's checkpoints, zip and legacy: what `torch.save` wrote. The pickle inside is interpreted by a reader that
//! knows how to build tensors and nothing else; no Python object is ever made, and nothing is executed.

use std::path::Path;

use pytorch_reader::{PytorchError, PytorchReader, Tensor};

use super::contents::{Array, Contents, Dialect, Fault, numbers};

pub(super) fn open(path: &Path) -> Result<Contents, Fault> {
    let reader = PytorchReader::new(path).map_err(|error| match error {
        PytorchError::Io(error) => Fault::from(error),
        other => Fault::Damaged(other.to_string()),
    })?;
    Ok(Contents::new(Dialect::Torch, reader.into_tensors().into_iter().map(array).collect()))
}

fn array((name, tensor): (String, Tensor)) -> Array {
    let shape = tensor.shape().to_vec();
    let kind = format!("{:?}", tensor.dtype());
    Array { name, shape, read: Box::new(move || numbers(&kind, &tensor.read()?)) }
}

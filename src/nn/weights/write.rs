//! The one format that gradwatch writes: safetensors with torchvision's names, the convolutions only (59 MB).

use ::safetensors::tensor::TensorView;
use ::safetensors::{Dtype, SafeTensors};

use super::super::NnError;
use super::contents::numbers;
use super::{Layer, Remark};
use crate::domain::vgg16::Conv;

/// The layers as a file's bytes, with a remark that says where they come from.
pub(in crate::nn) fn to_safetensors(plan: &[Conv], layers: &[Layer], remark: &Remark) -> Result<Vec<u8>, NnError> {
    let bytes: Vec<(Vec<u8>, Vec<u8>)> =
        layers.iter().map(|layer| (le_bytes(&layer.weight), le_bytes(&layer.bias))).collect();
    let mut tensors = Vec::with_capacity(2 * plan.len());
    for (conv, (weight, bias)) in plan.iter().zip(&bytes) {
        tensors.push((conv.weight_name(), view(conv.weight_shape().to_vec(), weight)?));
        tensors.push((conv.bias_name(), view(vec![conv.outputs], bias)?));
    }
    let unwritable = |cause: String| NnError::Unwritable { cause };
    let metadata = remark.to_metadata().map_err(|error| unwritable(error.to_string()))?;
    ::safetensors::serialize(tensors, Some(metadata)).map_err(|error| unwritable(error.to_string()))
}

pub(in crate::nn) fn le_bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

pub(in crate::nn) fn view(shape: Vec<usize>, bytes: &[u8]) -> Result<TensorView<'_>, NnError> {
    TensorView::new(Dtype::F32, shape, bytes).map_err(|error| NnError::Unwritable { cause: error.to_string() })
}

/// The numbers of one tensor of a small file that is wholly in memory.
pub(in crate::nn) fn tensor_of(file: &SafeTensors<'_>, name: &str) -> Option<Vec<f32>> {
    let tensor = file.tensor(name).ok()?;
    numbers(&format!("{:?}", tensor.dtype()), tensor.data()).ok()
}

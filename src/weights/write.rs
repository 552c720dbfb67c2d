//! The one format that gradwatch writes, safetensors: the convolutions alone, under torchvision's names (59 MB), and the
//! pieces of which the head's file is made as well.

use ::safetensors::tensor::TensorView;
use ::safetensors::{Dtype, SafeTensors};

use super::error::WeightsError;
use super::matching::ConvWeights;
use super::provenance::Provenance;
use super::tensor_file::numbers;
use crate::domain::vgg16::Conv;

/// The convolutions of `plan` as a file's bytes, with their provenance in its header.
///
/// # Errors
/// [`WeightsError::Unwritable`], a bug.
pub(crate) fn to_safetensors(
    plan: &[Conv],
    convs: &[ConvWeights],
    provenance: &Provenance,
) -> Result<Vec<u8>, WeightsError> {
    let bytes: Vec<_> = convs.iter().map(|conv| (le_bytes(&conv.weight), le_bytes(&conv.bias))).collect();
    let mut tensors = Vec::with_capacity(2 * plan.len());
    for (conv, (weight, bias)) in plan.iter().zip(&bytes) {
        tensors.push((conv.weight_name(), view(conv.weight_shape().to_vec(), weight)?));
        tensors.push((conv.bias_name(), view(vec![conv.outputs], bias)?));
    }
    let unwritable = |cause: String| WeightsError::Unwritable { cause };
    let metadata = provenance.to_metadata().map_err(|error| unwritable(error.to_string()))?;
    ::safetensors::serialize(tensors, Some(metadata)).map_err(|error| unwritable(error.to_string()))
}

/// The numbers as safetensors keeps them: four bytes each, little-endian.
pub(crate) fn le_bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// `bytes` of f32 as a tensor of this shape.
///
/// # Errors
/// [`WeightsError::Unwritable`] where the shape has another number of elements: a bug.
pub(crate) fn view(shape: Vec<usize>, bytes: &[u8]) -> Result<TensorView<'_>, WeightsError> {
    TensorView::new(Dtype::F32, shape, bytes).map_err(|error| WeightsError::Unwritable { cause: error.to_string() })
}

/// The numbers of one tensor of a small file that is wholly in memory.
pub(crate) fn tensor_of(file: &SafeTensors<'_>, name: &str) -> Option<Vec<f32>> {
    let tensor = file.tensor(name).ok()?;
    numbers(&format!("{:?}", tensor.dtype()), tensor.data()).ok()
}

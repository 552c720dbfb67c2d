//! Which tensors of a file are the network's convolutions: found by shape and order, whatever they are called.

use std::path::Path;

use super::error::WeightsError;
use super::tensor_file::{NamedTensor, TensorFile};
use crate::domain::vgg16::Conv;

/// The numbers of one convolution, always f32 and in PyTorch's order whatever the file held.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ConvWeights {
    /// `[outputs, inputs, 3, 3]`
    pub(crate) weight: Vec<f32>,
    /// `[outputs]`
    pub(crate) bias: Vec<f32>,
}

/// The convolutions of `plan`, each checked.
///
/// # Errors
/// Another network than `plan`, or unusable numbers in the file at `path`.
pub(super) fn convolutions(file: &TensorFile, plan: &[Conv], path: &Path) -> Result<Vec<ConvWeights>, WeightsError> {
    let other = |found: String| WeightsError::OtherNetwork { path: path.to_owned(), found };
    if normalises(file) {
        return Err(other("it normalises between its layers (as vgg16_bn does)".to_owned()));
    }
    let found: Vec<_> = file.tensors.iter().filter_map(|tensor| convolution(file, tensor)).collect();
    if found.len() != plan.len() {
        let (n_tensors, n, needed) = (file.tensors.len(), found.len(), plan.len());
        return Err(other(format!("of its {n_tensors} arrays, {n} are 3x3 convolutions with a bias, not {needed}")));
    }
    plan.iter().zip(found).map(|(conv, (kernel, bias))| conv_weights(file, conv, kernel, bias, path)).collect()
}

/// Whether something is normalised between the convolutions: by Keras' description if the file has it, else by what is kept
/// of a normalisation. A head may normalise; PyTorch's has another name before the last dots than the convolutions.
fn normalises(file: &TensorFile) -> bool {
    if let Some(text) = &file.graph {
        return text.find("\"BatchNormalization\"") < text.rfind("\"Conv2D\"")
            && text.contains("\"BatchNormalization\"");
    }
    let container =
        |tensor: &NamedTensor| tensor.layer().rsplit_once('.').map_or("", |(container, _)| container).to_owned();
    let is_statistic =
        |tensor: &&NamedTensor| ["running_mean", "moving_mean"].iter().any(|name| tensor.name.contains(name));
    let mut kernels = file.tensors.iter().filter(|tensor| convolution(file, tensor).is_some());
    let of_convolutions = kernels.next().map(container);
    file.tensors.iter().filter(is_statistic).any(|tensor| of_convolutions == Some(container(tensor)))
}

/// The tensor and its bias, if it is the kernel of a 3x3 convolution. (An optimizer's moments of a kernel have no bias.)
fn convolution<'a>(file: &'a TensorFile, kernel: &'a NamedTensor) -> Option<(&'a NamedTensor, &'a NamedTensor)> {
    let [3, 3, _, outputs] = file.dialect.sides(&kernel.shape)? else { return None };
    Some((kernel, bias_of(file, kernel, outputs)?))
}

/// The only other tensor of a kernel's layer, with one number for each of `outputs`.
fn bias_of<'a>(file: &'a TensorFile, kernel: &NamedTensor, outputs: usize) -> Option<&'a NamedTensor> {
    let mut others =
        file.tensors.iter().filter(|tensor| tensor.layer() == kernel.layer() && tensor.name != kernel.name);
    others.next().filter(|bias| bias.shape == [outputs] && others.next().is_none())
}

/// The numbers of one convolution, held against what the network needs.
pub(super) fn conv_weights(
    file: &TensorFile,
    conv: &Conv,
    kernel: &NamedTensor,
    bias: &NamedTensor,
    path: &Path,
) -> Result<ConvWeights, WeightsError> {
    let sides = file.dialect.sides(&kernel.shape);
    let needed = [3, 3, conv.inputs, conv.outputs];
    if sides != Some(needed) {
        let [.., inputs, outputs] = sides.unwrap_or_default();
        return Err(WeightsError::WrongShape {
            path: path.to_owned(),
            tensor: kernel.name.clone(),
            expected: conv.weight_shape().to_vec(),
            found: vec![outputs, inputs, 3, 3],
        });
    }
    let weight = file.dialect.to_torch(finite(kernel, path)?, conv.inputs, conv.outputs);
    let bias = finite(bias, path)?;
    if bias.len() != conv.outputs {
        let found = format!("{} biases for {} outputs of `{}`", bias.len(), conv.outputs, kernel.name);
        return Err(WeightsError::OtherNetwork { path: path.to_owned(), found });
    }
    Ok(ConvWeights { weight, bias })
}

/// The tensor's numbers, as many as its shape says and none of them NaN or infinite.
pub(super) fn finite(tensor: &NamedTensor, path: &Path) -> Result<Vec<f32>, WeightsError> {
    let numbers = (tensor.read)().map_err(|fault| fault.of(path, &tensor.name))?;
    if numbers.len() != tensor.shape.iter().product::<usize>() {
        let cause = format!("`{}` holds {} numbers, its shape is {:?}", tensor.name, numbers.len(), tensor.shape);
        return Err(WeightsError::Damaged { path: path.to_owned(), cause });
    }
    if numbers.iter().all(|value| value.is_finite()) {
        Ok(numbers)
    } else {
        Err(WeightsError::NotFinite { path: path.to_owned(), tensor: tensor.name.clone() })
    }
}

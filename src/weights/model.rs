//! A user's own Keras model, VGG16 with Flatten and one Dense layer: its frozen convolutions, and the Dense layer as plain
//! numbers.

use std::path::{Path, PathBuf};

use super::error::WeightsError;
use super::format;
use super::keras_graph::{self, KerasLayers};
use super::matching::{self, ConvWeights};
use super::tensor_file::{NamedTensor, TensorFile};
use crate::config::{Preparation, Preprocessing};
use crate::domain::ContentHash;
use crate::domain::vgg16::{Conv, POOL_SIDE, VGG16};
use crate::stats::Activation;

const POOL: usize = POOL_SIDE * POOL_SIDE;

/// A model before its classes have names and its convolutions a place.
pub(crate) struct KerasModel {
    /// The file that was read.
    pub(crate) file: PathBuf,
    /// In the order of the network.
    pub(crate) convs: Vec<ConvWeights>,
    /// How images are prepared for it.
    pub(crate) input: Preparation,
    pub(crate) dense: DenseWeights,
    /// Of the file.
    pub(crate) sha256: ContentHash,
}

/// The Dense layer: weights `[outputs, channels * 49]` over pool5 flattened channel first, and a bias an output.
#[derive(Debug, PartialEq)]
pub(crate) struct DenseWeights {
    pub(crate) weight: Vec<f32>,
    pub(crate) bias: Vec<f32>,
    /// What the outputs become.
    pub(crate) activation: Activation,
}

/// How many classes a model file distinguishes.
///
/// # Errors
/// What is wrong with the file.
pub fn count_model_classes(file: &Path) -> Result<usize, WeightsError> {
    Ok(read_model(file, Preprocessing::Auto)?.dense.bias.len())
}

/// Reads a `.h5` or `.keras` model.
///
/// # Errors
/// What is wrong with the file: not a whole model, not plain VGG16, or layers that gradwatch does not have.
pub(crate) fn read_model(file: &Path, preprocessing: Preprocessing) -> Result<KerasModel, WeightsError> {
    read_model_of(file, &VGG16, preprocessing)
}

/// The same of a model whose convolutions are those of `plan`.
pub(crate) fn read_model_of(
    file: &Path,
    plan: &[Conv],
    preprocessing: Preprocessing,
) -> Result<KerasModel, WeightsError> {
    let (tensors, sha256) = format::open(file)?;
    let refuse = |reason: String| WeightsError::ForeignModel { path: file.to_owned(), reason };
    let Some(text) = &tensors.graph else {
        return Err(refuse("it has weights but no layers: save the whole model, with model.save(...)".to_owned()));
    };
    let around = keras_graph::read(text, plan.len()).map_err(refuse)?;
    let convs = matching::convolutions(&tensors, plan, file)?;
    let n_channels = plan.last().map_or(0, |conv| conv.outputs);
    let dense = dense_weights(&tensors, file, &around, n_channels)?;
    let input = preprocessing.fixed().or(around.input).unwrap_or_else(|| tensors.dialect.input());
    Ok(KerasModel { file: file.to_owned(), convs, input, dense, sha256 })
}

/// The Dense layer above convolutions with `n_channels` outputs.
fn dense_weights(
    tensors: &TensorFile,
    file: &Path,
    around: &KerasLayers,
    n_channels: usize,
) -> Result<DenseWeights, WeightsError> {
    let refuse = |reason: String| WeightsError::ForeignModel { path: file.to_owned(), reason };
    let (kernel, bias) = dense(tensors).ok_or_else(|| refuse("its Dense layer has no kernel and bias".to_owned()))?;
    let &[n_inputs, n_units] = kernel.shape.as_slice() else {
        return Err(refuse("its Dense kernel is no matrix".into()));
    };
    let expected = if around.averages { n_channels } else { n_channels * POOL };
    if n_inputs != expected {
        return Err(refuse(format!("its Dense layer has {n_inputs} inputs, not {expected}: images must be 224x224")));
    }
    let (kernel, bias) = (matching::finite(kernel, file)?, matching::finite(bias, file)?);
    let weight = channel_first(&kernel, n_units, n_channels, around.averages);
    two_or_more(DenseWeights { weight, bias, activation: around.activation }).map_err(refuse)
}

/// The one matrix of the file, with its bias.
fn dense(file: &TensorFile) -> Option<(&NamedTensor, &NamedTensor)> {
    let mut matrices = file.tensors.iter().filter(|tensor| tensor.shape.len() == 2);
    let kernel = matrices.next().filter(|_| matrices.next().is_none())?;
    Some((kernel, matching::bias_of(file, kernel, kernel.shape[1])?))
}

/// From Keras' `[rows * columns * channels, outputs]` to PyTorch's `[outputs, channels * rows * columns]`. An average over
/// positions is a sum with a 49th of the weight at each.
fn channel_first(kernel: &[f32], n_units: usize, n_channels: usize, averages: bool) -> Vec<f32> {
    let at = |unit: usize, channel: usize, position: usize| {
        if averages {
            kernel[channel * n_units + unit] / POOL as f32
        } else {
            kernel[(position * n_channels + channel) * n_units + unit]
        }
    };
    let positions = |unit, channel| (0..POOL).map(move |position| at(unit, channel, position));
    let channels = |unit| (0..n_channels).flat_map(move |channel| positions(unit, channel));
    (0..n_units).flat_map(channels).collect()
}

/// A single sigmoid speaks for the second of two classes; as two of them, the first is its mirror image, exactly.
fn two_or_more(dense: DenseWeights) -> Result<DenseWeights, String> {
    match (dense.bias.len(), dense.activation) {
        (1, Activation::Softmax) => Err("its softmax has a single output, which is always 1".to_owned()),
        (1, Activation::Sigmoid) => {
            let mirrored = |values: Vec<f32>| values.iter().map(|value| -value).chain(values.clone()).collect();
            Ok(DenseWeights { weight: mirrored(dense.weight), bias: mirrored(dense.bias), ..dense })
        }
        _ => Ok(dense),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{fixture, thin_vgg16};
    use super::*;

    #[test]
    fn a_file_that_is_no_such_model_is_refused_with_the_reason() {
        let refusal = |name: &str| {
            let error = read_model_of(&fixture(name), &thin_vgg16(), Preprocessing::Auto).err().unwrap().to_string();
            error.replace(&fixture(name).display().to_string(), "FILE")
        };
        let expected = "`FILE` is not a model that gradwatch can import (VGG16, Flatten and one Dense layer): it has \
                        weights but no layers: save the whole model, with model.save(...); see docs/WEIGHTS.md";
        assert_eq!(refusal("keras3-nested.weights.h5"), expected);
        assert_eq!(refusal("zip.pth"), expected);
        assert!(
            refusal("keras3-max-pooling.keras")
                .contains("it has not exactly one Flatten or GlobalAveragePooling2D layer; ")
        );
    }
}

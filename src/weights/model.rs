//! A user's own Keras model, layers above a frozen VGG16: its convolutions, and the layers above them with their numbers.

mod activation;
mod convolutions;
mod graph;
mod head;
mod inbound;
mod inert;
mod input;
mod levels;
mod parameters;

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::error::WeightsError;
use super::format;
use super::layer::{Layer, Shape};
use super::matching::{self, ConvWeights};
use super::tensor_file::TensorFile;
use crate::config::{Preparation, Preprocessing};
use crate::domain::vgg16::{Conv, INPUT_SIDE, VGG16};
use crate::domain::{ContentHash, Resize};
use crate::stats::Activation;
use convolutions::ModelParts;
use head::HeadReader;
use input::ModelInput;

/// In the description of a model that Keras 3 wrote; before, it was `batch_input_shape`.
const KERAS_3: &str = "\"batch_shape\"";

/// A model before its classes have names and its convolutions a place.
pub(crate) struct KerasModel {
    /// The file that was read.
    pub(crate) file: PathBuf,
    /// In the order of the network.
    pub(crate) convs: Vec<ConvWeights>,
    /// How images are prepared for it.
    pub(crate) input: Preparation,
    /// Whether the model itself prepares images so; else it is Keras' usual way, or what was asked for.
    pub(crate) input_said: bool,
    /// Pixels a side of its images; nothing where it takes any size.
    pub(crate) input_side: Option<u32>,
    /// How it resizes images itself, if it does.
    pub(crate) resize: Option<Resize>,
    /// Above pool5, in order; the last gives the outputs before their activation.
    pub(crate) layers: Vec<Layer>,
    /// What the outputs become.
    pub(crate) activation: Activation,
    /// Outputs of the last layer.
    pub(crate) n_outputs: usize,
    /// Of the file.
    pub(crate) sha256: ContentHash,
}

impl KerasModel {
    /// Classes that it distinguishes: a single sigmoid speaks for the second of two.
    pub(crate) fn n_classes(&self) -> usize {
        self.n_outputs.max(2)
    }

    /// The output that the logit of `class` comes from, and its factor: of a single output, the first class is its mirror
    /// image.
    pub(crate) fn row_of(&self, class: usize) -> (usize, f32) {
        if self.n_outputs == 1 { (0, if class == 0 { -1.0 } else { 1.0 }) } else { (class, 1.0) }
    }

    /// The shape of pool5 for images of `side` pixels.
    pub(crate) fn grid(&self, side: u32) -> Shape {
        grid(side, self.convs.last().map_or(0, |conv| conv.bias.len()))
    }
}

/// Five pools halve the side, each rounding down.
fn grid(side: u32, channels: usize) -> Shape {
    let side = side as usize >> 5;
    Shape { rows: side, columns: side, channels }
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
    model(&tensors, sha256, plan, (file, preprocessing))
}

fn model(
    tensors: &TensorFile,
    sha256: ContentHash,
    plan: &[Conv],
    (file, preprocessing): (&Path, Preprocessing),
) -> Result<KerasModel, WeightsError> {
    let refuse = |reason: String| WeightsError::ForeignModel { path: file.to_owned(), reason };
    let Some(text) = &tensors.graph else {
        return Err(refuse("it has weights but no layers: save the whole model, with model.save(...)".to_owned()));
    };
    let root: Value =
        serde_json::from_str(text).map_err(|error| refuse(format!("its description is no JSON ({error})")))?;
    let chain = graph::chain(&root).map_err(refuse)?;
    let ModelParts { below, convs: layers, above } = convolutions::parts(&chain, plan).map_err(refuse)?;
    let ModelInput { preparation, side, resize } = match layers.first() {
        Some(first) => input::read(below, first, (tensors, file))?,
        None => ModelInput::default(),
    };
    let pool5 = grid(side.unwrap_or(INPUT_SIDE as u32), plan.last().map_or(0, |conv| conv.outputs));
    let reader = HeadReader::new(tensors, file, !text.contains(KERAS_3), pool5);
    let (head, activation, n_outputs) = reader.read(above)?;
    if n_outputs == 1 && activation == Activation::Softmax {
        return Err(refuse("its softmax has a single output, which is always 1".to_owned()));
    }
    let convs = conv_weights(tensors, &layers, plan, file)?;
    let input = preprocessing.fixed().or(preparation).unwrap_or_else(|| tensors.dialect.input());
    let (input_said, input_side, file, layers) = (preparation.is_some(), side, file.to_owned(), head);
    Ok(KerasModel { file, convs, input, input_said, input_side, resize, layers, activation, n_outputs, sha256 })
}

fn conv_weights(
    tensors: &TensorFile,
    layers: &[&graph::KerasLayer<'_>],
    plan: &[Conv],
    path: &Path,
) -> Result<Vec<ConvWeights>, WeightsError> {
    let refuse = |reason| WeightsError::ForeignModel { path: path.to_owned(), reason };
    let weights = |(conv, layer): (&Conv, &&graph::KerasLayer<'_>)| {
        let (kernel, bias) = convolutions::tensors(tensors, layer).map_err(refuse)?;
        matching::conv_weights(tensors, conv, kernel, bias, path)
    };
    plan.iter().zip(layers).map(weights).collect()
}

#[cfg(test)]
mod tests;

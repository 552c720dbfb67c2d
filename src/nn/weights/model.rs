//! A user's own Keras model, VGG16 with Flatten and one Dense layer, as the two files that gradwatch keeps of a model:
//! the frozen convolutions, and the layer above them.

use std::path::Path;

use super::super::{Head, NnError};
use super::contents::{Array, Contents};
use super::{Layer, folder, graph, matching, open};
use crate::config::{Preparation, Preprocessing};
use crate::domain::vgg16::{Conv, POOL_SIDE, VGG16};
use crate::domain::{BackboneRecord, ClassName, ContentHash};
use crate::stats::Activation;

const POOL: usize = POOL_SIDE * POOL_SIDE;

/// What became of the file.
#[derive(Debug)]
pub struct ImportedModel {
    /// Its layer; classes sorted by name.
    pub head: Head,
    /// Its convolutions, as people read it.
    pub backbone: String,
    /// The same for records.
    pub record: BackboneRecord,
    /// SHA-256 of the file that was read.
    pub source: ContentHash,
}

/// A model before its classes have names and its convolutions a place.
pub(super) struct Parts {
    pub(super) layers: Vec<Layer>,
    pub(super) input: Preparation,
    pub(super) top: Top,
    source: ContentHash,
}

/// The layer above: weights `[outputs, channels * 49]` over pool5 flattened channel first.
#[derive(Debug, PartialEq)]
pub(super) struct Top {
    pub(super) weight: Vec<f32>,
    pub(super) bias: Vec<f32>,
    pub(super) activation: Activation,
}

/// Classes that a model file tells apart.
///
/// # Errors
/// What is wrong with the file.
pub fn count_model_classes(file: &Path) -> Result<usize, NnError> {
    Ok(parts(file, &VGG16, Preprocessing::Auto)?.top.bias.len())
}

/// Reads a `.h5` or `.keras` model, writes its convolutions into the weights folder (unless the same ones are there
/// already), and makes its layer, whose outputs are `classes` in that order.
///
/// # Errors
/// What is wrong with the file: not a whole model, not plain VGG16, layers that gradwatch does not have, or another number
/// of classes.
pub fn import_model(
    file: &Path,
    classes: Vec<ClassName>,
    weights_dir: &Path,
    preprocessing: Preprocessing,
) -> Result<ImportedModel, NnError> {
    let Parts { layers, input, top, source } = parts(file, &VGG16, preprocessing)?;
    let head = head(&top, classes).map_err(|reason| foreign(file, reason))??;
    let stored = folder::place(weights_dir, file, &source, input, &layers)?;
    let sha256 = stored.sha256?;
    let name = stored.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let record = BackboneRecord { sha256, origin: folder::FILE_ORIGIN.to_owned(), preprocessing: input.to_string() };
    Ok(ImportedModel { head, backbone: format!("VGG16 ({name})"), record, source })
}

fn foreign(file: &Path, reason: String) -> NnError {
    NnError::ForeignModel { path: file.to_owned(), reason }
}

/// The head with its classes sorted by name, as all of gradwatch's are.
fn head(top: &Top, mut classes: Vec<ClassName>) -> Result<Result<Head, NnError>, String> {
    let n = top.bias.len();
    if classes.len() != n {
        return Err(format!("it tells {n} classes apart, and {} are named", classes.len()));
    }
    let n_features = top.weight.len() / n;
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|a, b| classes[*a].cmp(&classes[*b]));
    let weight = order.iter().flat_map(|at| &top.weight[at * n_features..][..n_features]).copied().collect();
    let bias = order.iter().map(|at| top.bias[*at]).collect();
    classes.sort();
    if classes.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err("two of its classes have the same name".to_owned());
    }
    Ok(Head::new(classes, top.activation, weight, bias))
}

pub(super) fn parts(file: &Path, plan: &[Conv], preprocessing: Preprocessing) -> Result<Parts, NnError> {
    let (contents, source) = open(file)?;
    let refuse = |reason: String| foreign(file, reason);
    let Some(text) = &contents.graph else {
        return Err(refuse("it has weights but no layers: save the whole model, with model.save(...)".to_owned()));
    };
    let around = graph::read(text, plan.len()).map_err(refuse)?;
    let layers = matching::layers(&contents, plan, file)?;
    let n_channels = plan.last().map_or(0, |conv| conv.outputs);
    let (kernel, bias) = dense(&contents).ok_or_else(|| refuse("its Dense layer has no kernel and bias".to_owned()))?;
    let &[n_inputs, n_units] = kernel.shape.as_slice() else {
        return Err(refuse("its Dense kernel is no matrix".into()));
    };
    let expected = if around.averages { n_channels } else { n_channels * POOL };
    if n_inputs != expected {
        return Err(refuse(format!("its Dense layer has {n_inputs} inputs, not {expected}: pictures must be 224x224")));
    }
    let (kernel, bias) = (matching::finite(kernel, file)?, matching::finite(bias, file)?);
    let weight = channel_first(&kernel, n_units, n_channels, around.averages);
    let top = several(Top { weight, bias, activation: around.activation }).map_err(refuse)?;
    let input = preprocessing.fixed().or(around.input).unwrap_or_else(|| contents.dialect.input());
    Ok(Parts { layers, input, top, source })
}

/// The one matrix of the file, with its bias.
fn dense(contents: &Contents) -> Option<(&Array, &Array)> {
    let mut matrices = contents.arrays.iter().filter(|array| array.shape.len() == 2);
    let kernel = matrices.next().filter(|_| matrices.next().is_none())?;
    Some((kernel, matching::bias_of(contents, kernel, kernel.shape[1])?))
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
fn several(top: Top) -> Result<Top, String> {
    match (top.bias.len(), top.activation) {
        (1, Activation::Softmax) => Err("its softmax has a single output, which is always 1".to_owned()),
        (1, Activation::Sigmoid) => {
            let mirrored = |values: Vec<f32>| values.iter().map(|value| -value).chain(values.clone()).collect();
            Ok(Top { weight: mirrored(top.weight), bias: mirrored(top.bias), ..top })
        }
        _ => Ok(top),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use tch::Device;

    use super::super::tests::{fixture, thin_vgg16};
    use super::*;
    use crate::imaging::Rgb8;
    use crate::nn::network::Network;
    use crate::nn::precision::Precision;

    /// `make.py`'s picture.
    fn picture() -> Rgb8 {
        let byte = |at: usize| {
            let (y, x, c) = (at / 672, at / 3 % 224, at % 3);
            (x * (c + 1) + y * 3 + x * y / 7) as u8
        };
        Rgb8 { width: 224, height: 224, data: (0..224 * 224 * 3).map(byte).collect() }
    }

    fn scores(name: &str) -> Vec<f64> {
        let Parts { layers, input, top, .. } = parts(&fixture(name), &thin_vgg16(), Preprocessing::Auto).unwrap();
        let network = Network::new(&thin_vgg16(), &layers, input, Device::Cpu, Precision::F32).unwrap();
        let pool5 = network.forward(&[picture()]).unwrap().remove(0).pool5;
        let dot = |row: &[f32]| row.iter().zip(&pool5).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
        let rows = top.weight.chunks_exact(pool5.len()).zip(&top.bias);
        let logits: Vec<f64> = rows.map(|(row, bias)| dot(row) + f64::from(*bias)).collect();
        top.activation.scores(&logits)
    }

    #[test]
    fn predictions_are_those_of_the_real_keras() {
        let text = std::fs::read_to_string(fixture("predictions.json")).unwrap();
        let expected: BTreeMap<String, Vec<f64>> = serde_json::from_str(&text).unwrap();
        assert_eq!(expected.len(), 5);
        for (name, keras) in expected {
            let ours = scores(&name);
            // One unit speaks for the second class.
            let ours = &ours[ours.len() - keras.len()..];
            for (ours, keras) in ours.iter().zip(&keras) {
                assert!((ours - keras).abs() < 1e-4, "{name}: {ours} is not {keras}");
            }
        }
    }

    #[test]
    fn a_single_unit_becomes_two_that_add_up_to_one() {
        let scores = scores("keras3-one-unit-rescaling.keras");
        assert!((scores[0] + scores[1] - 1.0).abs() < 1e-12, "{scores:?}");
        let one = parts(&fixture("keras3-one-unit-rescaling.keras"), &thin_vgg16(), Preprocessing::Auto).unwrap();
        assert_eq!(one.input, Preparation::Rescale);
        let told = parts(&fixture("keras3-nested.h5"), &thin_vgg16(), Preprocessing::Fixed(Preparation::Raw)).unwrap();
        assert_eq!(told.input, Preparation::Raw);
    }

    #[test]
    fn a_file_that_is_no_such_model_is_refused_with_the_reason() {
        let refusal = |name: &str| {
            let error = parts(&fixture(name), &thin_vgg16(), Preprocessing::Auto).err().unwrap().to_string();
            error.replace(&fixture(name).display().to_string(), "FILE")
        };
        let expected = "`FILE` is no model that gradwatch can take over (VGG16, Flatten and one Dense layer): \
                        it has weights but no layers: save the whole model, with model.save(...)";
        assert_eq!(refusal("keras3-nested.weights.h5"), expected);
        assert_eq!(refusal("zip.pth"), expected);
        assert!(
            refusal("keras3-max-pooling.keras")
                .ends_with("it has not exactly one Flatten or GlobalAveragePooling2D layer")
        );
    }

    #[test]
    fn classes_are_sorted_with_their_weights() {
        let name = |text: &str| ClassName::new(text).unwrap();
        let weight: Vec<f32> = [1.0, 2.0].iter().flat_map(|value| vec![*value; 25_088]).collect();
        let top = Top { weight, bias: vec![0.5, -0.5], activation: Activation::Sigmoid };
        let sorted = head(&top, vec![name("normal"), name("covid")]).unwrap().unwrap();
        assert_eq!(sorted.classes(), [name("covid"), name("normal")]);
        assert_eq!((sorted.weight_of(0)[0] as i32, sorted.bias()), (2, [-0.5, 0.5].as_slice()));
        let wrong = head(&top, vec![name("a")]).unwrap_err();
        assert_eq!(wrong, "it tells 2 classes apart, and 1 are named");
        assert!(head(&top, vec![name("a"), name("a")]).is_err());
    }
}

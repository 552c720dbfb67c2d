//! A user's own Keras model as the two files that gradwatch keeps of a model: its convolutions, and its head.

use std::path::Path;

use super::dense::Head;
use super::error::HeadError;
use crate::domain::vgg16::INPUT_SIDE;
use crate::domain::{BackboneRecord, ClassName, ContentHash, Resize};
use crate::weights::{self, DenseWeights, FILE_ORIGIN, KerasModel, WeightsError};

/// What became of the file.
#[derive(Debug)]
pub struct ImportedModel {
    /// Its Dense layer; classes sorted by name.
    pub head: Head,
    /// Its convolutions, as people read it.
    pub backbone: String,
    /// The same for records.
    pub record: BackboneRecord,
    /// SHA-256 of the file that was read.
    pub source: ContentHash,
}

/// Writes the convolutions of `model` into the weights folder (unless the same ones are there already), and makes its
/// head, whose outputs are `classes` in that order.
///
/// # Errors
/// Another number of classes, two of the same name, or a folder that cannot be written.
pub(crate) fn import_model(
    model: &KerasModel,
    classes: &[ClassName],
    weights_dir: &Path,
) -> Result<ImportedModel, HeadError> {
    let order = by_name(classes, model.dense.bias.len())
        .map_err(|reason| WeightsError::ForeignModel { path: model.file.clone(), reason })?;
    let head = head(&model.dense, classes, &order)?;
    let stored = weights::store_model(weights_dir, model)?;
    let name = stored.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let (origin, preprocessing) = (FILE_ORIGIN.to_owned(), model.input.to_string());
    let (input_side, resize) = (INPUT_SIDE as u32, Resize::Antialias);
    let record = BackboneRecord { sha256: stored.sha256?, origin, preprocessing, input_side, resize };
    Ok(ImportedModel { head, backbone: format!("VGG16 ({name})"), record, source: model.sha256 })
}

/// The indices of the classes in the order of their names, as all of gradwatch's heads have them; the error is a clause.
fn by_name(classes: &[ClassName], n: usize) -> Result<Vec<usize>, String> {
    if classes.len() != n {
        return Err(format!("it distinguishes {n} classes, and {} are named", classes.len()));
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|a, b| classes[*a].cmp(&classes[*b]));
    if order.windows(2).any(|pair| classes[pair[0]] == classes[pair[1]]) {
        return Err("two of its classes have the same name".to_owned());
    }
    Ok(order)
}

fn head(dense: &DenseWeights, classes: &[ClassName], order: &[usize]) -> Result<Head, HeadError> {
    let n_features = dense.weight.len() / dense.bias.len();
    let weight = order.iter().flat_map(|at| &dense.weight[at * n_features..][..n_features]).copied().collect();
    let bias = order.iter().map(|at| dense.bias[*at]).collect();
    let classes = order.iter().map(|at| classes[*at].clone()).collect();
    Head::new(classes, dense.activation, weight, bias)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Activation;

    #[test]
    fn classes_are_sorted_with_their_weights() {
        let name = |text: &str| ClassName::new(text).unwrap();
        let weight: Vec<f32> = [1.0, 2.0].iter().flat_map(|value| vec![*value; 25_088]).collect();
        let dense = DenseWeights { weight, bias: vec![0.5, -0.5], activation: Activation::Sigmoid };
        let classes = [name("normal"), name("covid")];
        let sorted = head(&dense, &classes, &by_name(&classes, 2).unwrap()).unwrap();
        assert_eq!(sorted.classes(), [name("covid"), name("normal")]);
        assert_eq!((sorted.weight_of(0)[0] as i32, sorted.bias()), (2, [-0.5, 0.5].as_slice()));
        assert_eq!(by_name(&[name("a")], 2).unwrap_err(), "it distinguishes 2 classes, and 1 are named");
        assert_eq!(by_name(&[name("a"), name("a")], 2).unwrap_err(), "two of its classes have the same name");
    }
}

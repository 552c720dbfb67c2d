//! A user's own Keras model as the two files that gradwatch keeps of a model: its convolutions, and its head.

use std::path::Path;

use super::classifier::Head;
use super::error::HeadError;
use crate::domain::vgg16::INPUT_SIDE;
use crate::domain::{BackboneRecord, ClassName, ContentHash};
use crate::weights::{self, FILE_ORIGIN, KerasModel, Layer, WeightsError};

/// What became of the file.
#[derive(Debug)]
pub struct ImportedModel {
    /// The layers above its convolutions; classes sorted by name.
    pub head: Head,
    /// Its convolutions, as people read it.
    pub backbone: String,
    /// The same for records.
    pub record: BackboneRecord,
    /// SHA-256 of the file that was read.
    pub source: ContentHash,
}

/// Writes the convolutions of `model` into the weights folder (unless the same ones are there already), and makes its
/// head, whose outputs are `classes` in that order. A model that takes images of any size gets those of 224x224.
///
/// # Errors
/// Another number of classes, two of the same name, or a folder that cannot be written.
pub(crate) fn import_model(
    model: &KerasModel,
    classes: &[ClassName],
    weights_dir: &Path,
) -> Result<ImportedModel, HeadError> {
    let head = head_of(model, classes)?;
    let stored = weights::store_model(weights_dir, model)?;
    let name = stored.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let (origin, preprocessing) = (FILE_ORIGIN.to_owned(), model.input.to_string());
    let (input_side, resize) = (side_of(model), model.resize.unwrap_or_default());
    let record = BackboneRecord { sha256: stored.sha256?, origin, preprocessing, input_side, resize };
    Ok(ImportedModel { head, backbone: format!("VGG16 ({name})"), record, source: model.sha256 })
}

fn side_of(model: &KerasModel) -> u32 {
    model.input_side.unwrap_or(INPUT_SIDE as u32)
}

/// The head of `model`, whose outputs are `classes` in that order.
///
/// # Errors
/// Another number of classes, two of the same name, or layers that do not fit the size of the images.
pub(crate) fn head_of(model: &KerasModel, classes: &[ClassName]) -> Result<Head, HeadError> {
    let refuse = |reason| WeightsError::ForeignModel { path: model.file.clone(), reason };
    let order = by_name(classes, model.n_classes()).map_err(refuse)?;
    let rows: Vec<(usize, f32)> = order.iter().map(|class| model.row_of(*class)).collect();
    let sorted = order.iter().map(|at| classes[*at].clone()).collect();
    let mut layers = model.layers.clone();
    select(&mut layers, model.n_outputs, &rows);
    Head::of_layers(sorted, model.activation, model.grid(side_of(model)), layers)
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

/// Makes the outputs those of `rows`: for each the output that it comes from, and its factor, 1 or -1.
fn select(layers: &mut Vec<Layer>, n_outputs: usize, rows: &[(usize, f32)]) {
    if let Some(Layer::Dense { units, weight, bias }) = layers.last_mut() {
        let of = |values: &[f32]| rows.iter().map(|(from, factor)| factor * values[*from]).collect::<Vec<f32>>();
        *weight = weight.chunks_exact(*units).flat_map(of).collect();
        *bias = of(bias);
        *units = rows.len();
        return;
    }
    let factor = |output: usize, (from, factor): &(usize, f32)| if *from == output { *factor } else { 0.0 };
    let weight = (0..n_outputs).flat_map(|output| rows.iter().map(move |row| factor(output, row))).collect();
    layers.push(Layer::Dense { units: rows.len(), weight, bias: vec![0.0; rows.len()] });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_sorted_with_their_outputs() {
        let dense = Layer::Dense { units: 2, weight: vec![1.0, 2.0, 3.0, 4.0], bias: vec![0.5, -0.5] };
        let mut layers = vec![dense.clone()];
        select(&mut layers, 2, &[(1, 1.0), (0, 1.0)]);
        let swapped = Layer::Dense { units: 2, weight: vec![2.0, 1.0, 4.0, 3.0], bias: vec![-0.5, 0.5] };
        assert_eq!(layers, [swapped]);
        let scale = Layer::Scale { factor: vec![1.0], shift: vec![0.0] };
        let mut layers = vec![scale.clone()];
        select(&mut layers, 1, &[(0, -1.0), (0, 1.0)]);
        assert_eq!(layers, [scale, Layer::Dense { units: 2, weight: vec![-1.0, 1.0], bias: vec![0.0; 2] }]);
        let name = |text: &str| ClassName::new(text).unwrap();
        assert_eq!(by_name(&[name("normal"), name("covid")], 2).unwrap(), [1, 0]);
        assert_eq!(by_name(&[name("a")], 2).unwrap_err(), "it distinguishes 2 classes, and 1 are named");
        assert_eq!(by_name(&[name("a"), name("a")], 2).unwrap_err(), "two of its classes have the same name");
    }
}

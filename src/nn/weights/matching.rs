//! Which arrays of a file are the network's convolutions: found by shape and order, whatever they are called.

use std::path::Path;

use super::super::NnError;
use super::Layer;
use super::contents::{Array, Contents};
use crate::domain::vgg16::Conv;

/// The layers of `plan`, in PyTorch's order of numbers, each checked.
pub(super) fn layers(contents: &Contents, plan: &[Conv], path: &Path) -> Result<Vec<Layer>, NnError> {
    let other = |found: String| NnError::OtherNetwork { path: path.to_owned(), found };
    let is_statistic = |array: &Array| ["running_mean", "moving_mean"].iter().any(|name| array.name.contains(name));
    if contents.arrays.iter().any(is_statistic) {
        return Err(other("it normalises between its layers (as vgg16_bn does)".to_owned()));
    }
    let found: Vec<(&Array, &Array)> =
        contents.arrays.iter().filter_map(|array| convolution(contents, array)).collect();
    if found.len() != plan.len() {
        let (n, needed) = (found.len(), plan.len());
        return Err(other(format!(
            "of its {} arrays, {n} are 3x3 convolutions with a bias, not {needed}",
            contents.arrays.len()
        )));
    }
    plan.iter().zip(found).map(|(conv, (kernel, bias))| layer(contents, conv, kernel, bias, path)).collect()
}

/// The array and its bias, if it is the kernel of a 3x3 convolution. (An optimizer's memory of a kernel has no bias.)
fn convolution<'a>(contents: &'a Contents, kernel: &'a Array) -> Option<(&'a Array, &'a Array)> {
    let [3, 3, _, outputs] = contents.dialect.sides(&kernel.shape)? else { return None };
    Some((kernel, bias_of(contents, kernel, outputs)?))
}

/// The only other array of a kernel's layer, with one number for each of `outputs`.
pub(super) fn bias_of<'a>(contents: &'a Contents, kernel: &Array, outputs: usize) -> Option<&'a Array> {
    let mut others =
        contents.arrays.iter().filter(|array| array.layer() == kernel.layer() && array.name != kernel.name);
    others.next().filter(|bias| bias.shape == [outputs] && others.next().is_none())
}

fn layer(contents: &Contents, conv: &Conv, kernel: &Array, bias: &Array, path: &Path) -> Result<Layer, NnError> {
    let sides = contents.dialect.sides(&kernel.shape);
    let needed = [3, 3, conv.inputs, conv.outputs];
    if sides != Some(needed) {
        let [.., inputs, outputs] = sides.unwrap_or_default();
        return Err(NnError::WrongShape {
            path: path.to_owned(),
            tensor: kernel.name.clone(),
            expected: conv.weight_shape().to_vec(),
            found: vec![outputs, inputs, 3, 3],
        });
    }
    let weight = contents.dialect.to_torch(finite(kernel, path)?, conv.inputs, conv.outputs);
    Ok(Layer { weight, bias: finite(bias, path)? })
}

/// The array's numbers, as many as its shape says and none of them NaN or infinite.
pub(super) fn finite(array: &Array, path: &Path) -> Result<Vec<f32>, NnError> {
    let numbers = (array.read)().map_err(|fault| fault.of(path, &array.name))?;
    if numbers.len() != array.shape.iter().product::<usize>() {
        let cause = format!("`{}` holds {} numbers, its shape is {:?}", array.name, numbers.len(), array.shape);
        return Err(NnError::Damaged { path: path.to_owned(), cause });
    }
    if numbers.iter().all(|value| value.is_finite()) {
        Ok(numbers)
    } else {
        Err(NnError::NotFinite { path: path.to_owned(), tensor: array.name.clone() })
    }
}

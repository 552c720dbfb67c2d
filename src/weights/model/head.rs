//! The layers above VGG16's last pooling, as layers of a head with their numbers.

use std::path::Path;

use serde_json::Value;

use super::activation;
use super::graph::KerasLayer;
use super::inert::is_inert;
use super::parameters::{self, Parameter};
use crate::stats::Activation;
use crate::weights::error::WeightsError;
use crate::weights::layer::{Layer, Pooling, Shape};
use crate::weights::matching::finite;
use crate::weights::tensor_file::{NamedTensor, TensorFile};

const KERNEL: Parameter = Parameter::new("kernel", "W", 0);
const BIAS: Parameter = Parameter::new("bias", "b", 1);

/// Reads the layers of a head, one after the other.
pub(super) struct HeadReader<'f> {
    file: &'f TensorFile,
    path: &'f Path,
    /// Whether `hard_sigmoid` is that of Keras 1 and 2.
    steep: bool,
    layers: Vec<Layer>,
    /// The shape that reaches the next layer.
    shape: Shape,
    /// Whether Keras has dropped the rows and columns, so that channels are axis 1.
    flat: bool,
}

impl<'f> HeadReader<'f> {
    /// `pool5` is what the head takes.
    pub(super) fn new(file: &'f TensorFile, path: &'f Path, steep: bool, pool5: Shape) -> Self {
        Self { file, path, steep, layers: Vec::new(), shape: pool5, flat: false }
    }

    /// The layers of `chain`, but for the last activation, which becomes that of the model; and the number of outputs.
    pub(super) fn read(mut self, chain: &[KerasLayer<'_>]) -> Result<(Vec<Layer>, Activation, usize), WeightsError> {
        for layer in chain.iter().filter(|layer| !is_inert(layer)) {
            self.add(layer)?;
        }
        let outputs = match self.layers.pop() {
            Some(Layer::Softmax) => Ok(Activation::Softmax),
            Some(Layer::Function(crate::weights::layer::Function::Sigmoid)) => Ok(Activation::Sigmoid),
            Some(other @ Layer::Function(_)) => {
                Err(format!("its outputs go through {}, not a sigmoid or softmax", activation::name(&other)))
            }
            _ => Err("its outputs have neither a sigmoid nor a softmax".to_owned()),
        };
        let activation = outputs.map_err(|reason| self.refuse(reason))?;
        let Shape { rows, columns, channels } = self.shape;
        if (rows, columns) != (1, 1) {
            return Err(self.refuse(format!("it has outputs at each of {rows}x{columns} positions")));
        }
        Ok((self.layers, activation, channels))
    }

    fn refuse(&self, reason: String) -> WeightsError {
        WeightsError::ForeignModel { path: self.path.to_owned(), reason }
    }

    fn add(&mut self, found: &KerasLayer<'_>) -> Result<(), WeightsError> {
        let layers = match found.class {
            "Dense" => {
                let dense = self.dense(found)?;
                let function = self.activation(found)?;
                std::iter::once(dense).chain(function).collect()
            }
            "BatchNormalization" => vec![self.batch_normalisation(found)?],
            "PReLU" => vec![Layer::Slope { slope: self.numbers(found, Parameter::new("alpha", "alphas", 0))? }],
            "Activation" => self.activation(found)?.into_iter().collect(),
            _ => vec![plain(found).map_err(|reason| self.refuse(reason))?],
        };
        layers.into_iter().try_for_each(|layer| self.push(found, layer))
    }

    fn push(&mut self, found: &KerasLayer<'_>, layer: Layer) -> Result<(), WeightsError> {
        let before = self.shape;
        let unfit = |reason| {
            let Shape { rows, columns, channels } = before;
            format!("its {} does not fit what reaches it, {rows}x{columns}x{channels}: {reason}", found.title())
        };
        self.shape = layer.output(before).map_err(|reason| self.refuse(unfit(reason)))?;
        let drops_sides = matches!(layer, Layer::Flatten | Layer::GlobalPool { .. }) && !found.flag("keepdims", false);
        self.flat |= drops_sides;
        self.layers.push(layer);
        Ok(())
    }

    fn activation(&self, found: &KerasLayer<'_>) -> Result<Option<Layer>, WeightsError> {
        let of = activation::named(&found.config["activation"], self.steep);
        of.map_err(|reason| self.refuse(format!("{reason} (its {})", found.title())))
    }

    fn dense(&self, found: &KerasLayer<'_>) -> Result<Layer, WeightsError> {
        let kernel = self.tensor(found, KERNEL)?;
        let &[_, units] = kernel.shape.as_slice() else {
            return Err(self.refuse(format!("the kernel of its {} is no matrix", found.title())));
        };
        let bias = if found.flag("use_bias", true) { self.numbers(found, BIAS)? } else { vec![0.0; units] };
        Ok(Layer::Dense { units, weight: finite(kernel, self.path)?, bias })
    }

    /// As it computes when it no longer learns: less the mean, over the deviation, times gamma, plus beta.
    fn batch_normalisation(&self, found: &KerasLayer<'_>) -> Result<Layer, WeightsError> {
        let axis = &found.config["axis"];
        let axis = axis.as_i64().or_else(|| axis[0].as_i64()).unwrap_or(-1);
        if ![-1, if self.flat { 1 } else { 3 }].contains(&axis) {
            return Err(self.refuse(format!("its {} works along axis {axis}, not along the channels", found.title())));
        }
        let mut index = 0;
        let mut next = |name, old| {
            index += 1;
            Parameter::new(name, old, index - 1)
        };
        let gamma = found.flag("scale", true).then(|| next("gamma", "gamma"));
        let beta = found.flag("center", true).then(|| next("beta", "beta"));
        let (mean, variance) = (next("moving_mean", "running_mean"), next("moving_variance", "running_std"));
        let (mean, variance) = (self.numbers(found, mean)?, self.numbers(found, variance)?);
        let of = |parameter: Option<Parameter>, otherwise: f32| {
            parameter.map_or_else(|| Ok(vec![otherwise; mean.len()]), |parameter| self.numbers(found, parameter))
        };
        let (gamma, beta) = (of(gamma, 1.0)?, of(beta, 0.0)?);
        let epsilon = found.number("epsilon").unwrap_or(1e-3);
        let factor = |(gamma, variance): (&f32, &f32)| f64::from(*gamma) / (f64::from(*variance) + epsilon).sqrt();
        let factors: Vec<f64> = gamma.iter().zip(&variance).map(factor).collect();
        let shifts = beta.iter().zip(&mean).zip(&factors);
        let shift =
            shifts.map(|((beta, mean), factor)| (f64::from(*beta) - f64::from(*mean) * factor) as f32).collect();
        Ok(Layer::Scale { factor: factors.into_iter().map(|factor| factor as f32).collect(), shift })
    }

    fn tensor(&self, found: &KerasLayer<'_>, parameter: Parameter) -> Result<&'f NamedTensor, WeightsError> {
        parameters::tensor(self.file, found, parameter).map_err(|reason| self.refuse(reason))
    }

    fn numbers(&self, found: &KerasLayer<'_>, parameter: Parameter) -> Result<Vec<f32>, WeightsError> {
        finite(self.tensor(found, parameter)?, self.path)
    }
}

/// A layer without numbers; the error is a clause.
fn plain(found: &KerasLayer<'_>) -> Result<Layer, String> {
    match found.class {
        "Flatten" => Ok(Layer::Flatten),
        "Reshape" if found.config["target_shape"].as_array().is_some_and(|shape| shape.len() == 1) => {
            Ok(Layer::Flatten)
        }
        "GlobalAveragePooling2D" => Ok(Layer::GlobalPool { pooling: Pooling::Average }),
        "GlobalMaxPooling2D" => Ok(Layer::GlobalPool { pooling: Pooling::Greatest }),
        "AveragePooling2D" => pool(found, Pooling::Average),
        "MaxPooling2D" => pool(found, Pooling::Greatest),
        "Conv2D" => Err(format!("its {} stands above VGG16", found.title())),
        _ => activation::of_layer(found).ok_or_else(|| format!("its {} is none that gradwatch has", found.title())),
    }
}

fn pool(found: &KerasLayer<'_>, pooling: Pooling) -> Result<Layer, String> {
    let unknown = || format!("its {} has no size, or an unknown padding", found.title());
    let size = pair(&found.config["pool_size"]).ok_or_else(unknown)?;
    let strides = if found.config["strides"].is_null() { Some(size) } else { pair(&found.config["strides"]) };
    let same = match found.config["padding"].as_str() {
        Some("same") => true,
        Some("valid") => false,
        _ => return Err(unknown()),
    };
    Ok(Layer::Pool { pooling, size, strides: strides.ok_or_else(unknown)?, same })
}

/// Of rows and of columns; one number stands for both.
pub(super) fn pair(value: &Value) -> Option<[usize; 2]> {
    let number = |value: &Value| value.as_u64().and_then(|number| usize::try_from(number).ok());
    number(value).map(|number| [number; 2]).or_else(|| Some([number(&value[0])?, number(&value[1])?]))
}

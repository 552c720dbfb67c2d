//! A head of several layers: its logits, and a logit's gradient by pool5, layer by layer in 64-bit floats.
//!
//! The backward pass is written out by hand, so that explaining a scan needs no libtorch here; `nn` holds it against
//! libtorch's.

mod dense;
mod function;
mod pooling;
mod softmax;

use super::error::HeadError;
use super::linear::LinearHead;
use crate::weights::{Layer, Shape};

/// Layers that fit each other, over pool5 of one shape.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Chain {
    input: Shape,
    layers: Vec<Layer>,
    /// The shape that each layer takes.
    shapes: Vec<Shape>,
    n_outputs: usize,
}

impl Chain {
    pub(super) fn new(input: Shape, layers: Vec<Layer>) -> Result<Self, HeadError> {
        let (mut shape, mut shapes) = (input, Vec::with_capacity(layers.len()));
        for (number, layer) in layers.iter().enumerate() {
            shapes.push(shape);
            let unfit = |reason| HeadError::Unusable { reason: format!("layer {}: {reason}", number + 1) };
            shape = layer.output(shape).map_err(unfit)?;
        }
        if (shape.rows, shape.columns) != (1, 1) {
            let reason = format!("it gives an output for each of {}x{} positions", shape.rows, shape.columns);
            return Err(HeadError::Unusable { reason });
        }
        Ok(Self { input, layers, shapes, n_outputs: shape.channels })
    }

    pub(super) fn layers(&self) -> &[Layer] {
        &self.layers
    }

    pub(super) fn n_outputs(&self) -> usize {
        self.n_outputs
    }

    pub(super) fn is_finite(&self) -> bool {
        let numbers = self.layers.iter().flat_map(Layer::numbers);
        numbers.flat_map(|(_, values)| values).all(|value| value.is_finite())
    }

    /// Of pool5, channel first.
    pub(super) fn logits(&self, pool5: &[f32]) -> Vec<f64> {
        let mut values = self.channels_last(pool5);
        for (layer, shape) in self.layers.iter().zip(&self.shapes) {
            values = forward(layer, *shape, values);
        }
        values
    }

    /// The gradient of one logit by pool5, channel first.
    pub(super) fn gradient(&self, pool5: &[f32], output: usize) -> Vec<f32> {
        let mut inputs = vec![self.channels_last(pool5)];
        for (layer, shape) in self.layers.iter().zip(&self.shapes) {
            let last = inputs.last().cloned().unwrap_or_default();
            inputs.push(forward(layer, *shape, last));
        }
        let mut gradient: Vec<f64> = (0..self.n_outputs).map(|at| if at == output { 1.0 } else { 0.0 }).collect();
        for ((layer, shape), input) in self.layers.iter().zip(&self.shapes).zip(&inputs).rev() {
            gradient = backward(layer, *shape, input, gradient);
        }
        self.channels_first(&gradient)
    }

    /// The one linear layer that it amounts to, if its layers are all linear: then its gradients are the weights.
    pub(super) fn linear(&self) -> Option<LinearHead> {
        if !self.layers.iter().all(Layer::is_linear) {
            return None;
        }
        let nothing = vec![0.0; self.input.len()?];
        let weight = (0..self.n_outputs).flat_map(|output| self.gradient(&nothing, output)).collect();
        let bias = self.logits(&nothing).into_iter().map(|logit| logit as f32).collect();
        Some(LinearHead { weight, bias })
    }

    /// Every layer takes positions first and channels last, as Keras has them.
    fn channels_last(&self, pool5: &[f32]) -> Vec<f64> {
        let Shape { rows, columns, channels } = self.input;
        let n = rows * columns;
        (0..n).flat_map(|at| (0..channels).map(move |channel| f64::from(pool5[channel * n + at]))).collect()
    }

    fn channels_first(&self, values: &[f64]) -> Vec<f32> {
        let Shape { rows, columns, channels } = self.input;
        let n = rows * columns;
        (0..channels).flat_map(|channel| (0..n).map(move |at| values[at * channels + channel] as f32)).collect()
    }
}

/// What `layer` makes of `values` of the shape `shape`.
fn forward(layer: &Layer, shape: Shape, values: Vec<f64>) -> Vec<f64> {
    match layer {
        Layer::Flatten => values,
        Layer::GlobalPool { pooling } => pooling::global(*pooling, shape, &values),
        Layer::Pool { pooling, size, strides, same } => {
            pooling::Windows::new(shape, *size, *strides, *same).pooled(*pooling, &values)
        }
        Layer::Dense { units, weight, bias } => dense::forward(*units, weight, bias, &values),
        Layer::Scale { factor, shift } => {
            let pairs = factor.iter().zip(shift).cycle();
            values.iter().zip(pairs).map(|(x, (factor, shift))| x * f64::from(*factor) + f64::from(*shift)).collect()
        }
        Layer::Slope { slope } => {
            let slopes = slope.iter().cycle();
            values.iter().zip(slopes).map(|(x, slope)| if *x < 0.0 { x * f64::from(*slope) } else { *x }).collect()
        }
        Layer::Softmax => softmax::forward(shape.channels, &values),
        Layer::Function(function) => values.into_iter().map(|x| function::value(*function, x)).collect(),
    }
}

/// The gradient by `values`, which `layer` took, from that by what it gave.
fn backward(layer: &Layer, shape: Shape, values: &[f64], gradient: Vec<f64>) -> Vec<f64> {
    match layer {
        Layer::Flatten => gradient,
        Layer::GlobalPool { pooling } => pooling::global_gradient(*pooling, shape, values, &gradient),
        Layer::Pool { pooling, size, strides, same } => {
            pooling::Windows::new(shape, *size, *strides, *same).gradient(*pooling, values, &gradient)
        }
        Layer::Dense { units, weight, .. } => dense::gradient(*units, weight, &gradient),
        Layer::Scale { factor, .. } => {
            gradient.iter().zip(factor.iter().cycle()).map(|(g, factor)| g * f64::from(*factor)).collect()
        }
        Layer::Slope { slope } => {
            let by_value = values.iter().zip(slope.iter().cycle());
            let slopes = by_value.map(|(x, slope)| if *x > 0.0 { 1.0 } else { f64::from(*slope) });
            gradient.iter().zip(slopes).map(|(g, slope)| g * slope).collect()
        }
        Layer::Softmax => softmax::gradient(shape.channels, values, &gradient),
        Layer::Function(function) => {
            values.iter().zip(&gradient).map(|(x, g)| function::derivative(*function, *x) * g).collect()
        }
    }
}

#[cfg(test)]
pub(super) mod tests;

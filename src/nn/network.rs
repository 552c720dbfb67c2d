//! The frozen network on its device: pictures in, activations out.

use tch::{Device, TchError, Tensor};

use super::architecture::Conv;
use super::input::Input;
use super::torch::Torch;
use super::weights::Layer;
use super::{Activations, NnError};
use crate::imaging::Rgb8;

/// The convolutions with their weights on the device.
pub(super) struct Network {
    layers: Vec<(Tensor, Tensor, bool)>,
    input: Input,
    device: Device,
}

impl Network {
    pub(super) fn new(plan: &[Conv], weights: &[Layer], input: Input, device: Device) -> Result<Self, NnError> {
        let place = |(conv, layer): (&Conv, &Layer)| {
            let weight = Tensor::f_from_slice(&layer.weight)?.f_view(conv.weight_shape().map(|n| n as i64))?;
            // Channels last in memory, as the pictures are: no reordering between layers.
            let weight = weight.f_permute([0, 2, 3, 1])?.f_contiguous()?.f_permute([0, 3, 1, 2])?;
            let bias = Tensor::f_from_slice(&layer.bias)?;
            Ok((weight.f_to_device(device)?, bias.f_to_device(device)?, conv.ends_block))
        };
        let layers = plan.iter().zip(weights).map(place).collect::<Result<_, TchError>>();
        Ok(Self { layers: layers.named("place the weights on the device")?, input, device })
    }

    /// Pictures of 224x224, as many as asked; the caller holds to one batch size.
    pub(super) fn forward(&self, pictures: &[Rgb8]) -> Result<Vec<Activations>, NnError> {
        let x = self.input.tensor(pictures, self.device)?;
        let (conv5_3, pool5) = self.run(x).named("run the network")?;
        let split = || {
            let n = pictures.len();
            Ok(rows(&conv5_3, n)?.into_iter().zip(rows(&pool5, n)?))
        };
        let pairs = split().named("read the network's output")?;
        Ok(pairs.map(|(conv5_3, pool5)| Activations { conv5_3, pool5 }).collect())
    }

    /// The last convolution's output after `ReLU`, and what the last pool makes of it.
    fn run(&self, mut x: Tensor) -> Result<(Tensor, Tensor), TchError> {
        let mut before_pool = None;
        for (weight, bias, ends_block) in &self.layers {
            let rectified = x.f_conv2d(weight, Some(bias), [1, 1], [1, 1], [1, 1], 1)?.f_relu_()?;
            x = if *ends_block {
                let pooled = rectified.f_max_pool2d([2, 2], [2, 2], [0, 0], [1, 1], false)?;
                before_pool = Some(rectified);
                pooled
            } else {
                rectified
            };
        }
        let before_pool = before_pool.ok_or_else(|| TchError::Shape("a network without a pool".to_owned()))?;
        Ok((before_pool, x))
    }
}

fn rows(batch: &Tensor, n: usize) -> Result<Vec<Vec<f32>>, TchError> {
    let values = to_vec(batch)?;
    Ok(values.chunks_exact(values.len() / n.max(1)).map(<[f32]>::to_vec).collect())
}

/// The numbers of an f32 tensor in the order of its indices.
pub(super) fn to_vec(tensor: &Tensor) -> Result<Vec<f32>, TchError> {
    let tensor = tensor.f_to_device(Device::Cpu)?.f_contiguous()?;
    let mut values = vec![0.0; tensor.numel()];
    tensor.f_copy_data(&mut values, tensor.numel())?;
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::Generator;
    use crate::nn::architecture::INPUT_SIDE;
    use crate::nn::pattern;

    fn assert_close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-4, "{found} is not {expected}");
    }

    /// A 3x3 convolution with padding 1 and `ReLU` at one place, spelled out.
    fn convolved(input: &dyn Fn(usize, i64, i64) -> f64, layer: &Layer, out: usize, row: i64, column: i64) -> f64 {
        let n_inputs = layer.weight.len() / layer.bias.len() / 9;
        let inside = |at: i64| (0..INPUT_SIDE as i64).contains(&at);
        let mut sum = f64::from(layer.bias[out]);
        for channel in 0..n_inputs {
            for (tap, weight) in layer.weight[(out * n_inputs + channel) * 9..][..9].iter().enumerate() {
                let (r, c) = (row + tap as i64 / 3 - 1, column + tap as i64 % 3 - 1);
                sum += if inside(r) && inside(c) { f64::from(*weight) * input(channel, r, c) } else { 0.0 };
            }
        }
        sum.max(0.0)
    }

    #[test]
    fn two_layers_and_a_pool_equal_the_definition() {
        let plan = [Conv::new(0, 3, 4, false), Conv::new(2, 4, 2, true)];
        let mut generator = Generator::new(1, "layers");
        let mut draw = |n: usize| (0..n).map(|_| 0.3 * generator.bell()).collect::<Vec<f32>>();
        let layers = plan.map(|conv| Layer { weight: draw(conv.outputs * conv.fan_in()), bias: draw(conv.outputs) });
        let network = Network::new(&plan, &layers, Input::Imagenet, Device::Cpu).unwrap();
        let pictures = [pattern::picture(1, 1), pattern::picture(1, 3)];
        let answers = network.forward(&pictures).unwrap();
        let prepared = Input::Imagenet.tensor(&pictures[1..], Device::Cpu).unwrap();
        let x = |channel: usize, r: i64, c: i64| prepared.double_value(&[0, channel as i64, r, c]);
        let first = |channel: usize, r: i64, c: i64| convolved(&x, &layers[0], channel, r, c);
        for (out, row, column) in [(0, 0, 0), (1, 223, 223), (0, 100, 51), (1, 7, 223)] {
            let found = answers[1].conv5_3[(out * INPUT_SIDE + row) * INPUT_SIDE + column];
            assert_close(f64::from(found), convolved(&first, &layers[1], out, row as i64, column as i64));
        }
        assert_eq!(answers[1].pool5.len(), 2 * 112 * 112);
    }
}

//! The frozen network on its device: pictures in, activations out.
//!
//! On the processor the layers run in oneDNN's own layout, into which the weights are brought once; on a GPU channels lie
//! last. Both are several times quicker than the order in which the numbers stand in files.

use tch::{Device, Kind, TchError, Tensor};

use super::architecture::Conv;
use super::precision::Precision;
use super::rounding::rounded;
use super::torch::Torch;
use super::weights::Layer;
use super::{Activations, NnError};
use crate::config::Preparation;
use crate::imaging::Rgb8;

/// The convolutions with their weights on the device.
pub(super) struct Network {
    layers: Vec<Placed>,
    input: Preparation,
    device: Device,
    precision: Precision,
}

struct Placed {
    weight: Tensor,
    bias: Tensor,
    ends_block: bool,
}

impl Network {
    pub(super) fn new(
        plan: &[Conv],
        weights: &[Layer],
        input: Preparation,
        device: Device,
        precision: Precision,
    ) -> Result<Self, NnError> {
        let place = |(conv, layer): (&Conv, &Layer)| place(conv, layer, device, precision);
        let layers = plan.iter().zip(weights).map(place).collect::<Result<_, TchError>>();
        Ok(Self { layers: layers.named("place the weights on the device")?, input, device, precision })
    }

    /// All activations of pictures of 224x224, as many as asked; the caller holds to one batch size.
    pub(super) fn forward(&self, pictures: &[Rgb8]) -> Result<Vec<Activations>, NnError> {
        let (conv5_3, pool5) = self.run(pictures)?;
        let split = || Ok(self.rows(&conv5_3, pictures.len())?.into_iter().zip(self.rows(&pool5, pictures.len())?));
        let pairs = split().named("read the network's output")?;
        Ok(pairs.map(|(conv5_3, pool5)| Activations { conv5_3, pool5 }).collect())
    }

    /// pool5 alone, which is all that a training needs.
    pub(super) fn features(&self, pictures: &[Rgb8]) -> Result<Vec<Vec<f32>>, NnError> {
        let (_, pool5) = self.run(pictures)?;
        self.rows(&pool5, pictures.len()).named("read the network's output")
    }

    /// The last convolution's output after `ReLU`, and what the last pool makes of it.
    fn run(&self, pictures: &[Rgb8]) -> Result<(Tensor, Tensor), NnError> {
        let x = self.input.tensor(pictures, self.device)?;
        let run = || {
            let mut x = self.enter(&x)?;
            let (last, below) = self.layers.split_last().ok_or_else(|| TchError::Shape("no layers".to_owned()))?;
            for layer in below {
                x = convolve(&x, layer)?;
                // The greatest of a window does not change with what is negative: rectifying after the pool is the same,
                // on a quarter of the numbers.
                x = if layer.ends_block { pool(&x)? } else { x }.f_relu_()?;
            }
            let conv5_3 = convolve(&x, last)?.f_relu_()?;
            let pool5 = pool(&conv5_3)?;
            Ok((conv5_3, pool5))
        };
        run().named("run the network")
    }

    /// Into the device's own layout and precision.
    fn enter(&self, x: &Tensor) -> Result<Tensor, TchError> {
        match self.device {
            Device::Cpu => x.f_contiguous()?.f_to_mkldnn(self.precision.kind()),
            _ => x.f_to_kind(self.precision.kind()),
        }
    }

    /// One row of plain numbers a picture.
    fn rows(&self, batch: &Tensor, n: usize) -> Result<Vec<Vec<f32>>, TchError> {
        let plain = match self.device {
            Device::Cpu => batch.f_to_dense(None, false)?,
            _ => batch.shallow_clone(),
        };
        let values = to_vec(&plain)?;
        Ok(values.chunks_exact(values.len() / n.max(1)).map(<[f32]>::to_vec).collect())
    }
}

fn place(conv: &Conv, layer: &Layer, device: Device, precision: Precision) -> Result<Placed, TchError> {
    let weight = match precision {
        Precision::F32 => Tensor::f_from_slice(&layer.weight)?,
        Precision::Bf16 => Tensor::f_from_slice(&rounded(&layer.weight))?,
    };
    let weight = weight.f_view(conv.weight_shape().map(|n| n as i64))?;
    let bias = Tensor::f_from_slice(&layer.bias)?;
    let kind = precision.kind();
    let (weight, bias) = if device == Device::Cpu {
        let packed =
            weight.f_to_mkldnn(kind)?.f_mkldnn_reorder_conv2d_weight([1, 1], [1, 1], [1, 1], 1, None::<&[i64]>)?;
        (packed, bias.f_to_mkldnn(kind)?)
    } else {
        let channels_last = weight.f_permute([0, 2, 3, 1])?.f_contiguous()?.f_permute([0, 3, 1, 2])?;
        (channels_last.f_to_device(device)?.f_to_kind(kind)?, bias.f_to_device(device)?.f_to_kind(kind)?)
    };
    Ok(Placed { weight, bias, ends_block: conv.ends_block })
}

fn convolve(x: &Tensor, layer: &Placed) -> Result<Tensor, TchError> {
    x.f_conv2d(&layer.weight, Some(&layer.bias), [1, 1], [1, 1], [1, 1], 1)
}

fn pool(x: &Tensor) -> Result<Tensor, TchError> {
    x.f_max_pool2d([2, 2], [2, 2], [0, 0], [1, 1], false)
}

/// The numbers of a tensor in the order of its indices, as f32.
pub(super) fn to_vec(tensor: &Tensor) -> Result<Vec<f32>, TchError> {
    let tensor = tensor.f_to_device(Device::Cpu)?.f_to_kind(Kind::Float)?.f_contiguous()?;
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
        let network = Network::new(&plan, &layers, Preparation::Imagenet, Device::Cpu, Precision::F32).unwrap();
        let pictures = [pattern::picture(1, 1), pattern::picture(1, 3)];
        let answers = network.forward(&pictures).unwrap();
        let prepared = Preparation::Imagenet.tensor(&pictures[1..], Device::Cpu).unwrap();
        let x = |channel: usize, r: i64, c: i64| prepared.double_value(&[0, channel as i64, r, c]);
        let first = |channel: usize, r: i64, c: i64| convolved(&x, &layers[0], channel, r, c);
        for (out, row, column) in [(0, 0, 0), (1, 223, 223), (0, 100, 51), (1, 7, 223)] {
            let found = answers[1].conv5_3[(out * INPUT_SIDE + row) * INPUT_SIDE + column];
            assert_close(f64::from(found), convolved(&first, &layers[1], out, row as i64, column as i64));
        }
        assert_eq!(answers[1].pool5.len(), 2 * 112 * 112);
    }

    #[test]
    fn a_network_that_runs_in_bf16_says_the_same_within_its_rounding() {
        let plan = [Conv::new(0, 3, 16, false), Conv::new(2, 16, 16, true), Conv::new(5, 16, 8, true)];
        let mut generator = Generator::new(2, "layers");
        let mut draw = |n: usize, fan_in: usize| {
            let deviation = (2.0 / fan_in as f32).sqrt();
            (0..n).map(|_| deviation * generator.bell()).collect::<Vec<f32>>()
        };
        let layers = plan.map(|conv| Layer {
            weight: draw(conv.outputs * conv.fan_in(), conv.fan_in()),
            bias: draw(conv.outputs, 100),
        });
        let picture = [pattern::picture(1, 1)];
        let [exact, rounded] = [Precision::F32, Precision::Bf16].map(|precision| {
            Network::new(&plan, &layers, Preparation::Imagenet, Device::Cpu, precision)
                .unwrap()
                .features(&picture)
                .unwrap()
        });
        let size = exact[0].iter().fold(0.0_f32, |size, value| size.max(*value));
        let worst = exact[0].iter().zip(&rounded[0]).fold(0.0_f32, |worst, (a, b)| worst.max((a - b).abs()));
        assert!(worst > 0.0 && worst < 0.03 * size, "{worst} of {size}");
    }

    #[test]
    fn features_are_the_pool_of_all_activations() {
        let plan = [Conv::new(0, 3, 4, false), Conv::new(2, 4, 2, true)];
        let mut generator = Generator::new(3, "layers");
        let mut draw = |n: usize| (0..n).map(|_| 0.3 * generator.bell()).collect::<Vec<f32>>();
        let layers = plan.map(|conv| Layer { weight: draw(conv.outputs * conv.fan_in()), bias: draw(conv.outputs) });
        let network = Network::new(&plan, &layers, Preparation::Raw, Device::Cpu, Precision::F32).unwrap();
        let pictures = [pattern::picture(1, 0), pattern::picture(1, 1)];
        let whole: Vec<_> = network.forward(&pictures).unwrap().into_iter().map(|row| row.pool5).collect();
        assert_eq!(network.features(&pictures).unwrap(), whole);
    }
}

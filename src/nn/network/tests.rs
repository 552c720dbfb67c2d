//! The network against its definition, and its ways of computing against each other.

use super::*;
use crate::nn::calibration_images::calibration_image;
use crate::stats::Generator;

impl Network {
    /// pool5 of all at once.
    fn features(&self, images: &[NetworkImage]) -> Vec<Vec<f32>> {
        self.start(images, images.len()).unwrap().rows().unwrap()
    }
}

fn by_libtorch(plan: &[Conv], weights: &[ConvWeights]) -> Network {
    let backend = TorchBackend::new(plan, weights).unwrap();
    Network::Processor(Input::new(Preparation::Imagenet, Device::Cpu).unwrap(), ProcessorBackend::Torch(backend))
}

fn assert_close(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-4, "{found} is not {expected}");
}

/// A 3x3 convolution with padding 1 and `ReLU` at one place, spelled out.
fn convolved(input: &dyn Fn(usize, i64, i64) -> f64, layer: &ConvWeights, out: usize, row: i64, column: i64) -> f64 {
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
    let layers = plan.map(|conv| ConvWeights { weight: draw(conv.outputs * conv.fan_in()), bias: draw(conv.outputs) });
    let network = Network::new(&plan, &layers, Preparation::Imagenet, Device::Cpu, Arithmetic::F32).unwrap();
    let images = [calibration_image(1, 1), calibration_image(1, 3)];
    let answers = network.forward(&images).unwrap();
    let prepared = Input::new(Preparation::Imagenet, Device::Cpu).unwrap().tensor(&images[1..]).unwrap();
    let x = |channel: usize, r: i64, c: i64| prepared.double_value(&[0, channel as i64, r, c]);
    let first = |channel: usize, r: i64, c: i64| convolved(&x, &layers[0], channel, r, c);
    for (out, row, column) in [(0, 0, 0), (1, 223, 223), (0, 100, 51), (1, 7, 223)] {
        let found = answers[1].conv5_3[(out * INPUT_SIDE + row) * INPUT_SIDE + column];
        assert_close(f64::from(found), convolved(&first, &layers[1], out, row as i64, column as i64));
    }
    assert_eq!(answers[1].pool5.len(), 2 * 112 * 112);
}

#[test]
fn features_are_the_pool_of_all_activations() {
    let plan = [Conv::new(0, 3, 4, false), Conv::new(2, 4, 2, true)];
    let mut generator = Generator::new(3, "layers");
    let mut draw = |n: usize| (0..n).map(|_| 0.3 * generator.bell()).collect::<Vec<f32>>();
    let layers = plan.map(|conv| ConvWeights { weight: draw(conv.outputs * conv.fan_in()), bias: draw(conv.outputs) });
    let network = Network::new(&plan, &layers, Preparation::Raw, Device::Cpu, Arithmetic::F32).unwrap();
    let images = [calibration_image(1, 0), calibration_image(1, 1)];
    let whole: Vec<_> = network.forward(&images).unwrap().into_iter().map(|row| row.pool5).collect();
    assert_eq!(network.features(&images), whole);
}

#[test]
fn winograd_s_convolutions_give_what_libtorch_s_give() {
    let plan = [Conv::new(0, 3, 24, false), Conv::new(2, 24, 70, true), Conv::new(5, 70, 20, true)];
    let mut generator = Generator::new(4, "layers");
    let mut draw = |n: usize| (0..n).map(|_| 0.1 * generator.bell()).collect::<Vec<f32>>();
    let layers = plan.map(|conv| ConvWeights { weight: draw(conv.outputs * conv.fan_in()), bias: draw(conv.outputs) });
    let by_torch = by_libtorch(&plan, &layers);
    let filtered = Network::new(&plan, &layers, Preparation::Imagenet, Device::Cpu, Arithmetic::F32).unwrap();
    let images = [calibration_image(1, 4), calibration_image(1, 5)];
    let [filtered, by_torch] = [filtered, by_torch].map(|network| network.forward(&images).unwrap());
    for (filtered, by_torch) in filtered.iter().zip(&by_torch) {
        for (a, b) in [(&filtered.conv5_3, &by_torch.conv5_3), (&filtered.pool5, &by_torch.pool5)] {
            assert_eq!(a.len(), b.len());
            let size = b.iter().fold(0.0_f32, |size, value| size.max(*value));
            assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5 * size));
        }
    }
}

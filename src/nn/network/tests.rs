//! The network against its definition, and its ways of computing against each other.

use tch::Tensor;

use super::*;
use crate::domain::Resize;
use crate::imaging::{Picture, Pixels};
use crate::nn::calibration_images::calibration_image;
use crate::nn::torch_backend::to_vec;
use crate::stats::Generator;
use crate::weights::tests::{thin_convs, thin_vgg16};

impl Network {
    /// pool5 of all at once.
    fn features(&self, images: &[NetworkImage]) -> Vec<Vec<f32>> {
        self.start(images, images.len()).unwrap().rows().unwrap()
    }
}

const SIDE: u32 = INPUT_SIDE as u32;

fn by_libtorch(plan: &[Conv], weights: &[ConvWeights], side: u32) -> Network {
    let backend = TorchBackend::new(plan, weights).unwrap();
    let input = Input::new(Preparation::Imagenet, side, Device::Cpu).unwrap();
    Network::Processor(ProcessorBackend::Torch(input, backend))
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
    let network = Network::new(&plan, &layers, Preparation::Imagenet, SIDE, Device::Cpu, Arithmetic::F32).unwrap();
    let images = [calibration_image(1, 1), calibration_image(1, 3)];
    let answers = network.forward(&images).unwrap();
    let prepared = Input::new(Preparation::Imagenet, SIDE, Device::Cpu).unwrap().tensor(&images[1..]).unwrap();
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
    let network = Network::new(&plan, &layers, Preparation::Raw, SIDE, Device::Cpu, Arithmetic::F32).unwrap();
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
    let by_torch = by_libtorch(&plan, &layers, SIDE);
    let filtered = Network::new(&plan, &layers, Preparation::Imagenet, SIDE, Device::Cpu, Arithmetic::F32).unwrap();
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

/// Noise, wider than high.
fn picture(seed: u64) -> Picture {
    let mut generator = Generator::new(seed, "picture");
    let levels = (0..90 * 70 * 3).map(|_| generator.below(256) as u8).collect();
    Picture::new(90, 70, 3, Pixels::U8(levels)).unwrap()
}

/// `block5_conv3` after `ReLU` and pool5, by the definitions that libtorch has.
fn defined(plan: &[Conv], layers: &[ConvWeights], x: &Tensor) -> [Tensor; 2] {
    let (mut conv5_3, mut below) = (x.shallow_clone(), x.shallow_clone());
    for (conv, layer) in plan.iter().zip(layers) {
        let weight = Tensor::from_slice(&layer.weight).view(conv.weight_shape().map(|n| n as i64));
        conv5_3 = below.conv2d(&weight, Some(Tensor::from_slice(&layer.bias)), [1, 1], [1, 1], [1, 1], 1).relu();
        let pooled = || conv5_3.max_pool2d([2, 2], [2, 2], [0, 0], [1, 1], false);
        below = if conv.ends_block { pooled() } else { conv5_3.shallow_clone() };
    }
    [conv5_3, below]
}

#[test]
fn images_of_any_size_give_what_the_definition_gives() {
    let (plan, layers) = (thin_vgg16(), thin_convs());
    for side in [32, 47, 64, 96, 100, 128, 150, 160, 224, 225, 256, 299, 331] {
        let image = NetworkImage::of(&picture(u64::from(side)), side, Resize::Bilinear);
        let prepared = Input::new(Preparation::Imagenet, side, Device::Cpu).unwrap();
        let expected = defined(&plan, &layers, &prepared.tensor(std::slice::from_ref(&image)).unwrap());
        let n_channels = plan[12].outputs as i64;
        let [grid, pool] = [16, 32].map(|cell| i64::from(side / cell));
        assert_eq!(expected[0].size(), [1, n_channels, grid, grid]);
        assert_eq!(expected[1].size(), [1, n_channels, pool, pool]);
        let expected = expected.map(|tensor| to_vec(&tensor).unwrap());
        let usual = Network::new(&plan, &layers, Preparation::Imagenet, side, Device::Cpu, Arithmetic::F32).unwrap();
        for network in [usual, by_libtorch(&plan, &layers, side)] {
            let found = network.forward(std::slice::from_ref(&image)).unwrap().remove(0);
            for (found, expected) in [found.conv5_3, found.pool5].iter().zip(&expected) {
                assert_eq!(found.len(), expected.len(), "{side}");
                let size = expected.iter().fold(0.0_f32, |size, value| size.max(*value));
                assert!(size > 0.0 && found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-5 * size), "{side}");
            }
        }
    }
}

#[test]
fn bytes_and_levels_that_are_not_rounded_go_together_as_they_go_alone() {
    let side = 150;
    let ways = [Resize::AntialiasFast, Resize::Bilinear, Resize::Nearest, Resize::Bilinear];
    let images: Vec<_> =
        ways.into_iter().zip(1..).map(|(way, seed)| NetworkImage::of(&picture(seed), side, way)).collect();
    let (plan, layers) = (thin_vgg16(), thin_convs());
    let usual = Network::new(&plan, &layers, Preparation::Imagenet, side, Device::Cpu, Arithmetic::F32).unwrap();
    for network in [usual, by_libtorch(&plan, &layers, side)] {
        let together = network.forward(&images).unwrap();
        assert_eq!(network.features(&images), together.iter().map(|row| row.pool5.clone()).collect::<Vec<_>>());
        for (image, together) in images.iter().zip(&together) {
            assert!(network.forward(std::slice::from_ref(image)).unwrap()[0] == *together);
        }
        assert_ne!(together[1], together[3]);
    }
}

#[test]
fn features_of_another_size_have_another_name_and_those_of_the_usual_keep_theirs() {
    let manner = |side| by_libtorch(&thin_vgg16(), &thin_convs(), side).manner();
    assert_eq!((manner(224).as_str(), manner(150).as_str()), ("f32", "f32, 150 x 150"));
}

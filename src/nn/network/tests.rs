//! The network against its definition, and its ways of computing against each other.

use super::*;
use crate::domain::vgg16::VGG16;
use crate::domain::{ClassName, StopFlag};
use crate::head::{FeatureStatistics, FitSettings, Head, HeadFit};
use crate::imaging::{Phantom, PhantomClass};
use crate::nn::Engine;
use crate::nn::builtin::BuiltIn;
use crate::nn::calibration_images::calibration_image;
use crate::stats::{Activation, Generator};
use crate::weights::BackboneWeights;

impl Network {
    /// pool5 of all at once.
    fn features(&self, pictures: &[Rgb8]) -> Vec<Vec<f32>> {
        self.start(pictures, pictures.len()).unwrap().rows().unwrap()
    }
}

fn by_libtorch(layers: Placed) -> Network {
    Network::Processor(Input::new(Preparation::Imagenet, Device::Cpu).unwrap(), Layers::Placed(layers))
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
    let network = Network::new(&plan, &layers, Preparation::Imagenet, Device::Cpu, Precision::F32).unwrap();
    let pictures = [calibration_image(1, 1), calibration_image(1, 3)];
    let answers = network.forward(&pictures).unwrap();
    let prepared = Input::new(Preparation::Imagenet, Device::Cpu).unwrap().tensor(&pictures[1..]).unwrap();
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
    let conv = |index, inputs| Conv::new(index, inputs, 16, true);
    let plan = [conv(0, 3), conv(2, 16), conv(5, 16), conv(7, 16)];
    let mut generator = Generator::new(2, "layers");
    let mut draw = |n: usize, fan_in: usize| {
        let deviation = (2.0 / fan_in as f32).sqrt();
        (0..n).map(|_| deviation * generator.bell()).collect::<Vec<f32>>()
    };
    let layers = plan.map(|conv| ConvWeights {
        weight: draw(conv.outputs * conv.fan_in(), conv.fan_in()),
        bias: draw(conv.outputs, 100),
    });
    let picture = [calibration_image(1, 1)];
    let [exact, rounded] = [Precision::F32, Precision::Bf16].map(|precision| {
        Network::new(&plan, &layers, Preparation::Imagenet, Device::Cpu, precision).unwrap().features(&picture)
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
    let layers = plan.map(|conv| ConvWeights { weight: draw(conv.outputs * conv.fan_in()), bias: draw(conv.outputs) });
    let network = Network::new(&plan, &layers, Preparation::Raw, Device::Cpu, Precision::F32).unwrap();
    let pictures = [calibration_image(1, 0), calibration_image(1, 1)];
    let whole: Vec<_> = network.forward(&pictures).unwrap().into_iter().map(|row| row.pool5).collect();
    assert_eq!(network.features(&pictures), whole);
}
const CLASSES: [PhantomClass; 2] = [PhantomClass::Plain, PhantomClass::Patchy];

fn films(seeds: std::ops::Range<u64>) -> Vec<Rgb8> {
    let film = |seed| CLASSES.map(|class| Engine::input(&Phantom { class, seed }.film().picture));
    seeds.flat_map(film).collect()
}

/// A layer that tells the films' classes, learned from 32-bit features.
fn fitted(rows: &[Vec<f32>]) -> Head {
    let mut statistics = FeatureStatistics::default();
    for row in rows {
        statistics.add(row);
    }
    let classes = CLASSES.map(|class| ClassName::new(class.to_string()).unwrap()).to_vec();
    let settings =
        FitSettings { activation: Activation::Sigmoid, class_weights: vec![1.0; 2], learning_rate: 0.001, seed: 1 };
    let mut fit = HeadFit::new(classes, statistics.scale(), settings);
    let labels: Vec<usize> = (0..rows.len()).map(|at| at % 2).collect();
    for _ in 0..N_STEPS {
        fit.step(&mut rows.concat(), &labels);
    }
    fit.head().unwrap()
}

const N_STEPS: usize = 30;

fn full_size(weights: &[ConvWeights], precision: Precision) -> Network {
    Network::new(&VGG16, weights, Preparation::Imagenet, Device::Cpu, precision).unwrap()
}

#[test]
fn probabilities_of_generated_films_in_bf16_are_those_in_f32_within_a_hundredth() {
    let dir = tempfile::tempdir().unwrap();
    let quick = BuiltIn { plan: &VGG16, seed: 1, n_pictures: 1 };
    let BackboneWeights { convs: layers, .. } = quick.load_or_make(dir.path(), &StopFlag::default()).unwrap();
    let exact = full_size(&layers, Precision::F32);
    let head = fitted(&exact.features(&films(0..6)));
    let unknown = films(6..12);
    let logits = |network: &Network| -> Vec<f64> {
        network.features(&unknown).iter().flat_map(|row| head.logits(row)).collect()
    };
    let exact = logits(&exact);
    // Nothing that a logit becomes moves by more than a quarter of it.
    let worst = |network: Network| {
        let pairs = exact.iter().zip(logits(&network));
        pairs.fold(0.0, |worst: f64, (exact, found)| worst.max((exact - found).abs() / 4.0))
    };
    let rounded = Placed::new(&VGG16, &layers, Precision::Bf16).unwrap();
    let rounded = by_libtorch(rounded);
    let (found, throughout) = (worst(full_size(&layers, Precision::Bf16)), worst(rounded));
    assert!(found < 0.01, "{found}");
    assert!(throughout > 0.01, "rounding all blocks would do: {throughout}");
}

#[test]
fn filtered_layers_say_what_libtorch_says() {
    let plan = [Conv::new(0, 3, 24, false), Conv::new(2, 24, 70, true), Conv::new(5, 70, 20, true)];
    let mut generator = Generator::new(4, "layers");
    let mut draw = |n: usize| (0..n).map(|_| 0.1 * generator.bell()).collect::<Vec<f32>>();
    let layers = plan.map(|conv| ConvWeights { weight: draw(conv.outputs * conv.fan_in()), bias: draw(conv.outputs) });
    let placed = by_libtorch(Placed::new(&plan, &layers, Precision::F32).unwrap());
    let filtered = Network::new(&plan, &layers, Preparation::Imagenet, Device::Cpu, Precision::F32).unwrap();
    let pictures = [calibration_image(1, 4), calibration_image(1, 5)];
    let [filtered, placed] = [filtered, placed].map(|network| network.forward(&pictures).unwrap());
    for (filtered, placed) in filtered.iter().zip(&placed) {
        for (a, b) in [(&filtered.conv5_3, &placed.conv5_3), (&filtered.pool5, &placed.pool5)] {
            assert_eq!(a.len(), b.len());
            let size = b.iter().fold(0.0_f32, |size, value| size.max(*value));
            assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5 * size));
        }
    }
}

//! Features of a generated image, pinned.

use tch::Device;
use winograd::Instructions;

use super::FEATURES;
use crate::config::Preparation;
use crate::domain::ContentHash;
use crate::domain::vgg16::{Conv, INPUT_SIDE};
use crate::nn::arithmetic::Arithmetic;
use crate::nn::calibration_images::calibration_image;
use crate::nn::network::Network;
use crate::stats::Generator;
use crate::weights::ConvWeights;

/// Version, hash of all features as bits, and their sum.
const GOLDEN: (u32, &str, f64) =
    (2, "743a3b3fa75a5c9bc123e66bb7f92ced14cfcaa3f79a492257e27286f8583e55", 1_643.388_740_738_853_8);

/// Four layers, each with a pool, of seeded weights.
fn features() -> Vec<f32> {
    let conv = |index, inputs| Conv::new(index, inputs, 16, true);
    let plan = [conv(0, 3), conv(2, 16), conv(5, 16), conv(7, 16)];
    let mut generator = Generator::new(7, "golden");
    let mut draw = |n: usize, size: f32| (0..n).map(|_| generator.between(-size, size)).collect::<Vec<f32>>();
    let layers = plan
        .map(|conv| ConvWeights { weight: draw(conv.outputs * conv.fan_in(), 0.25), bias: draw(conv.outputs, 0.125) });
    let network =
        Network::new(&plan, &layers, Preparation::Imagenet, INPUT_SIDE as u32, Device::Cpu, Arithmetic::F32).unwrap();
    network.forward(&[calibration_image(7, 1)]).unwrap().remove(0).pool5
}

#[test]
fn features_are_those_of_their_number() {
    let features = features();
    let sum: f64 = features.iter().map(|value| f64::from(*value)).sum();
    let bytes: Vec<u8> = features.iter().flat_map(|value| value.to_le_bytes()).collect();
    let (version, bits, about) = GOLDEN;
    let advice = "the network gives other features than version {version} did. If that was not meant, undo it. If it was, \
                  raise FEATURES in src/nn/version.rs by one, so that models and cached features are made anew once, and \
                  put the new values into GOLDEN"
        .replace("{version}", &version.to_string());
    assert_eq!(FEATURES, version, "GOLDEN is of another FEATURES: see that its values are of this one");
    assert!((sum - about).abs() < 1e-4 * about.abs(), "sum {sum}: {advice}");
    // The same on every processor with these instructions; others compute by oneDNN, which rounds otherwise.
    if Instructions::of_this_processor().is_some() {
        assert_eq!(ContentHash::of(&bytes).to_string(), bits, "{advice}");
    }
}

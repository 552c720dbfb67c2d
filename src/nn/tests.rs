//! Weight and model files of `weights`, held against libtorch's own files and, through the network, against real Keras.

use std::collections::BTreeMap;

use tch::Device;

use super::arithmetic::Arithmetic;
use super::network::Network;
use super::network_image::NetworkImage;
use crate::config::{Preparation, Preprocessing};
use crate::weights::tests::{fixture, thin_convs, thin_vgg16};
use crate::weights::{KerasModel, read_backbone, read_model_of};

#[test]
fn tch_s_own_files_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let store = tch::nn::VarStore::new(Device::Cpu);
    for (conv, numbers) in thin_vgg16().iter().zip(thin_convs()) {
        let root = store.root() / "features" / conv.index;
        let shape = conv.weight_shape().map(|n| n as i64);
        let _ = root.var_copy("weight", &tch::Tensor::from_slice(&numbers.weight).view(shape));
        let _ = root.var_copy("bias", &tch::Tensor::from_slice(&numbers.bias));
    }
    for name in ["vgg16.ot", "vgg16.pt", "vgg16.safetensors"] {
        store.save(dir.path().join(name)).unwrap();
        let weights = read_backbone(&dir.path().join(name), &thin_vgg16()).unwrap_or_else(|error| panic!("{error}"));
        assert!(weights.convs == thin_convs(), "{name}");
    }
}

/// The image that `tests/fixtures/weights/make.py` shows to Keras.
fn image() -> NetworkImage {
    let byte = |at: usize| {
        let (y, x, c) = (at / 672, at / 3 % 224, at % 3);
        (x * (c + 1) + y * 3 + x * y / 7) as u8
    };
    NetworkImage::generated(224, (0..224 * 224 * 3).map(byte).collect())
}

fn model(name: &str, preprocessing: Preprocessing) -> KerasModel {
    read_model_of(&fixture(name), &thin_vgg16(), preprocessing).unwrap()
}

fn scores(name: &str) -> Vec<f64> {
    let KerasModel { convs, input, dense, .. } = model(name, Preprocessing::Auto);
    let network = Network::new(&thin_vgg16(), &convs, input, 224, Device::Cpu, Arithmetic::F32).unwrap();
    let pool5 = network.forward(&[image()]).unwrap().remove(0).pool5;
    let dot = |row: &[f32]| row.iter().zip(&pool5).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    let rows = dense.weight.chunks_exact(pool5.len()).zip(&dense.bias);
    let logits: Vec<f64> = rows.map(|(row, bias)| dot(row) + f64::from(*bias)).collect();
    dense.activation.scores(&logits)
}

#[test]
fn predictions_are_those_of_the_real_keras() {
    let text = std::fs::read_to_string(fixture("predictions.json")).unwrap();
    let expected: BTreeMap<String, Vec<f64>> = serde_json::from_str(&text).unwrap();
    assert_eq!(expected.len(), 5);
    for (name, keras) in expected {
        let ours = scores(&name);
        // One unit speaks for the second class.
        let ours = &ours[ours.len() - keras.len()..];
        for (ours, keras) in ours.iter().zip(&keras) {
            assert!((ours - keras).abs() < 1e-4, "{name}: {ours} is not {keras}");
        }
    }
}

#[test]
fn a_single_unit_becomes_two_that_add_up_to_one() {
    let scores = scores("keras3-one-unit-rescaling.keras");
    assert!((scores[0] + scores[1] - 1.0).abs() < 1e-12, "{scores:?}");
    let one = model("keras3-one-unit-rescaling.keras", Preprocessing::Auto);
    assert_eq!(one.input, Preparation::Rescale);
    let asked = model("keras3-nested.h5", Preprocessing::Fixed(Preparation::Raw));
    assert_eq!(asked.input, Preparation::Raw);
}

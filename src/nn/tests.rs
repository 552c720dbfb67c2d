//! Weight and model files of `weights`, held against libtorch's own files and, through the network, against real Keras.

use std::collections::BTreeMap;

use tch::Device;

use super::arithmetic::Arithmetic;
use super::network::Network;
use super::network_image::NetworkImage;
use crate::config::{Preparation, Preprocessing};
use crate::domain::{ClassName, MapMethod};
use crate::head::{Activations, Head, class_maps, head_of};
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
fn image(side: usize) -> NetworkImage {
    let byte = |at: usize| {
        let (y, x, c) = (at / (3 * side), at / 3 % side, at % 3);
        (x * (c + 1) + y * 3 + x * y / 7) as u8
    };
    NetworkImage::generated(side as u32, (0..side * side * 3).map(byte).collect())
}

fn model(name: &str, preprocessing: Preprocessing) -> KerasModel {
    read_model_of(&fixture(name), &thin_vgg16(), preprocessing).unwrap()
}

/// pool5 and what is below it.
fn activations(model: &KerasModel) -> Activations {
    let side = model.input_side.unwrap_or(224);
    let network = Network::new(&thin_vgg16(), &model.convs, model.input, side, Device::Cpu, Arithmetic::F32).unwrap();
    network.forward(&[image(side as usize)]).unwrap().remove(0)
}

fn head(model: &KerasModel) -> Head {
    let names = (0..model.n_classes()).map(|class| ClassName::new(format!("class {class}")).unwrap());
    head_of(model, &names.collect::<Vec<_>>()).unwrap()
}

fn scores(name: &str) -> Vec<f64> {
    let model = model(name, Preprocessing::Auto);
    let head = head(&model);
    head.activation().scores(&head.logits(&activations(&model).pool5))
}

#[test]
fn predictions_are_those_of_the_real_keras() {
    let text = std::fs::read_to_string(fixture("predictions.json")).unwrap();
    let expected: BTreeMap<String, Vec<f64>> = serde_json::from_str(&text).unwrap();
    assert_eq!(expected.len(), 23);
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
fn the_maps_are_those_of_keras_own_recipe() {
    let text = std::fs::read_to_string(fixture("grad-cam.json")).unwrap();
    let expected: BTreeMap<String, Vec<f32>> = serde_json::from_str(&text).unwrap();
    assert_eq!(expected.len(), 9);
    for (name, keras) in expected {
        let model = model(&name, Preprocessing::Auto);
        let maps = class_maps(&head(&model), &activations(&model));
        // The only output speaks for the second class.
        let map = &maps[usize::from(model.n_outputs == 1)];
        assert_eq!((map.side * map.side, map.drawn(MapMethod::GradCam).peak() > 0.0), (keras.len(), true), "{name}");
        for (ours, keras) in map.drawn(MapMethod::GradCam).rectified().iter().zip(&keras) {
            assert!((ours - keras).abs() < 1e-4, "{name}: {ours} is not {keras}");
        }
    }
}

#[test]
fn what_a_model_says_about_its_input_is_reported() {
    for (name, input, said, side) in [
        ("keras3-nested.h5", "caffe", false, Some(224)),
        ("keras3-one-unit-rescaling.keras", "rescale", true, Some(224)),
        ("keras3-preprocess-input.keras", "caffe", true, Some(224)),
        ("keras2-preprocess-input.h5", "caffe", true, Some(224)),
        ("keras3-rescaling-signed.keras", "featurewise 127.5 127.5 127.5 / 127.5 127.5 127.5", true, Some(224)),
        ("keras3-normalization.keras", "featurewise 120 110 100 / 60 54.772255 50", true, Some(224)),
        ("keras3-150-flatten.keras", "caffe", false, Some(150)),
        ("keras2-150-flatten.h5", "caffe", false, Some(150)),
        ("keras3-nested-any-size.keras", "caffe", false, None),
    ] {
        let model = model(name, Preprocessing::Auto);
        let found = (model.input.to_string(), model.input_said, model.input_side, model.resize);
        assert_eq!(found, (input.to_owned(), said, side, None), "{name}");
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

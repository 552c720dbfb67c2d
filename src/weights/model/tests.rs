//! What is read of real files, and what is refused, each by its name.

use serde_json::json;

use super::super::dialect::Dialect;
use super::super::tensor_file::NamedTensor;
use super::super::tests::{fixture, thin_vgg16};
use super::*;

#[test]
fn a_file_that_is_no_such_model_is_refused_with_the_reason() {
    let refusal = |name: &str| {
        let error = read_model_of(&fixture(name), &thin_vgg16(), Preprocessing::Auto).err().unwrap().to_string();
        error.replace(&fixture(name).display().to_string(), "FILE")
    };
    let expected = "`FILE` is not a model that gradwatch can import (VGG16 and layers above it): it has weights but no \
                    layers: save the whole model, with model.save(...); see docs/WEIGHTS.md";
    assert_eq!(refusal("keras3-nested.weights.h5"), expected);
    assert_eq!(refusal("zip.pth"), expected);
    assert!(refusal("keras3-max-pooling.keras").contains("its outputs have neither a sigmoid nor a softmax; "));
}

/// A layer with a name of its own and these settings.
fn layer(class: &str, config: Value) -> Value {
    let mut config = config;
    config["name"] = json!(class.to_lowercase());
    json!({ "class_name": class, "config": config })
}

fn plain(class: &str) -> Value {
    layer(class, json!({}))
}

fn dense(name: &str, activation: &str) -> Value {
    json!({ "class_name": "Dense", "config": { "name": name, "activation": activation } })
}

fn conv(name: &str) -> Value {
    let config = json!({ "name": name, "kernel_size": [3, 3], "activation": "relu", "padding": "same" });
    json!({ "class_name": "Conv2D", "config": config })
}

/// Two convolutions of 2 channels and a pool.
fn small_vgg() -> Vec<Value> {
    vec![conv("c1"), conv("c2"), layer("MaxPooling2D", json!({ "pool_size": [2, 2], "padding": "valid" }))]
}

const PLAN: [Conv; 2] = [Conv::new(0, 3, 2, false), Conv::new(2, 2, 2, true)];

/// The tensors of a `.h5`: those of the convolutions, and zeros of the given shapes.
fn tensors(others: &[(&str, &[usize])]) -> TensorFile {
    let convs: [(&str, &[usize]); 4] = [
        ("c1/c1/kernel:0", &[3, 3, 3, 2]),
        ("c1/c1/bias:0", &[2]),
        ("c2/c2/kernel:0", &[3, 3, 2, 2]),
        ("c2/c2/bias:0", &[2]),
    ];
    let tensor = |(name, shape): &(&str, &[usize])| {
        let n = shape.iter().product();
        NamedTensor { name: format!("/{name}"), shape: shape.to_vec(), read: Box::new(move || Ok(vec![0.5; n])) }
    };
    TensorFile::new(Dialect::Keras, convs.iter().chain(others).map(tensor).collect())
}

/// Reads a Sequential for images of 64x64 (2x2 at pool5) with these layers.
fn read(layers: &[Value], others: &[(&str, &[usize])]) -> Result<KerasModel, String> {
    let mut file = tensors(others);
    let input = layer("InputLayer", json!({ "batch_shape": [null, 64, 64, 3] }));
    let layers: Vec<Value> = std::iter::once(input).chain(layers.iter().cloned()).collect();
    file.graph = Some(json!({ "class_name": "Sequential", "config": { "layers": layers } }).to_string());
    let read = model(&file, ContentHash::of(b""), &PLAN, (Path::new("FILE"), Preprocessing::Auto));
    read.map_err(|error| {
        let text = error.to_string();
        let reason = text.split("layers above it): ").nth(1).unwrap_or(&text);
        reason.trim_end_matches("; see docs/WEIGHTS.md").to_owned()
    })
}

/// What is said of a model with these layers above its pools; the Dense layer `d` takes 8 numbers and has 2 units.
fn refused(above: &[Value]) -> String {
    let layers: Vec<Value> = small_vgg().into_iter().chain(above.iter().cloned()).collect();
    read(&layers, &[("d/d/kernel:0", &[8, 2]), ("d/d/bias:0", &[2])]).err().unwrap_or_default()
}

#[test]
fn layers_above_that_gradwatch_has_not_are_refused_by_name() {
    let last = || [plain("Flatten"), dense("d", "sigmoid")];
    assert_eq!(refused(&last()), "");
    let with = |first: Value| refused(&[&[first], &last()[..]].concat());
    assert_eq!(with(plain("Lambda")), "its layer `lambda` (Lambda) is none that gradwatch has");
    assert_eq!(with(plain("Attention")), "its layer `attention` (Attention) is none that gradwatch has");
    assert_eq!(
        with(layer("Flatten", json!({ "data_format": "channels_first" }))),
        "its layer `flatten` (Flatten) has channels first, and gradwatch only channels last"
    );
    assert_eq!(
        with(layer("Reshape", json!({ "target_shape": [4, 2] }))),
        "its layer `reshape` (Reshape) is none that gradwatch has"
    );
    assert_eq!(with(layer("Reshape", json!({ "target_shape": [8] }))), "");
    assert_eq!(
        with(layer("Activation", json!({ "activation": "mish" }))),
        "its activation mish is none that gradwatch has (its layer `activation` (Activation))"
    );
    assert_eq!(
        with(layer("BatchNormalization", json!({ "axis": 1 }))),
        "its layer `batchnormalization` (BatchNormalization) works along axis 1, not along the channels"
    );
    assert_eq!(
        with(plain("BatchNormalization")),
        "its layer `batchnormalization` (BatchNormalization) has no moving_mean in the file"
    );
    assert_eq!(
        with(layer("MaxPooling2D", json!({ "pool_size": 3, "padding": "valid" }))),
        "its layer `maxpooling2d` (MaxPooling2D) does not fit what reaches it, 2x2x2: its window is larger than what it pools"
    );
    assert_eq!(
        with(layer("Softmax", json!({ "axis": 1 }))),
        "its layer `softmax` (Softmax) is none that gradwatch has"
    );
    assert_eq!(with(plain("Dropout")), "");
}

#[test]
fn outputs_are_one_sigmoid_or_softmax() {
    let ending = |activation: &str| refused(&[plain("Flatten"), dense("d", activation)]);
    assert_eq!(ending("tanh"), "its outputs go through tanh, not a sigmoid or softmax");
    assert_eq!(ending("linear"), "its outputs have neither a sigmoid nor a softmax");
    assert_eq!(refused(&[plain("Flatten"), dense("d", "linear"), plain("Softmax")]), "");
    let fits = refused(&[dense("d", "softmax")]);
    assert_eq!(fits, "its layer `d` (Dense) does not fit what reaches it, 2x2x2: it has 8 inputs, and 2 reach it");
    let unknown = refused(&[plain("Flatten"), dense("e", "softmax")]);
    assert_eq!(unknown, "its layer `e` (Dense) has no kernel in the file");
    let everywhere =
        read(&[small_vgg(), vec![dense("d", "softmax")]].concat(), &[("d/d/kernel:0", &[2, 2]), ("d/d/bias:0", &[2])]);
    assert_eq!(everywhere.err().unwrap(), "it has outputs at each of 2x2 positions");
    let single = read(
        &[small_vgg(), vec![plain("Flatten"), dense("d", "softmax")]].concat(),
        &[("d/d/kernel:0", &[8, 1]), ("d/d/bias:0", &[1])],
    );
    assert_eq!(single.err().unwrap(), "its softmax has a single output, which is always 1");
}

#[test]
fn each_layer_has_the_numbers_of_its_name() {
    let layers = [small_vgg(), vec![plain("Flatten"), dense("z", "relu"), dense("a", "softmax")]].concat();
    let numbers: [(&str, &[usize]); 4] =
        [("a/a/kernel:0", &[8, 3]), ("a/a/bias:0", &[3]), ("z/z/kernel:0", &[8, 8]), ("z/z/bias:0", &[8])];
    let units: Vec<usize> = read(&layers, &numbers)
        .unwrap()
        .layers
        .iter()
        .filter_map(|layer| match layer {
            Layer::Dense { units, .. } => Some(*units),
            _ => None,
        })
        .collect();
    assert_eq!(units, [8, 3]);
}

#[test]
fn other_networks_below_are_refused_by_name() {
    let with = |layers: &[Value]| {
        let layers = [layers, &[plain("Flatten"), dense("d", "softmax")]].concat();
        read(&layers, &[("d/d/kernel:0", &[8, 2]), ("d/d/bias:0", &[2])]).err().unwrap_or_default()
    };
    let pool = || layer("MaxPooling2D", json!({ "pool_size": [2, 2] }));
    assert_eq!(with(&[conv("c1"), pool()]), "it has 1 Conv2D layers, not 2");
    assert_eq!(with(&[small_vgg(), vec![conv("c3")]].concat()), "it has 3 Conv2D layers, not 2");
    assert_eq!(
        with(&[conv("c1"), pool(), conv("c2")]),
        "its layer `maxpooling2d` (MaxPooling2D) stands where VGG16 has a Conv2D layer"
    );
    assert_eq!(
        with(&[conv("c1"), plain("BatchNormalization"), conv("c2"), pool()]),
        "its layer `batchnormalization` (BatchNormalization) stands where VGG16 has a Conv2D layer"
    );
    assert_eq!(
        with(&[conv("c1"), conv("c2")]),
        "its layer `flatten` (Flatten) stands where VGG16 has a MaxPooling2D layer"
    );
    assert_eq!(
        with(&[conv("c1"), conv("c2"), layer("MaxPooling2D", json!({ "padding": "same" }))]),
        "its layer `maxpooling2d` (MaxPooling2D) is not a pooling of 2x2 without padding"
    );
    let changed = |key: &str, value: Value| {
        let mut other = conv("c1");
        other["config"][key] = value;
        with(&[other, conv("c2"), pool()])
    };
    assert_eq!(changed("strides", json!([2, 2])), "its layer `c1` (Conv2D) is no plain 3x3 convolution with a bias");
    assert_eq!(changed("use_bias", json!(false)), "its layer `c1` (Conv2D) is no plain 3x3 convolution with a bias");
    assert_eq!(changed("activation", json!("elu")), "its layer `c1` (Conv2D) is not followed by ReLU, or not padded");
    assert_eq!(changed("padding", json!("valid")), "its layer `c1` (Conv2D) is not followed by ReLU, or not padded");
    assert!(
        changed("data_format", json!("channels_first"))
            .ends_with("has channels first, and gradwatch only channels last")
    );
    let mut linear = conv("c1");
    linear["config"]["activation"] = json!("linear");
    assert_eq!(with(&[linear, plain("ReLU"), conv("c2"), pool()]), "");
}

/// The same with layers below the convolutions.
fn below(layers: &[Value]) -> Result<KerasModel, String> {
    let above = [plain("Flatten"), dense("d", "softmax")];
    let layers = [layers, &small_vgg(), &above].concat();
    read(&layers, &[("d/d/kernel:0", &[8, 2]), ("d/d/bias:0", &[2])])
}

#[test]
fn what_is_done_to_images_is_known_or_refused_by_name() {
    let rescaling = |scale: f64, offset: f64| layer("Rescaling", json!({ "scale": scale, "offset": offset }));
    let input = |layers: &[Value]| below(layers).map(|model| (model.input.to_string(), model.input_said));
    assert_eq!(input(&[rescaling(1.0 / 255.0, 0.0)]), Ok(("rescale".to_owned(), true)));
    assert_eq!(input(&[rescaling(1.0, 0.0), plain("RandomRotation")]), Ok(("caffe".to_owned(), false)));
    assert_eq!(input(&[rescaling(2.0, 0.0)]), Ok(("featurewise 0 0 0 / 0.5 0.5 0.5".to_owned(), true)));
    let refused = |layers: &[Value]| input(layers).unwrap_err();
    assert!(refused(&[rescaling(-1.0, 255.0)]).starts_with("it prepares images as RGB times [-1.0"));
    for class in ["Lambda", "CenterCrop", "RandomCrop", "ZeroPadding2D"] {
        let expected =
            format!("its layer `{}` ({class}) prepares images in a way that gradwatch has not", class.to_lowercase());
        assert_eq!(refused(&[plain(class)]), expected);
    }
}

#[test]
fn sizes_that_gradwatch_has_not_are_refused_by_name() {
    let sized = |rows: usize, columns: usize, channels: usize| {
        below(&[layer("InputLayer", json!({ "batch_shape": [null, rows, columns, channels] }))])
    };
    let refused = |rows, columns, channels| sized(rows, columns, channels).err().unwrap();
    assert_eq!(refused(64, 96, 3), "it takes images of 64 rows and 96 columns, and gradwatch only square ones");
    assert_eq!(refused(31, 31, 3), "it takes images of 31x31, and 32x32 is the smallest size");
    assert_eq!(refused(64, 64, 1), "it takes images of 1 channels, not 3 (RGB)");
    let unfit = "its layer `d` (Dense) does not fit what reaches it, 1x1x18: it has 8 inputs, and 18 reach it";
    assert_eq!(refused(96, 96, 3), unfit);
    assert_eq!(sized(95, 95, 3).unwrap().input_side, Some(95));
}

#[test]
fn a_model_that_resizes_says_how() {
    let resizing = |side: usize, interpolation: &str| {
        layer("Resizing", json!({ "height": side, "width": side, "interpolation": interpolation }))
    };
    let model = below(&[resizing(64, "bilinear")]).unwrap();
    assert_eq!((model.input_side, model.resize), (Some(64), Some(Resize::Bilinear)));
    for layers in [vec![resizing(64, "lanczos3")], vec![resizing(80, "bilinear")], vec![resizing(64, "nearest"); 2]] {
        let refused = below(&layers).err().unwrap();
        assert!(refused.starts_with("its layer `resizing` (Resizing) resizes in a way that"), "{refused}");
    }
}

//! Files as users have them, whole and broken. Those in `tests/fixtures/weights` were written by the real libraries
//! (`scripts/make-weights-fixtures`); all hold the same thin network, whose numbers follow a formula.

use std::path::{Path, PathBuf};

use ::safetensors::Dtype;
use ::safetensors::tensor::TensorView;
use half::{bf16, f16};
use proptest::prelude::*;

use super::*;
use crate::config::{Preparation, Preprocessing};
use crate::domain::ContentHash;
use crate::domain::vgg16::{Conv, VGG16};
use crate::stats::Generator;

const WIDTHS: [usize; 13] = [4, 4, 6, 6, 8, 8, 8, 10, 10, 10, 12, 12, 12];

/// VGG16 with the fixtures' widths.
pub(crate) fn thin_vgg16() -> Vec<Conv> {
    let full = VGG16;
    let inputs = std::iter::once(3).chain(WIDTHS);
    let narrow =
        |((conv, outputs), inputs): ((&Conv, usize), usize)| Conv::new(conv.index, inputs, outputs, conv.ends_block);
    full.iter().zip(WIDTHS).zip(inputs).map(narrow).collect()
}

/// The fixtures' numbers: the same formulas as in `tests/fixtures/weights/make.py`.
pub(crate) fn thin_convs() -> Vec<ConvWeights> {
    let layer = |(number, conv): (usize, &Conv)| {
        let tap = |o: usize, i: usize, tap: usize| {
            let value = (o * 29 + i * 13 + tap / 3 * 7 + tap % 3 * 3 + number * 11 + o * i * 5) % 61;
            (value as f32 - 30.0) / 128.0
        };
        let kernels = |o| (0..conv.inputs).flat_map(move |i| (0..9).map(move |t| tap(o, i, t)));
        ConvWeights {
            weight: (0..conv.outputs).flat_map(kernels).collect(),
            bias: (0..conv.outputs).map(|o| (((o * 3 + number * 7) % 9) as f32 - 4.0) / 8.0).collect(),
        }
    };
    thin_vgg16().iter().enumerate().map(layer).collect()
}

pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/weights").join(name)
}

fn provenance() -> Provenance {
    Provenance {
        origin: "test".to_owned(),
        source_sha256: None,
        preprocessing: "rescale".to_owned(),
        licence: "none".to_owned(),
    }
}

/// A file with `bytes`, and the folder that goes with it.
fn file(bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vgg16.file");
    std::fs::write(&path, bytes).unwrap();
    (dir, path)
}

fn refusal_of(path: &Path) -> String {
    let message = read_backbone(path, &thin_vgg16()).unwrap_err().to_string();
    assert!(!message.contains('\n'), "{message}");
    message.replace(&path.display().to_string(), "FILE")
}

fn refusal(bytes: &[u8]) -> String {
    let (_dir, path) = file(bytes);
    refusal_of(&path)
}

#[test]
fn every_format_gives_the_same_network() {
    let torch = ["torchvision.safetensors", "timm.safetensors", "zip.pth", "legacy.pth", "checkpoint.pth"];
    let keras = [
        "keras1-notop.h5",
        "keras2-flat.h5",
        "keras2-nested.h5",
        "keras2-weights.h5",
        "keras3-nested.h5",
        "keras3-nested.weights.h5",
        "keras3-softmax.keras",
        "keras3-one-unit-rescaling.keras",
        "keras3-arrays.keras",
        "chunked.h5",
    ];
    let expected = thin_convs();
    for (name, input) in
        torch.map(|name| (name, Preparation::Imagenet)).into_iter().chain(keras.map(|name| (name, Preparation::Caffe)))
    {
        let weights = read_backbone(&fixture(name), &thin_vgg16()).unwrap_or_else(|error| panic!("{error}"));
        assert!(weights.convs == expected, "{name}");
        assert_eq!(weights.input, input, "{name}");
        assert_eq!(weights.sha256, ContentHash::of(&std::fs::read(fixture(name)).unwrap()), "{name}");
    }
}

/// One number in some type's bytes.
type Encode = fn(f32) -> Vec<u8>;

/// The thin network with all numbers of `dtype`.
fn encoded(dtype: Dtype, encode: Encode) -> Vec<u8> {
    let mut tensors = Vec::new();
    for (conv, layer) in thin_vgg16().iter().zip(thin_convs()) {
        let bytes = |values: &[f32]| values.iter().flat_map(|value| encode(*value)).collect::<Vec<u8>>();
        tensors.push((conv.weight_name(), conv.weight_shape().to_vec(), bytes(&layer.weight)));
        tensors.push((conv.bias_name(), vec![conv.outputs], bytes(&layer.bias)));
    }
    let views = tensors
        .iter()
        .map(|(name, shape, bytes)| (name.clone(), TensorView::new(dtype, shape.clone(), bytes).unwrap()));
    ::safetensors::serialize(views, None).unwrap()
}

#[test]
fn every_common_type_of_number_is_read_as_f32() {
    let files: [(Dtype, Encode); 4] = [
        (Dtype::F32, |value| value.to_le_bytes().to_vec()),
        (Dtype::F16, |value| f16::from_f32(value).to_le_bytes().to_vec()),
        (Dtype::BF16, |value| bf16::from_f32(value).to_le_bytes().to_vec()),
        (Dtype::F64, |value| f64::from(value).to_le_bytes().to_vec()),
    ];
    for (dtype, encode) in files {
        let (_dir, path) = file(&encoded(dtype, encode));
        assert!(read_backbone(&path, &thin_vgg16()).unwrap().convs == thin_convs(), "{dtype:?}");
    }
    assert!(refusal(&encoded(Dtype::I32, |value| (value as i32).to_le_bytes().to_vec())).contains("holds I32 numbers"));
    let nan = refusal(&encoded(Dtype::F32, |_| f32::NAN.to_le_bytes().to_vec()));
    assert!(nan.contains("`features.0.weight` holds values that are not finite"), "{nan}");
}

#[test]
fn other_networks_are_refused() {
    let found = |name: &str| refusal_of(&fixture(name));
    assert_eq!(
        found("batch-norm.safetensors"),
        "`FILE` is not a plain VGG16: it normalises between its layers (as vgg16_bn does); give the weights of one"
    );
    // The normalisation of a head is none between the convolutions.
    for name in ["keras2-greatest-normalised-elu.h5", "keras3-normalised-first.keras"] {
        assert!(read_backbone(&fixture(name), &thin_vgg16()).unwrap().convs == thin_convs(), "{name}");
    }
    let layers = thin_convs();
    let short = to_safetensors(&thin_vgg16()[..12], &layers[..12], &provenance()).unwrap();
    let expected = "`FILE` is not a plain VGG16: of its 24 arrays, 12 are 3x3 convolutions with a bias, not 13; give the weights of one";
    assert_eq!(refusal(&short), expected);
    let message = read_backbone(&fixture("zip.pth"), &VGG16).unwrap_err().to_string();
    assert!(message.contains("`features.0.weight` is [4, 3, 3, 3], VGG16 needs [64, 3, 3, 3]"), "{message}");
}

#[test]
fn what_is_no_weights_file_is_called_by_its_name() {
    for (start, name) in [
        (b"".as_slice(), "it is empty"),
        (b"12345", "it has 5 bytes"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "a Git LFS pointer"),
        (b"\xff\xff\xff\xff\xff\xff\xff\xff and more", "of no format that gradwatch knows"),
    ] {
        let message = refusal(start);
        assert!(message.starts_with("`FILE` is not a weights file: ") && message.contains(name), "{message}");
        assert!(message.ends_with("give a VGG16 as .safetensors, .pth, .pt, .ot, .h5, .weights.h5 or .keras"));
    }
    let lzf = refusal_of(&fixture("lzf.h5"));
    assert!(
        lzf.contains("kernel:0` is compressed with LZF (compression=\"lzf\"), which gradwatch does not read;"),
        "{lzf}"
    );
    let folder = tempfile::tempdir().unwrap();
    assert!(refusal_of(folder.path()).contains("it is a folder: name the file itself"));
    std::fs::write(folder.path().join("saved_model.pb"), b"").unwrap();
    assert!(refusal_of(folder.path()).contains("it is the folder of a TensorFlow SavedModel: load it in Keras"));
    let absent = read_backbone(Path::new("/no/such/file"), &thin_vgg16()).unwrap_err().to_string();
    assert!(absent.starts_with("cannot read `/no/such/file`: "), "{absent}");
}

#[test]
fn a_cut_off_file_of_any_format_says_so() {
    for name in ["torchvision.safetensors", "zip.pth", "legacy.pth", "keras1-notop.h5", "keras3-softmax.keras"] {
        let bytes = std::fs::read(fixture(name)).unwrap();
        for len in [bytes.len() - 1, bytes.len() / 2, 700] {
            let message = refusal(&bytes[..len]);
            assert!(message.contains("cut off"), "{name} {len}: {message}");
            assert!(message.ends_with("download or copy it again"), "{name} {len}: {message}");
        }
    }
    let bytes = std::fs::read(fixture("keras1-notop.h5")).unwrap();
    let expected =
        format!("`FILE` is cut off: {} bytes of {}; download or copy it again", bytes.len() - 9, bytes.len());
    assert_eq!(refusal(&bytes[..bytes.len() - 9]), expected);
}

const ALL: [&str; 8] = [
    "torchvision.safetensors",
    "zip.pth",
    "legacy.pth",
    "keras1-notop.h5",
    "keras3-nested.h5",
    "keras3-softmax.keras",
    "keras3-arrays.keras",
    "chunked.h5",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// Whatever is done to a file, reading it ends, with the right shapes or with one line.
    #[test]
    fn a_damaged_file_never_panics(which in 0..ALL.len(), at in any::<prop::sample::Index>(), mask in 1_u8.., cut in any::<bool>()) {
        let mut bytes = std::fs::read(fixture(ALL[which])).unwrap();
        // Half of the damage is done to the first kilobytes, where the descriptions are.
        let at = if mask % 2 == 0 { at.index(bytes.len()) } else { at.index(4096) };
        bytes[at] ^= mask;
        if cut {
            bytes.truncate(at);
        }
        let (_dir, path) = file(&bytes);
        if let Err(error) = read_model_of(&path, &thin_vgg16(), Preprocessing::Auto) {
            prop_assert!(!error.to_string().contains('\n'));
        }
        match read_backbone(&path, &thin_vgg16()) {
            Ok(weights) => prop_assert_eq!(weights.convs.len(), 13),
            Err(error) => prop_assert!(!error.to_string().contains('\n')),
        }
    }

    #[test]
    fn a_damaged_pickle_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        drop(pickle::tensors(&bytes));
        drop(pickle::arrays(&bytes));
    }
}

#[test]
fn an_import_is_features_only_with_its_history_and_stable() {
    let dir = tempfile::tempdir().unwrap();
    let import =
        |name: &str, preprocessing| folder::import(&fixture(name), dir.path(), preprocessing, &thin_vgg16()).unwrap();
    let keras = import("keras2-nested.h5", Preprocessing::Auto);
    assert_eq!((keras.preprocessing.as_str(), keras.origin.as_str()), ("caffe", "keras2-nested.h5, a Keras file"));
    assert!(keras.licence.starts_with("Keras' own VGG16 weights: CC BY 4.0"), "{}", keras.licence);
    let again = import("keras2-nested.h5", Preprocessing::Auto);
    assert_eq!((&again.path, again.sha256.unwrap()), (&keras.path, keras.sha256.unwrap()));
    let read_back = read_backbone(&keras.path, &thin_vgg16()).unwrap();
    assert!(read_back.convs == thin_convs() && read_back.input == Preparation::Caffe);
    let source = read_backbone(&fixture("keras2-nested.h5"), &thin_vgg16()).unwrap().sha256;
    assert_eq!(read_back.provenance.unwrap().source_sha256, Some(source.to_string()));
    let otherwise = import("zip.pth", Preprocessing::Fixed(Preparation::Raw));
    assert_eq!(otherwise.preprocessing, "raw");
    assert!(otherwise.len < 40_000, "a classifier was kept");
    // A file that was imported before keeps what was noted then.
    let twice = folder::import(&keras.path, dir.path(), Preprocessing::Auto, &thin_vgg16()).unwrap();
    assert_eq!((twice.origin, twice.preprocessing.as_str()), (keras.origin, "caffe"));
}

#[test]
fn a_folder_is_listed_with_what_is_wrong_in_it() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("built-in-v1-seed1-x.safetensors"), b"short").unwrap();
    std::fs::copy(fixture("torchvision.safetensors"), dir.path().join("mine.safetensors")).unwrap();
    std::fs::write(dir.path().join("README.md"), b"not listed").unwrap();
    let listed: Vec<_> =
        weights_in(dir.path()).unwrap().into_iter().map(|path| folder::listed(path, &thin_vgg16())).collect();
    let origins: Vec<_> = listed.iter().map(|entry| (entry.origin.as_str(), entry.sha256.is_ok())).collect();
    assert_eq!(origins, [("built-in", false), ("file", true)]);
    assert_eq!((listed[1].licence.as_str(), listed[1].preprocessing.as_str()), ("not recorded", "imagenet"));
    assert!(list_weights(&dir.path().join("absent")).unwrap().is_empty());
}

#[test]
fn random_numbers_come_back_as_they_were_written() {
    let mut generator = Generator::new(1, "weights");
    let mut draw = |n: usize| (0..n).map(|_| generator.bell()).collect::<Vec<f32>>();
    let plan = &thin_vgg16()[..2];
    let layers: Vec<ConvWeights> = plan
        .iter()
        .map(|conv| ConvWeights { weight: draw(conv.outputs * conv.fan_in()), bias: draw(conv.outputs) })
        .collect();
    let (_dir, path) = file(&to_safetensors(plan, &layers, &provenance()).unwrap());
    let weights = read_backbone(&path, plan).unwrap();
    assert!(weights.convs == layers);
    assert_eq!((weights.input, weights.provenance), (Preparation::Rescale, Some(provenance())));
}

//! Files as users have them, whole and broken.

use super::*;
use crate::nn::Generator;

const THIN: [Conv; 2] = [Conv::new(0, 3, 4, false), Conv::new(2, 4, 2, true)];

fn layers() -> Vec<Layer> {
    let mut generator = Generator::new(1, "weights");
    // Eighths are exact in every floating-point type.
    let mut draw = |n: usize| (0..n).map(|_| (generator.below(64) as f32 - 32.0) / 8.0).collect();
    THIN.iter().map(|conv| Layer { weight: draw(conv.outputs * conv.fan_in()), bias: draw(conv.outputs) }).collect()
}

/// A file with `bytes`, and the folder that goes with it.
fn file(bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vgg16.safetensors");
    std::fs::write(&path, bytes).unwrap();
    (dir, path)
}

fn whole() -> Vec<u8> {
    to_safetensors(&THIN, &layers(), "test").unwrap()
}

/// One number in some type's bytes.
type Encode = fn(f32) -> Vec<u8>;

/// A file of `tensors`, all of `dtype`.
fn encoded(dtype: Dtype, encode: Encode) -> Vec<u8> {
    let mut tensors = Vec::new();
    for (conv, layer) in THIN.iter().zip(layers()) {
        let bytes = |values: &[f32]| values.iter().flat_map(|value| encode(*value)).collect::<Vec<u8>>();
        tensors.push((conv.weight_name(), conv.weight_shape().to_vec(), bytes(&layer.weight)));
        tensors.push((conv.bias_name(), vec![conv.outputs], bytes(&layer.bias)));
    }
    tensors.push(("classifier.0.bias".to_owned(), vec![2], [encode(0.0), encode(1.0)].concat()));
    let views = tensors
        .iter()
        .map(|(name, shape, bytes)| (name.clone(), TensorView::new(dtype, shape.clone(), bytes).unwrap()));
    safetensors::serialize(views, None).unwrap()
}

fn refusal(bytes: &[u8]) -> String {
    let (_dir, path) = file(bytes);
    let message = read(&path, &THIN).unwrap_err().to_string();
    assert!(!message.contains('\n'), "{message}");
    message.replace(&path.display().to_string(), "FILE")
}

#[test]
fn reads_every_common_type_as_f32_and_leaves_a_classifier_alone() {
    let files: [(Dtype, Encode); 4] = [
        (Dtype::F32, |value| value.to_le_bytes().to_vec()),
        (Dtype::F16, |value| f16::from_f32(value).to_le_bytes().to_vec()),
        (Dtype::BF16, |value| bf16::from_f32(value).to_le_bytes().to_vec()),
        (Dtype::F64, |value| f64::from(value).to_le_bytes().to_vec()),
    ];
    for (dtype, encode) in files {
        let bytes = encoded(dtype, encode);
        let (_dir, path) = file(&bytes);
        let weights = read(&path, &THIN).unwrap();
        assert_eq!(weights.layers, layers(), "{dtype:?}");
        assert_eq!(weights.sha256, ContentHash::of(&bytes));
    }
}

#[test]
fn a_cut_off_file_says_how_much_is_there() {
    let bytes = whole();
    let expected =
        format!("`FILE` is cut off: {} bytes of {}; download or copy it again", bytes.len() - 4, bytes.len());
    assert_eq!(refusal(&bytes[..bytes.len() - 4]), expected);
    assert!(refusal(&bytes[..60]).starts_with("`FILE` is cut off: 60 bytes of "));
    assert!(refusal(&bytes[..5]).contains("it has 5 bytes"));
}

#[test]
fn another_network_is_named_by_its_first_wrong_tensor() {
    let other = [Conv::new(0, 3, 4, false), Conv::new(3, 4, 2, true)];
    let renamed = to_safetensors(&other, &layers(), "test").unwrap();
    assert!(refusal(&renamed).starts_with("`FILE` has no tensor `features.2.weight` (it has 4 others)"));
    let wide = [THIN[0], Conv::new(2, 8, 1, true)];
    let reshaped: Vec<Layer> = vec![layers().remove(0), Layer { weight: vec![0.0; 72], bias: vec![0.0] }];
    let message = refusal(&to_safetensors(&wide, &reshaped, "test").unwrap());
    assert!(message.contains("`features.2.weight` is [1, 8, 3, 3], VGG16 needs [2, 4, 3, 3]"), "{message}");
}

#[test]
fn other_formats_are_called_by_their_names() {
    for (start, name) in [
        (b"PK\x03\x04 and more".as_slice(), "a zip archive"),
        (b"\x89HDF\r\n\x1a\n and more", "an HDF5 file"),
        (b"\x80\x02\x8a\nl\xfc\x9cF\xf9 ", "a Python pickle"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"\xff\xff\xff\xff\xff\xff\xff\xff and more", "no header length"),
        (b"\x04\0\0\0\0\0\0\0nope", "its header is unreadable"),
    ] {
        let message = refusal(start);
        assert!(message.starts_with("`FILE` is no safetensors file: ") && message.contains(name), "{message}");
    }
    let mut longer = whole();
    longer.extend([0; 3]);
    assert!(refusal(&longer).contains("3 bytes follow its last tensor"));
}

#[test]
fn integers_and_broken_numbers_are_refused() {
    assert!(refusal(&encoded(Dtype::I32, |value| (value as i32).to_le_bytes().to_vec())).contains("holds I32 numbers"));
    let nan = refusal(&encoded(Dtype::F32, |_| f32::NAN.to_le_bytes().to_vec()));
    assert!(nan.contains("`features.0.weight` holds values that are not finite"), "{nan}");
    let absent = read(Path::new("/no/such/file"), &THIN).unwrap_err().to_string();
    assert!(absent.starts_with("cannot read `/no/such/file`: "), "{absent}");
}

#[test]
fn a_folder_is_listed_with_what_is_wrong_in_it() {
    let (dir, _) = file(&whole());
    std::fs::write(dir.path().join("built-in-v1-seed1-x.safetensors"), b"short").unwrap();
    std::fs::write(dir.path().join("README.md"), b"not listed").unwrap();
    let listed = list_weights(dir.path()).unwrap();
    let origins: Vec<_> = listed.iter().map(|entry| (entry.origin, entry.len, entry.sha256.is_ok())).collect();
    assert_eq!(origins, [("built-in", 5, false), ("file", whole().len() as u64, false)]);
    assert!(list_weights(&dir.path().join("absent")).unwrap().is_empty());
}

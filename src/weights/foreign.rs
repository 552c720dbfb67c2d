//! What a file is that holds no weights, or none that can be read: said by its name or its first bytes, with what to save
//! instead.

use std::path::Path;

/// How to get one file out of Keras or TensorFlow.
const SAVE_KERAS: &str = "load it in Keras and save one file, model.save(\"model.keras\")";
/// How to get one file out of PyTorch.
const SAVE_TORCH: &str = "save the weights with torch.save(model.state_dict(), \"model.pth\")";

/// What the folder at `path` is.
pub(super) fn folder(path: &Path) -> String {
    let has = |name: &str| path.join(name).exists();
    if has("saved_model.pb") || has("keras_metadata.pb") {
        return format!("it is the folder of a TensorFlow SavedModel: {SAVE_KERAS}");
    }
    if has("model.weights.h5") && has("config.json") {
        return format!("it is the folder of an unpacked .keras file: name the file itself, or {SAVE_KERAS}");
    }
    if has("checkpoint") {
        return format!("it is the folder of a TensorFlow checkpoint: {SAVE_KERAS}");
    }
    "it is a folder: name the file itself".to_owned()
}

/// What a file is whose name says that it is not whole.
pub(super) fn by_name(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_string_lossy().to_lowercase();
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    if ["index", "meta"].contains(&extension) || extension.starts_with("data-0") {
        return Some(format!("it is a part of a TensorFlow checkpoint: {SAVE_KERAS}"));
    }
    let (before, of) = name.split_once("-of-")?;
    let digits = |text: &str| text.chars().take_while(char::is_ascii_digit).collect::<String>();
    let total: u32 = digits(of).parse().ok()?;
    let is_part = before.ends_with(|letter: char| letter.is_ascii_digit()) && total > 1;
    is_part.then(|| format!("it is one of {total} parts of a model: load all of them, and {SAVE_TORCH}"))
}

/// What a file with these first bytes is, if it is a known one without weights that can be read.
pub(super) fn by_content(start: &[u8]) -> Option<String> {
    let text = |text: &str| Some(text.to_owned());
    match start {
        [] => text("it is empty"),
        _ if is_text(start) => by_text(start),
        // Versions of the model's format, then the name of the producer, a graph, or a list of operators.
        [0x08, 1, 0x12, ..] => Some(format!("it is the description of a TensorFlow SavedModel: {SAVE_KERAS}")),
        [0x08, 3..=32, 0x12 | 0x1a | 0x22 | 0x3a | 0x42, ..] => {
            Some(format!("it is an ONNX model: give the file that it was made from, or {SAVE_TORCH}"))
        }
        [_, _, _, _, b'T', b'F', b'L', b'3', ..] => {
            text("it is a TensorFlow Lite model: give the model that it was made from, as .keras or .h5")
        }
        [0x80, 2..=5, ..] if !is_pytorch(start) => {
            Some(format!("it is a Python pickle that PyTorch did not write: {SAVE_TORCH}"))
        }
        [0x93, b'N', b'U', b'M', b'P', b'Y', ..] => Some(format!("it is a NumPy array: {SAVE_KERAS}")),
        [0x1f, 0x8b, ..] | [b'B', b'Z', b'h', ..] | [0x28, 0xb5, 0x2f, 0xfd, ..] | [0xfd, b'7', b'z', ..] => {
            text("it is compressed: unpack it first")
        }
        _ if is_image(start) => text("it is an image"),
        _ => None,
    }
}

/// Letters, signs and spaces alone.
fn is_text(start: &[u8]) -> bool {
    start.iter().all(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7e | 0x80..))
        && std::str::from_utf8(start).is_ok_and(|text| text.len() > 8)
}

fn by_text(start: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(start);
    let has = |words: &str| text.contains(words);
    Some(match text.trim_start().chars().next()? {
        '<' => "it is a web page or XML: the download went wrong".to_owned(),
        '{' | '[' if has("weight_map") || has("\"total_size\"") => {
            format!("it is the index of a model in several parts: load all of them, and {SAVE_TORCH}")
        }
        '{' | '[' if has("class_name") => {
            "it describes a Keras model but holds no weights: save the whole model, with model.save(...)".to_owned()
        }
        '{' | '[' => "it is JSON".to_owned(),
        _ if has("version https://git-lfs") => "it is a Git LFS pointer: fetch the file itself".to_owned(),
        _ if has("model_checkpoint_path") => format!("it names a TensorFlow checkpoint: {SAVE_KERAS}"),
        _ => "it is a text".to_owned(),
    })
}

/// Old checkpoints of PyTorch begin with a number of their own, after the version of the pickle and perhaps its length.
fn is_pytorch(start: &[u8]) -> bool {
    const MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
    start.windows(MAGIC.len()).take(32).any(|window| window == MAGIC)
}

fn is_image(start: &[u8]) -> bool {
    const BEGINNINGS: [&[u8]; 7] = [b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"II*\0", b"MM\0*", b"RIFF", b"BM"];
    BEGINNINGS.iter().any(|beginning| start.starts_with(beginning)) || start.get(128..132) == Some(b"DICM")
}

/// What a zip archive with these entries is, which is neither PyTorch's nor Keras'.
pub(super) fn archive(names: &[String]) -> String {
    if names.iter().any(|name| name.ends_with("saved_model.pb")) {
        return format!("it is an archive of a TensorFlow SavedModel: {SAVE_KERAS}");
    }
    if !names.is_empty() && names.iter().all(|name| name.rsplit('.').next() == Some("npy")) {
        return format!("it is an archive of NumPy arrays: {SAVE_KERAS}");
    }
    "it is a zip archive without PyTorch's or Keras' files".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_models_are_known_by_their_names() {
        let found = |name: &str| by_name(Path::new(name)).unwrap_or_default();
        for name in ["model-00001-of-00002.safetensors", "pytorch_model-00002-of-00002.bin", "x/Model-1-of-3.h5"] {
            assert!(found(name).starts_with("it is one of "), "{name}");
        }
        for name in ["best.ckpt.index", "variables.data-00000-of-00001", "model.ckpt.meta"] {
            assert!(found(name).starts_with("it is a part of a TensorFlow checkpoint: "), "{name}");
        }
        for name in ["vgg16.pth", "model-00001-of-00001.safetensors", "cat-of-mine.h5", "1-of-a-kind.pth", "index.h5"] {
            assert_eq!(found(name), "", "{name}");
        }
    }

    #[test]
    fn other_files_are_known_by_their_first_bytes() {
        for (start, name) in [
            (b"\x08\x07\x12\x07pytorch\x1a\x05".as_slice(), "it is an ONNX model: "),
            (b"\x08\x01\x12\xd0\x90\x01\x0a", "it is the description of a TensorFlow SavedModel: "),
            (b"\x1c\0\0\0TFL3\x14\0", "it is a TensorFlow Lite model: "),
            (b"\x80\x04\x95\x0f\0\0\0\0\0\0\0}\x94", "it is a Python pickle that PyTorch did not write: "),
            (b"\x80\x02}q\0.", "it is a Python pickle that PyTorch did not write: "),
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "it is an image"),
            (b"\xff\xd8\xff\xe0\0\x10JFIF", "it is an image"),
            (b"{\"class_name\": \"Functional\", \"config\": {", "it describes a Keras model but holds no weights: "),
            (
                b"{\n  \"metadata\": {\"total_size\": 1}, \"weight_map\"",
                "it is the index of a model in several parts: ",
            ),
            (b"{\"x\":12{ is JSON", "it is JSON"),
            (b"model_checkpoint_path: \"best\"", "it names a TensorFlow checkpoint: "),
            (b"epoch,loss,accuracy\n0,0.7,0.5", "it is a text"),
            (b"\x1f\x8b\x08\0\0\0\0\0\0\xff", "it is compressed: "),
        ] {
            let found = by_content(start).unwrap_or_default();
            assert!(found.starts_with(name), "{name}: {found}");
        }
        let legacy = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.";
        let framed = b"\x80\x04\x95\x0d\0\0\0\0\0\0\0\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.";
        assert_eq!([by_content(legacy), by_content(framed), by_content(b"\xff\xfe\0\0more")], [None, None, None]);
    }
}

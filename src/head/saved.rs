//! A head as a file: safetensors with `head.weight` and `head.bias`, or the numbers of each layer as `layers.N.NAME`; as
//! metadata the classes' names, the activation, and the layers in their order if there are several.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use safetensors::SafeTensors;
use serde::{Deserialize, Serialize};

use super::classifier::Head;
use super::error::HeadError;
use crate::domain::{ClassName, ContentHash, HeadRecord};
use crate::stats::Activation;
use crate::weights::{Layer, Shape, WeightsError, le_bytes, tensor_of, view};

const WEIGHT: &str = "head.weight";
const BIAS: &str = "head.bias";
/// The only key of the file's metadata, so that its bytes do not depend on the order of a map.
const LAYER: &str = "layer";

/// What the file's metadata says.
#[derive(Serialize, Deserialize)]
struct HeadMetadata {
    activation: Activation,
    classes: Vec<ClassName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    chain: Option<ChainMetadata>,
}

/// Of a head of several layers.
#[derive(Serialize, Deserialize)]
struct ChainMetadata {
    /// The pool5 that they take.
    input: Shape,
    layers: Vec<Layer>,
}

fn unusable(reason: String) -> HeadError {
    HeadError::Unusable { reason }
}

fn number_name(layer: usize, name: &str) -> String {
    format!("layers.{layer}.{name}")
}

/// The name and the shape of each tensor, with its numbers.
fn tensors(head: &Head) -> Vec<(String, Vec<usize>, &[f32])> {
    let n = head.classes().len();
    let linear = head.linear().into_iter().flat_map(|linear| {
        let weight = (WEIGHT.to_owned(), vec![n, head.n_features()], linear.weight.as_slice());
        [weight, (BIAS.to_owned(), vec![n], linear.bias.as_slice())]
    });
    let layers = head.layers().unwrap_or_default().iter().enumerate();
    let numbers = layers.flat_map(|(at, layer)| {
        let named = layer.numbers().into_iter();
        named.map(move |(name, values)| (number_name(at, name), vec![values.len()], values.as_slice()))
    });
    linear.chain(numbers).collect()
}

impl Head {
    /// The file's bytes.
    ///
    /// # Errors
    /// [`WeightsError::Unwritable`], a bug.
    pub fn to_bytes(&self) -> Result<Vec<u8>, HeadError> {
        let unwritable = |cause: String| WeightsError::Unwritable { cause };
        let tensors: Vec<_> =
            tensors(self).into_iter().map(|(name, shape, values)| (name, shape, le_bytes(values))).collect();
        let views = tensors.iter().map(|(name, shape, bytes)| Ok((name.as_str(), view(shape.clone(), bytes)?)));
        let views: Vec<_> = views.collect::<Result<_, WeightsError>>()?;
        let chain = self.layers().map(|layers| ChainMetadata { input: self.grid(), layers: layers.to_vec() });
        let metadata = HeadMetadata { activation: self.activation(), classes: self.classes().to_vec(), chain };
        let metadata = serde_json::to_string(&metadata).map_err(|error| unwritable(error.to_string()))?;
        let metadata = HashMap::from([(LAYER.to_owned(), metadata)]);
        Ok(safetensors::serialize(views, Some(metadata)).map_err(|error| unwritable(error.to_string()))?)
    }

    /// Reads what [`Self::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`HeadError::Unusable`] naming what is wrong.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, HeadError> {
        let file = SafeTensors::deserialize(bytes).map_err(|error| unusable(error.to_string()))?;
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(|error| unusable(error.to_string()))?;
        let metadata = header.metadata().as_ref().and_then(|metadata| metadata.get(LAYER));
        let metadata = metadata.ok_or_else(|| unusable(format!("its metadata has no `{LAYER}`")))?;
        let HeadMetadata { activation, classes, chain } =
            serde_json::from_str(metadata).map_err(|error| unusable(format!("`{LAYER}`: {error}")))?;
        let tensor = |name: &str| tensor_of(&file, name).ok_or_else(|| unusable(format!("it has no tensor `{name}`")));
        let Some(ChainMetadata { input, mut layers }) = chain else {
            return Self::new(classes, activation, tensor(WEIGHT)?, tensor(BIAS)?);
        };
        for (at, layer) in layers.iter_mut().enumerate() {
            for (name, values) in layer.numbers_mut() {
                *values = tensor(&number_name(at, name))?;
            }
        }
        Self::of_layers(classes, activation, input, layers)
    }

    /// Reads a run's head, and holds its bytes against the run's record.
    ///
    /// # Errors
    /// [`HeadError::Unreadable`], [`HeadError::Foreign`], [`HeadError::Unusable`].
    pub fn load(run_dir: &Path, record: &HeadRecord) -> Result<Self, HeadError> {
        Self::from_bytes(&recorded_bytes(run_dir.join(&record.file), record.sha256)?)
    }
}

/// The bytes of a file whose SHA-256 is recorded.
pub(super) fn recorded_bytes(path: PathBuf, recorded: ContentHash) -> Result<Vec<u8>, HeadError> {
    let bytes = std::fs::read(&path).map_err(|source| HeadError::Unreadable { path: path.clone(), source })?;
    let found = ContentHash::of(&bytes);
    if found != recorded {
        return Err(HeadError::Foreign { path, expected: Box::new(recorded), found: Box::new(found) });
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::head::{LinearHead, random_chain, random_head};

    #[test]
    fn bytes_come_back_and_are_the_same_every_time() {
        let sigmoid = random_head(&["covid", "normal", "β"], 1);
        let LinearHead { weight, bias } = sigmoid.linear().unwrap().clone();
        let softmax = Head::new(sigmoid.classes().to_vec(), Activation::Softmax, weight, bias).unwrap();
        for head in [sigmoid, softmax, random_chain(4, 2)] {
            let bytes = head.to_bytes().unwrap();
            assert_eq!(Head::from_bytes(&bytes).unwrap(), head);
            assert_eq!(head.to_bytes().unwrap(), bytes);
        }
    }

    #[test]
    fn bytes_of_something_else_are_refused_with_the_reason() {
        let good = random_head(&["a", "b"], 1).to_bytes().unwrap();
        let reason = |bytes: &[u8]| Head::from_bytes(bytes).unwrap_err().to_string();
        assert!(reason(&good[..good.len() - 1]).starts_with("not a saved classifier layer: "));
        let other = safetensors::serialize([("x", view(vec![1], &[0; 4]).unwrap())], None).unwrap();
        assert_eq!(reason(&other), "not a saved classifier layer: its metadata has no `layer`");
    }

    /// A file as [`Head::to_bytes`] writes it but for one stretch of its header, replaced by one of the same length.
    fn changed(head: &Head, from: &str, to: &str) -> String {
        let mut bytes = head.to_bytes().unwrap();
        let at = bytes.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
        bytes[at..at + from.len()].copy_from_slice(to.as_bytes());
        Head::from_bytes(&bytes).unwrap_err().to_string()
    }

    #[test]
    fn layers_that_do_not_fit_each_other_are_refused() {
        let head = random_chain(4, 2);
        for (from, to, reason) in [
            (r#"\"units\":3"#, r#"\"units\":9"#, "biases for 9 units"),
            (r#"\"rows\":4"#, r#"\"rows\":3"#, "inputs, and"),
            (r#"\"rows\":4"#, r#"\"rows\":0"#, "layer 1: its window is larger"),
            (r#"\"size\":[2"#, r#"\"size\":[0"#, "layer 1: its window is larger"),
            ("layers.1.weight", "layers.1.wEight", "it has no tensor `layers.1.weight`"),
            (r#"\"function\":\"tanh\""#, r#"\"function\":\"tann\""#, "`layer`: unknown variant `tann`"),
            (r#"\"b\"]"#, r#"\"b\"}"#, "`layer`: "),
        ] {
            let found = changed(&head, from, to);
            assert!(found.starts_with("not a saved classifier layer: ") && found.contains(reason), "{from}: {found}");
        }
    }

    #[test]
    fn a_file_that_is_not_the_recorded_one_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let head = random_head(&["a", "b"], 1);
        let bytes = head.to_bytes().unwrap();
        std::fs::write(dir.path().join("head.safetensors"), &bytes).unwrap();
        let mut record = HeadRecord {
            file: "head.safetensors".into(),
            sha256: ContentHash::of(&bytes),
            activation: Activation::Sigmoid,
        };
        assert_eq!(Head::load(dir.path(), &record).unwrap(), head);
        record.sha256 = ContentHash::of(b"other");
        assert!(matches!(Head::load(dir.path(), &record), Err(HeadError::Foreign { .. })));
        record.file = "absent".into();
        assert!(matches!(Head::load(dir.path(), &record), Err(HeadError::Unreadable { .. })));
    }
}

//! A head as a file: safetensors with `head.weight`, `head.bias`, and the classes' names and the activation as metadata.

use std::collections::HashMap;
use std::path::Path;

use safetensors::SafeTensors;
use serde::{Deserialize, Serialize};

use super::dense::Head;
use super::error::HeadError;
use crate::domain::vgg16::N_FEATURES;
use crate::domain::{ClassName, ContentHash, HeadRecord};
use crate::stats::Activation;
use crate::weights::{WeightsError, le_bytes, tensor_of, view};

const WEIGHT: &str = "head.weight";
const BIAS: &str = "head.bias";
/// The only key of the file's metadata, so that its bytes do not depend on the order of a map.
const LAYER: &str = "layer";

/// What the file's metadata says.
#[derive(Serialize, Deserialize)]
struct HeadMetadata {
    activation: Activation,
    classes: Vec<ClassName>,
}

fn unusable(reason: String) -> HeadError {
    HeadError::Unusable { reason }
}

impl Head {
    /// The file's bytes.
    ///
    /// # Errors
    /// [`WeightsError::Unwritable`], a bug.
    pub fn to_bytes(&self) -> Result<Vec<u8>, HeadError> {
        let unwritable = |cause: String| WeightsError::Unwritable { cause };
        let (weight, bias) = (le_bytes(self.weight()), le_bytes(self.bias()));
        let n = self.classes().len();
        let tensors = [(WEIGHT, view(vec![n, N_FEATURES], &weight)?), (BIAS, view(vec![n], &bias)?)];
        let metadata = HeadMetadata { activation: self.activation(), classes: self.classes().to_vec() };
        let metadata = serde_json::to_string(&metadata).map_err(|error| unwritable(error.to_string()))?;
        let metadata = HashMap::from([(LAYER.to_owned(), metadata)]);
        Ok(safetensors::serialize(tensors, Some(metadata)).map_err(|error| unwritable(error.to_string()))?)
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
        let HeadMetadata { activation, classes } =
            serde_json::from_str(metadata).map_err(|error| unusable(format!("`{LAYER}`: {error}")))?;
        let tensor = |name: &str| tensor_of(&file, name).ok_or_else(|| unusable(format!("it has no tensor `{name}`")));
        Self::new(classes, activation, tensor(WEIGHT)?, tensor(BIAS)?)
    }

    /// Reads a run's head, and holds its bytes against the run's record.
    ///
    /// # Errors
    /// [`HeadError::Unreadable`], [`HeadError::Foreign`], [`HeadError::Unusable`].
    pub fn load(run_dir: &Path, record: &HeadRecord) -> Result<Self, HeadError> {
        let path = run_dir.join(&record.file);
        let bytes = std::fs::read(&path).map_err(|source| HeadError::Unreadable { path: path.clone(), source })?;
        let found = ContentHash::of(&bytes);
        if found != record.sha256 {
            return Err(HeadError::Foreign { path, expected: Box::new(record.sha256), found: Box::new(found) });
        }
        Self::from_bytes(&bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::head::random_head;

    #[test]
    fn bytes_come_back_and_are_the_same_every_time() {
        let sigmoid = random_head(&["covid", "normal", "β"], 1);
        let (weight, bias) = (sigmoid.weight().to_vec(), sigmoid.bias().to_vec());
        let softmax = Head::new(sigmoid.classes().to_vec(), Activation::Softmax, weight, bias).unwrap();
        for head in [sigmoid, softmax] {
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

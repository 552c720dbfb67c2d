//! The trained layer: Flatten, then Dense with a sigmoid a class, or with one softmax over all.

use std::collections::HashMap;
use std::path::Path;

use safetensors::SafeTensors;
use serde::{Deserialize, Serialize};

use super::NnError;
use super::weights::{le_bytes, tensor_of, view};
use crate::domain::vgg16::N_FEATURES;
use crate::domain::{ClassName, ContentHash, HeadRecord};
use crate::stats::Activation;

const WEIGHT: &str = "head.weight";
const BIAS: &str = "head.bias";
/// The only key of the file's metadata, so that its bytes do not depend on the order of a map.
const LAYER: &str = "layer";

/// Weights `[classes, 25088]` over pool5 flattened channel first, and a bias a class.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    classes: Vec<ClassName>,
    activation: Activation,
    weight: Vec<f32>,
    bias: Vec<f32>,
}

/// What the file's metadata says.
#[derive(Serialize, Deserialize)]
struct Layer {
    activation: Activation,
    classes: Vec<ClassName>,
}

impl Head {
    /// Checks that the parts fit together.
    ///
    /// # Errors
    /// [`NnError::BadHead`] for fewer than two classes, other lengths, or numbers that are not finite.
    pub fn new(
        classes: Vec<ClassName>,
        activation: Activation,
        weight: Vec<f32>,
        bias: Vec<f32>,
    ) -> Result<Self, NnError> {
        let n = classes.len();
        let bad = |reason: String| Err(NnError::BadHead { reason });
        if n < 2 {
            return bad(format!("it has {n} classes, at least 2 are needed"));
        }
        if weight.len() != n * N_FEATURES || bias.len() != n {
            return bad(format!("{} weights and {} biases for {n} classes", weight.len(), bias.len()));
        }
        if !weight.iter().chain(&bias).all(|value| value.is_finite()) {
            return bad("it holds values that are not finite".to_owned());
        }
        Ok(Self { classes, activation, weight, bias })
    }

    /// Classes in the order of the outputs.
    pub fn classes(&self) -> &[ClassName] {
        &self.classes
    }

    /// What the outputs become.
    pub fn activation(&self) -> Activation {
        self.activation
    }

    /// The 25088 weights of one class.
    pub fn weight_of(&self, class: usize) -> &[f32] {
        &self.weight[class * N_FEATURES..(class + 1) * N_FEATURES]
    }

    /// A bias a class.
    pub fn bias(&self) -> &[f32] {
        &self.bias
    }

    /// Outputs before the activation, by class, for one picture's pool5 (25088 values).
    pub fn logits(&self, pool5: &[f32]) -> Vec<f64> {
        (0..self.classes.len()).map(|class| dot(self.weight_of(class), pool5) + f64::from(self.bias[class])).collect()
    }

    /// The class of the greatest logit, by index; the first of equals.
    pub fn predicted(logits: &[f64]) -> usize {
        (1..logits.len()).fold(0, |best, at| if logits[at] > logits[best] { at } else { best })
    }

    /// A safetensors file with `head.weight`, `head.bias`, and the classes' names and the activation as metadata.
    ///
    /// # Errors
    /// [`NnError::Unwritable`], a bug.
    pub fn to_bytes(&self) -> Result<Vec<u8>, NnError> {
        let unwritable = |cause: String| NnError::Unwritable { cause };
        let (weight, bias) = (le_bytes(&self.weight), le_bytes(&self.bias));
        let n = self.classes.len();
        let tensors = [(WEIGHT, view(vec![n, N_FEATURES], &weight)?), (BIAS, view(vec![n], &bias)?)];
        let layer = Layer { activation: self.activation, classes: self.classes.clone() };
        let layer = serde_json::to_string(&layer).map_err(|error| unwritable(error.to_string()))?;
        let metadata = HashMap::from([(LAYER.to_owned(), layer)]);
        safetensors::serialize(tensors, Some(metadata)).map_err(|error| unwritable(error.to_string()))
    }

    /// Reads what [`Self::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`NnError::BadHead`] naming what is wrong.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, NnError> {
        let bad = |reason: String| NnError::BadHead { reason };
        let file = SafeTensors::deserialize(bytes).map_err(|error| bad(error.to_string()))?;
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(|error| bad(error.to_string()))?;
        let layer = header.metadata().as_ref().and_then(|metadata| metadata.get(LAYER));
        let layer = layer.ok_or_else(|| bad(format!("its metadata has no `{LAYER}`")))?;
        let Layer { activation, classes } =
            serde_json::from_str(layer).map_err(|error| bad(format!("`{LAYER}`: {error}")))?;
        let tensor = |name: &str| tensor_of(&file, name).ok_or_else(|| bad(format!("it has no tensor `{name}`")));
        Self::new(classes, activation, tensor(WEIGHT)?, tensor(BIAS)?)
    }

    /// Reads a run's layer, and holds its bytes against the run's record.
    ///
    /// # Errors
    /// [`NnError::Unreadable`], [`NnError::ForeignHead`], [`NnError::BadHead`].
    pub fn load(run_dir: &Path, record: &HeadRecord) -> Result<Self, NnError> {
        let path = run_dir.join(&record.file);
        let bytes = std::fs::read(&path).map_err(|source| NnError::UnreadableHead { path: path.clone(), source })?;
        let found = ContentHash::of(&bytes);
        if found != record.sha256 {
            return Err(NnError::ForeignHead { path, expected: Box::new(record.sha256), found: Box::new(found) });
        }
        Self::from_bytes(&bytes)
    }
}

/// The sum of products, in eight interleaved sums: quick, and the same on every machine and thread count.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f64 {
    let (a, a_rest) = a.as_chunks::<8>();
    let (b, b_rest) = b.as_chunks::<8>();
    let mut sums = [0.0_f64; 8];
    for (a, b) in a.iter().zip(b) {
        for lane in 0..8 {
            sums[lane] += f64::from(a[lane]) * f64::from(b[lane]);
        }
    }
    let rest = a_rest.iter().zip(b_rest).map(|(a, b)| f64::from(*a) * f64::from(*b));
    sums.into_iter().chain(rest).sum()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::stats::Generator;

    pub(in crate::nn) fn random_head(names: &[&str], seed: u64) -> Head {
        let mut generator = Generator::new(seed, "head");
        let classes: Vec<_> = names.iter().map(|name| ClassName::new(*name).unwrap()).collect();
        let weight = (0..names.len() * N_FEATURES).map(|_| 0.01 * generator.bell()).collect();
        let bias = names.iter().map(|_| generator.bell()).collect();
        Head::new(classes, Activation::Sigmoid, weight, bias).unwrap()
    }

    #[test]
    fn bytes_come_back_and_are_the_same_every_time() {
        let sigmoid = random_head(&["covid", "normal", "β"], 1);
        let softmax = Head { activation: Activation::Softmax, ..sigmoid.clone() };
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
        assert!(matches!(Head::load(dir.path(), &record), Err(NnError::ForeignHead { .. })));
        record.file = "absent".into();
        assert!(matches!(Head::load(dir.path(), &record), Err(NnError::UnreadableHead { .. })));
    }

    #[test]
    fn logits_are_weighted_sums() {
        let classes = vec![ClassName::new("a").unwrap(), ClassName::new("b").unwrap()];
        let mut weight = vec![0.0; 2 * N_FEATURES];
        (weight[0], weight[N_FEATURES - 1], weight[N_FEATURES + 3]) = (2.0, 0.5, -1.0);
        let head = Head::new(classes, Activation::Softmax, weight, vec![1.0, 0.0]).unwrap();
        let mut pool5 = vec![0.0; N_FEATURES];
        (pool5[0], pool5[3], pool5[N_FEATURES - 1]) = (3.0, 4.0, 8.0);
        assert_eq!(head.logits(&pool5), [11.0, -4.0]);
        assert_eq!([Head::predicted(&[1.0, 2.0, 2.0]), Head::predicted(&[0.0, 0.0])], [1, 0]);
        assert!(Head::new(head.classes().to_vec(), Activation::Sigmoid, vec![0.0; 3], vec![0.0; 2]).is_err());
    }
}

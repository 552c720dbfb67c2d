//! What every reader makes of its file: named tensors whose numbers are read when they are asked for, and the conventions
//! of the library that wrote them.

use std::cmp::Ordering;

use half::{bf16, f16};

use super::dialect::Dialect;
use super::error::ReadFault;
use super::provenance::Provenance;

/// One tensor of a file.
pub(super) struct NamedTensor {
    /// Its full name or path in the file.
    pub(super) name: String,
    pub(super) shape: Vec<usize>,
    pub(super) read: Box<dyn Fn() -> Result<Vec<f32>, ReadFault>>,
}

impl NamedTensor {
    /// What comes before its own name: tensors of one layer share it.
    pub(super) fn layer(&self) -> &str {
        &self.name[..self.name.rfind(['/', '.']).unwrap_or(0)]
    }
}

/// A whole file.
pub(super) struct TensorFile {
    pub(super) dialect: Dialect,
    /// In the natural order of their names, which in every library is the order of the layers.
    pub(super) tensors: Vec<NamedTensor>,
    /// What gradwatch itself noted when it wrote the file.
    pub(super) provenance: Option<Provenance>,
    /// Keras' own description of the model's layers, JSON.
    pub(super) graph: Option<String>,
}

impl TensorFile {
    pub(super) fn new(dialect: Dialect, mut tensors: Vec<NamedTensor>) -> Self {
        tensors.sort_by(|a, b| natural(&a.name, &b.name));
        Self { dialect, tensors, provenance: None, graph: None }
    }
}

/// Little-endian floating-point numbers of the type that safetensors and PyTorch call `kind`, as f32.
pub(super) fn numbers(kind: &str, bytes: &[u8]) -> Result<Vec<f32>, ReadFault> {
    Ok(match kind {
        "F32" => bytes.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect(),
        "F16" => bytes.as_chunks().0.iter().map(|b| f16::from_le_bytes(*b).to_f32()).collect(),
        "BF16" => bytes.as_chunks().0.iter().map(|b| bf16::from_le_bytes(*b).to_f32()).collect(),
        "F64" => bytes.as_chunks().0.iter().map(|b| f64::from_le_bytes(*b) as f32).collect(),
        _ => return Err(ReadFault::Type(kind.to_owned())),
    })
}

/// The order a person puts names in: numbers in them count as numbers, so that `features.2` comes before `features.10`.
fn natural(a: &str, b: &str) -> Ordering {
    parts(a).cmp(parts(b)).then_with(|| a.cmp(b))
}

/// Stretches of digits and single other bytes, digits comparable by value: the shorter one is the smaller.
fn parts(name: &str) -> impl Iterator<Item = (bool, usize, &[u8])> {
    let mut rest = name.as_bytes();
    std::iter::from_fn(move || {
        let first = rest.first()?;
        let n_digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (part, left) = rest.split_at(n_digits.max(1));
        rest = left;
        let digits = first.is_ascii_digit();
        let zeros = if digits { part.iter().take_while(|byte| **byte == b'0').count() } else { 0 };
        let value = &part[zeros..];
        Some((!digits, if digits { value.len() } else { 0 }, value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_ordered_as_layers_are() {
        let mut names =
            ["b/conv2d_12/vars/0", "features.10.weight", "b/conv2d/vars/0", "features.2.weight", "b/conv2d_2/vars/0"];
        names.sort_by(|a, b| natural(a, b));
        let expected =
            ["b/conv2d/vars/0", "b/conv2d_2/vars/0", "b/conv2d_12/vars/0", "features.2.weight", "features.10.weight"];
        assert_eq!(names, expected);
    }

    #[test]
    fn tensors_of_one_layer_share_their_name_s_beginning() {
        let layer = |name: &str| {
            let tensor = NamedTensor { name: name.to_owned(), shape: Vec::new(), read: Box::new(|| Ok(Vec::new())) };
            tensor.layer().to_owned()
        };
        assert_eq!(layer("features.0.weight"), "features.0");
        assert_eq!(layer("/block1_conv1/block1_conv1_W_1:0"), "/block1_conv1");
        assert_eq!(layer("bias"), "");
    }
}

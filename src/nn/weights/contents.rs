//! What every reader makes of its file: named arrays whose numbers are read when they are asked for, and the habits of
//! the library that wrote them.

use std::cmp::Ordering;
use std::io;
use std::path::Path;

use half::{bf16, f16};

use super::super::NnError;
use super::remark::Remark;
use crate::config::Preparation;

/// Whose habits a file follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::nn) enum Dialect {
    /// Kernels `[outputs, inputs, rows, columns]`; torchvision's preparation of pictures.
    Torch,
    /// Kernels `[rows, columns, inputs, outputs]`, flattened with channels last; the preparation of the network's first
    /// authors (Caffe), as `keras.applications.vgg16.preprocess_input`.
    Keras,
}

impl Dialect {
    /// How pictures are prepared for such weights, if nothing else is said.
    pub(in crate::nn) fn input(self) -> Preparation {
        match self {
            Self::Torch => Preparation::Imagenet,
            Self::Keras => Preparation::Caffe,
        }
    }

    /// Rows, columns, inputs and outputs of a kernel of four dimensions.
    pub(super) fn sides(self, shape: &[usize]) -> Option<[usize; 4]> {
        match (self, shape) {
            (Self::Torch, &[outputs, inputs, rows, columns]) | (Self::Keras, &[rows, columns, inputs, outputs]) => {
                Some([rows, columns, inputs, outputs])
            }
            _ => None,
        }
    }

    /// Puts the numbers of one 3x3 kernel into PyTorch's order.
    pub(super) fn to_torch(self, numbers: Vec<f32>, inputs: usize, outputs: usize) -> Vec<f32> {
        match self {
            Self::Torch => numbers,
            Self::Keras => {
                let at = |o: usize, i: usize, tap: usize| numbers[(tap * inputs + i) * outputs + o];
                let taps = |o, i| (0..9).map(move |tap| at(o, i, tap));
                (0..outputs).flat_map(|o| (0..inputs).flat_map(move |i| taps(o, i))).collect()
            }
        }
    }
}

/// One array.
pub(super) struct Array {
    /// Its full name or path in the file.
    pub(super) name: String,
    pub(super) shape: Vec<usize>,
    pub(super) read: Box<dyn Fn() -> Result<Vec<f32>, Fault>>,
}

impl Array {
    /// What comes before its own name: arrays of one layer share it.
    pub(super) fn layer(&self) -> &str {
        &self.name[..self.name.rfind(['/', '.']).unwrap_or(0)]
    }
}

/// A whole file.
pub(super) struct Contents {
    pub(super) dialect: Dialect,
    /// In the natural order of their names, which in every library is the order of the layers.
    pub(super) arrays: Vec<Array>,
    /// What gradwatch itself noted when it wrote the file.
    pub(super) remark: Option<Remark>,
    /// Keras' own description of the model's layers, JSON.
    pub(super) graph: Option<String>,
}

impl Contents {
    pub(super) fn new(dialect: Dialect, mut arrays: Vec<Array>) -> Self {
        arrays.sort_by(|a, b| natural(&a.name, &b.name));
        Self { dialect, arrays, remark: None, graph: None }
    }
}

/// What is wrong with a file, its path yet to be added.
#[derive(Debug)]
pub(super) enum Fault {
    Io(io::Error),
    /// Shorter than it says of itself.
    Truncated {
        expected: u64,
        found: u64,
    },
    /// No weights file at all; what it is instead.
    Unknown(String),
    /// Of a known format, but inconsistent; the reader's words.
    Damaged(String),
    /// Numbers of this type.
    Type(String),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData => Self::Damaged(error.to_string()),
            _ => Self::Io(error),
        }
    }
}

impl Fault {
    /// The error for the user, about `array` of the file at `path`.
    pub(super) fn of(self, path: &Path, array: &str) -> NnError {
        let path = path.to_owned();
        match self {
            Self::Io(source) => NnError::Unreadable { path, source },
            Self::Truncated { expected, found } => NnError::Truncated { path, expected, found },
            Self::Unknown(found) => NnError::UnknownFormat { path, found },
            Self::Damaged(cause) => NnError::Damaged { path, cause: cause.replace('\n', " ") },
            Self::Type(found) => NnError::WrongType { path, tensor: array.to_owned(), found },
        }
    }
}

/// Little-endian floating-point numbers of the type that safetensors and PyTorch call `kind`, as f32.
pub(super) fn numbers(kind: &str, bytes: &[u8]) -> Result<Vec<f32>, Fault> {
    Ok(match kind {
        "F32" => bytes.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect(),
        "F16" => bytes.as_chunks().0.iter().map(|b| f16::from_le_bytes(*b).to_f32()).collect(),
        "BF16" => bytes.as_chunks().0.iter().map(|b| bf16::from_le_bytes(*b).to_f32()).collect(),
        "F64" => bytes.as_chunks().0.iter().map(|b| f64::from_le_bytes(*b) as f32).collect(),
        _ => return Err(Fault::Type(kind.to_owned())),
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
    fn arrays_of_one_layer_share_their_name_s_beginning() {
        let layer = |name: &str| {
            let array = Array { name: name.to_owned(), shape: Vec::new(), read: Box::new(|| Ok(Vec::new())) };
            array.layer().to_owned()
        };
        assert_eq!(layer("features.0.weight"), "features.0");
        assert_eq!(layer("/block1_conv1/block1_conv1_W_1:0"), "/block1_conv1");
        assert_eq!(layer("bias"), "");
    }

    #[test]
    fn keras_kernels_are_turned_into_torch_s_order() {
        let numbers: Vec<f32> = (0..9 * 2 * 3).map(|n| n as f32).collect();
        let turned = Dialect::Keras.to_torch(numbers, 2, 3);
        // [outputs 3, inputs 2, taps 9]: output 1, input 1, tap 4 came from [tap 4, input 1, output 1].
        assert_eq!((turned[27 + 4] as usize, turned.len()), ((4 * 2 + 1) * 3 + 1, 54));
    }
}

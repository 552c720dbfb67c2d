//! The conventions of the library that wrote a file: the order of a kernel's numbers, and how images are prepared.

use crate::config::Preparation;

/// Whose conventions a file follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Kernels `[outputs, inputs, rows, columns]`; torchvision's preparation of images.
    Torch,
    /// Kernels `[rows, columns, inputs, outputs]`, flattened with channels last; the preparation of the network's first
    /// authors (Caffe), as `keras.applications.vgg16.preprocess_input`.
    Keras,
}

impl Dialect {
    /// How images are prepared for such weights, if nothing else is said.
    pub(super) fn input(self) -> Preparation {
        match self {
            Self::Torch => Preparation::Imagenet,
            Self::Keras => Preparation::Caffe,
        }
    }

    /// The library's name, for people.
    pub(super) fn library(self) -> &'static str {
        match self {
            Self::Torch => "PyTorch",
            Self::Keras => "Keras",
        }
    }

    /// What is known of the terms of the library's own weights.
    pub(super) fn licence(self) -> &'static str {
        match self {
            Self::Torch => {
                "torchvision's weights: BSD-3-Clause, and the terms of ImageNet may apply; other authors' files have their own"
            }
            Self::Keras => {
                "Keras' own VGG16 weights: CC BY 4.0 (Visual Geometry Group, Oxford); other authors' files have their own terms"
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keras_kernels_are_turned_into_torch_s_order() {
        let numbers: Vec<f32> = (0..9 * 2 * 3).map(|n| n as f32).collect();
        let turned = Dialect::Keras.to_torch(numbers, 2, 3);
        // [outputs 3, inputs 2, taps 9]: output 1, input 1, tap 4 came from [tap 4, input 1, output 1].
        assert_eq!((turned[27 + 4] as usize, turned.len()), ((4 * 2 + 1) * 3 + 1, 54));
    }
}

//! A head that is one linear layer, or amounts to one: a weight for every number of pool5, and a bias a class.

/// Weights `[classes, features]` over pool5 flattened channel first, and a bias a class.
#[derive(Debug, Clone, PartialEq)]
pub struct LinearHead {
    /// Class by class; a class's weights in the order of pool5.
    pub weight: Vec<f32>,
    /// One a class.
    pub bias: Vec<f32>,
}

impl LinearHead {
    /// Weights of one class.
    pub(super) fn n_features(&self) -> usize {
        self.weight.len() / self.bias.len().max(1)
    }

    /// The weights of one class.
    pub fn weight_of(&self, class: usize) -> &[f32] {
        let n = self.n_features();
        &self.weight[class * n..(class + 1) * n]
    }

    /// One a class, for as many features as there are weights.
    pub(super) fn logits(&self, pool5: &[f32]) -> Vec<f64> {
        self.bias.iter().enumerate().map(|(class, bias)| dot(self.weight_of(class), pool5) + f64::from(*bias)).collect()
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

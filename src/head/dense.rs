//! The head itself: Flatten, then Dense with a sigmoid a class, or with one softmax over all.

use super::error::HeadError;
use crate::domain::ClassName;
use crate::domain::vgg16::N_FEATURES;
use crate::stats::{Activation, argmax};

/// Weights `[classes, 25088]` over pool5 flattened channel first, and a bias a class.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    classes: Vec<ClassName>,
    activation: Activation,
    weight: Vec<f32>,
    bias: Vec<f32>,
}

impl Head {
    /// Checks that the parts fit together.
    ///
    /// # Errors
    /// [`HeadError::Unusable`] for fewer than two classes, other lengths, or numbers that are not finite.
    pub fn new(
        classes: Vec<ClassName>,
        activation: Activation,
        weight: Vec<f32>,
        bias: Vec<f32>,
    ) -> Result<Self, HeadError> {
        let n = classes.len();
        let unusable = |reason: String| Err(HeadError::Unusable { reason });
        if n < 2 {
            return unusable(format!("it has {n} classes, at least 2 are needed"));
        }
        if weight.len() != n * N_FEATURES || bias.len() != n {
            return unusable(format!("{} weights and {} biases for {n} classes", weight.len(), bias.len()));
        }
        if !weight.iter().chain(&bias).all(|value| value.is_finite()) {
            return unusable("it holds values that are not finite".to_owned());
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

    /// The weights of all classes, `[classes, 25088]`.
    pub(crate) fn weight(&self) -> &[f32] {
        &self.weight
    }

    /// The 25088 weights of one class.
    pub fn weight_of(&self, class: usize) -> &[f32] {
        &self.weight[class * N_FEATURES..(class + 1) * N_FEATURES]
    }

    /// A bias a class.
    pub fn bias(&self) -> &[f32] {
        &self.bias
    }

    /// Outputs before the activation, by class, for one image's pool5 (25088 values).
    pub fn logits(&self, pool5: &[f32]) -> Vec<f64> {
        (0..self.classes.len()).map(|class| dot(self.weight_of(class), pool5) + f64::from(self.bias[class])).collect()
    }

    /// The class of the greatest logit, by index; the first of equals.
    pub fn predicted(logits: &[f64]) -> usize {
        argmax(logits)
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

    pub(crate) fn random_head(names: &[&str], seed: u64) -> Head {
        let mut generator = Generator::new(seed, "head");
        let classes: Vec<_> = names.iter().map(|name| ClassName::new(*name).unwrap()).collect();
        let weight = (0..names.len() * N_FEATURES).map(|_| 0.01 * generator.bell()).collect();
        let bias = names.iter().map(|_| generator.bell()).collect();
        Head::new(classes, Activation::Sigmoid, weight, bias).unwrap()
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

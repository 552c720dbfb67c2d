//! The head itself: what turns pool5 into a logit a class. One linear layer, as gradwatch trains it, or the chain of layers
//! of an imported model; on top a sigmoid a class, or one softmax over all.

use std::borrow::Cow;

use super::chain::Chain;
use super::error::HeadError;
use super::linear::LinearHead;
use crate::domain::ClassName;
use crate::domain::vgg16::N_CHANNELS;
use crate::stats::{Activation, argmax};
use crate::weights::{Layer, Shape};

/// Classes, what computes their logits from pool5, and what these become.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    classes: Vec<ClassName>,
    activation: Activation,
    grid: Shape,
    form: Form,
}

#[derive(Debug, Clone, PartialEq)]
enum Form {
    Linear(LinearHead),
    Chain(Chain),
}

fn unusable<T>(reason: String) -> Result<T, HeadError> {
    Err(HeadError::Unusable { reason })
}

impl Head {
    /// One linear layer: `weight` is `[classes, 512 * side * side]` over pool5 flattened channel first, `bias` has one
    /// number a class. The side of pool5 is that of the weights: 7 for images of 224x224.
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
        let side = (weight.len() / (n * N_CHANNELS).max(1)).isqrt();
        if n > 1 && (side == 0 || weight.len() != n * N_CHANNELS * side * side || bias.len() != n) {
            return unusable(format!("{} weights and {} biases for {n} classes", weight.len(), bias.len()));
        }
        let grid = Shape { rows: side, columns: side, channels: N_CHANNELS };
        Self::checked(classes, activation, grid, Form::Linear(LinearHead { weight, bias }))
    }

    /// Layers over pool5 of the shape `grid`, of which the last gives a logit a class. What amounts to one linear layer
    /// becomes one.
    ///
    /// # Errors
    /// [`HeadError::Unusable`] for fewer than two classes, layers that do not fit each other or the classes, or numbers that
    /// are not finite.
    pub(crate) fn of_layers(
        classes: Vec<ClassName>,
        activation: Activation,
        grid: Shape,
        layers: Vec<Layer>,
    ) -> Result<Self, HeadError> {
        let chain = Chain::new(grid, layers)?;
        if chain.n_outputs() != classes.len() {
            return unusable(format!("{} outputs for {} classes", chain.n_outputs(), classes.len()));
        }
        let form = chain.linear().map_or(Form::Chain(chain), Form::Linear);
        Self::checked(classes, activation, grid, form)
    }

    fn checked(classes: Vec<ClassName>, activation: Activation, grid: Shape, form: Form) -> Result<Self, HeadError> {
        if classes.len() < 2 {
            return unusable(format!("it has {} classes, at least 2 are needed", classes.len()));
        }
        let is_finite = match &form {
            Form::Linear(LinearHead { weight, bias }) => weight.iter().chain(bias).all(|value| value.is_finite()),
            Form::Chain(chain) => chain.is_finite(),
        };
        if !is_finite {
            return unusable("it holds values that are not finite".to_owned());
        }
        Ok(Self { classes, activation, grid, form })
    }

    /// Classes in the order of the outputs.
    pub fn classes(&self) -> &[ClassName] {
        &self.classes
    }

    /// What the outputs become.
    pub fn activation(&self) -> Activation {
        self.activation
    }

    /// Rows and columns of the pool5 that it takes: 7 for images of 224x224.
    pub fn pool_side(&self) -> usize {
        self.grid.rows
    }

    /// Numbers of the pool5 that it takes.
    pub fn n_features(&self) -> usize {
        self.grid.rows * self.grid.columns * self.grid.channels
    }

    /// Rows, columns and channels of pool5.
    pub(crate) fn grid(&self) -> Shape {
        self.grid
    }

    /// Its one linear layer, if it amounts to one; so does every head that gradwatch has trained.
    pub fn linear(&self) -> Option<&LinearHead> {
        match &self.form {
            Form::Linear(linear) => Some(linear),
            Form::Chain(_) => None,
        }
    }

    /// Its layers, if it does not amount to one.
    pub(crate) fn layers(&self) -> Option<&[Layer]> {
        match &self.form {
            Form::Linear(_) => None,
            Form::Chain(chain) => Some(chain.layers()),
        }
    }

    /// Outputs before the activation, by class, for one image's pool5 (channel first, [`Self::n_features`] numbers); NaN
    /// for another number of them.
    pub fn logits(&self, pool5: &[f32]) -> Vec<f64> {
        match &self.form {
            _ if pool5.len() != self.n_features() => vec![f64::NAN; self.classes.len()],
            Form::Linear(linear) => linear.logits(pool5),
            Form::Chain(chain) => chain.logits(pool5),
        }
    }

    /// The gradient of the logit of `class` by each number of pool5, in the order of pool5; of one linear layer its
    /// weights, whatever the image. NaN for another number of features.
    pub fn gradient(&self, pool5: &[f32], class: usize) -> Cow<'_, [f32]> {
        match &self.form {
            Form::Linear(linear) => Cow::Borrowed(linear.weight_of(class)),
            Form::Chain(_) if pool5.len() != self.n_features() => Cow::Owned(vec![f32::NAN; self.n_features()]),
            Form::Chain(chain) => Cow::Owned(chain.gradient(pool5, class)),
        }
    }

    /// The class of the greatest logit, by index; the first of equals.
    pub fn predicted(logits: &[f64]) -> usize {
        argmax(logits)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::domain::vgg16::N_FEATURES;
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
        assert!(head.logits(&pool5[1..]).iter().all(|logit| logit.is_nan()));
        assert_eq!([Head::predicted(&[1.0, 2.0, 2.0]), Head::predicted(&[0.0, 0.0])], [1, 0]);
        assert!(Head::new(head.classes().to_vec(), Activation::Sigmoid, vec![0.0; 3], vec![0.0; 2]).is_err());
    }

    #[test]
    fn the_side_of_pool5_is_that_of_the_weights() {
        let classes: Vec<_> = ["a", "b"].map(|name| ClassName::new(name).unwrap()).to_vec();
        let sized = |n: usize| Head::new(classes.clone(), Activation::Sigmoid, vec![0.5; n], vec![0.0; 2]);
        for side in [1, 4, 7, 10] {
            let head = sized(2 * N_CHANNELS * side * side).unwrap();
            assert_eq!((head.pool_side(), head.n_features()), (side, N_CHANNELS * side * side));
        }
        assert!([0, 2 * N_CHANNELS * 3, 2 * N_CHANNELS * 49 - 2].into_iter().all(|n| sized(n).is_err()));
    }
}

//! One layer of a head with its numbers, as the arithmetic of `head` takes it, and the shapes that it takes and gives.
//!
//! Values lie row by row, column by column, channels last, as Keras has them; a flat vector is one row of one column.

use serde::{Deserialize, Serialize};

/// More than any pooling has: a damaged file ends here.
const MAX_SIDE: usize = 1 << 16;

/// Rows, columns and channels of one image's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Shape {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) channels: usize,
}

/// What a pooling makes of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Pooling {
    Average,
    Greatest,
}

/// One layer of a head. What a record of it leaves out are its numbers, which are tensors of their own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(crate) enum Layer {
    Flatten,
    /// Over all positions, channel by channel.
    GlobalPool {
        pooling: Pooling,
    },
    /// Over windows of `size` rows and columns, `strides` apart. `same`: the image is padded so that every stride has its
    /// window; padding counts in no average and is never the greatest.
    Pool {
        pooling: Pooling,
        size: [usize; 2],
        strides: [usize; 2],
        same: bool,
    },
    /// On the channels of every position: weights `[inputs, units]`, biases `[units]`.
    Dense {
        units: usize,
        #[serde(skip)]
        weight: Vec<f32>,
        #[serde(skip)]
        bias: Vec<f32>,
    },
    /// Each channel times its factor, plus its shift: a batch normalisation that no longer learns.
    Scale {
        #[serde(skip)]
        factor: Vec<f32>,
        #[serde(skip)]
        shift: Vec<f32>,
    },
    /// `PReLU`: what is negative, times a slope a channel, or a slope a value.
    Slope {
        #[serde(skip)]
        slope: Vec<f32>,
    },
    /// Over the channels of every position.
    Softmax,
    Function(Function),
}

/// A function of one value, as Keras 3 defines it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "function", rename_all = "kebab-case")]
pub(crate) enum Function {
    /// `slope * (x - threshold)` below `threshold`, else `x`, at most `max`.
    Relu {
        slope: f64,
        threshold: f64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max: Option<f64>,
    },
    Elu {
        alpha: f64,
    },
    Selu,
    Tanh,
    Sigmoid,
    Softplus,
    Softsign,
    Silu,
    Gelu,
    Exponential,
    /// Within 0 to 1, `slope * x + 1/2`: a sixth in Keras 3, a fifth before.
    HardSigmoid {
        slope: f64,
    },
}

impl Shape {
    pub(crate) fn flat(channels: usize) -> Self {
        Self { rows: 1, columns: 1, channels }
    }

    /// Values in all; `None` where no memory holds them.
    pub(crate) fn len(self) -> Option<usize> {
        self.rows.checked_mul(self.columns)?.checked_mul(self.channels)
    }
}

impl Layer {
    /// The shape of what it gives for values of the shape `input`; the error is a clause.
    pub(crate) fn output(&self, input: Shape) -> Result<Shape, String> {
        let Shape { rows, columns, channels } = input;
        let n = input.len().ok_or_else(|| "more values than memory holds reach it".to_owned())?;
        let fits = |found: usize, needed: usize| {
            (found == needed).then_some(input).ok_or_else(|| format!("it has {found} inputs, and {needed} reach it"))
        };
        match self {
            Self::Flatten => Ok(Shape::flat(n)),
            Self::GlobalPool { .. } => Ok(Shape::flat(channels)),
            Self::Pool { size, strides, same, .. } => {
                let [rows, columns] =
                    [(rows, 0), (columns, 1)].map(|(n, axis)| n_windows(n, size[axis], strides[axis], *same));
                let none = || "its window is larger than what it pools".to_owned();
                Ok(Shape { rows: rows.ok_or_else(none)?, columns: columns.ok_or_else(none)?, channels })
            }
            Self::Dense { units, weight, bias } => {
                if *units == 0 || bias.len() != *units || weight.len() % units != 0 {
                    return Err(format!("{} weights and {} biases for {units} units", weight.len(), bias.len()));
                }
                fits(weight.len() / units, channels).map(|_| Shape { channels: *units, ..input })
            }
            Self::Scale { factor, shift } => fits(factor.len(), channels).and_then(|_| fits(shift.len(), channels)),
            Self::Slope { slope } if slope.len() == n => Ok(input),
            Self::Slope { slope } => fits(slope.len(), channels),
            Self::Softmax | Self::Function(_) => Ok(input),
        }
    }

    /// Its numbers by name, in the order in which they are kept.
    pub(crate) fn numbers(&self) -> Vec<(&'static str, &Vec<f32>)> {
        match self {
            Self::Dense { weight, bias, .. } => vec![("weight", weight), ("bias", bias)],
            Self::Scale { factor, shift } => vec![("factor", factor), ("shift", shift)],
            Self::Slope { slope } => vec![("slope", slope)],
            _ => Vec::new(),
        }
    }

    /// The same, to be filled.
    pub(crate) fn numbers_mut(&mut self) -> Vec<(&'static str, &mut Vec<f32>)> {
        match self {
            Self::Dense { weight, bias, .. } => vec![("weight", weight), ("bias", bias)],
            Self::Scale { factor, shift } => vec![("factor", factor), ("shift", shift)],
            Self::Slope { slope } => vec![("slope", slope)],
            _ => Vec::new(),
        }
    }

    /// Whether what it gives is a sum of multiples of what it takes, plus constants.
    pub(crate) fn is_linear(&self) -> bool {
        match self {
            Self::Flatten | Self::Dense { .. } | Self::Scale { .. } => true,
            Self::GlobalPool { pooling } | Self::Pool { pooling, .. } => *pooling == Pooling::Average,
            Self::Slope { .. } | Self::Softmax | Self::Function(_) => false,
        }
    }
}

/// How many windows of `size`, `stride` apart, a side of `n` has; `None` for none.
fn n_windows(n: usize, size: usize, stride: usize, same: bool) -> Option<usize> {
    let is_side = |side: usize| (1..=MAX_SIDE).contains(&side);
    if ![n, size, stride].into_iter().all(is_side) {
        return None;
    }
    if same { Some(n.div_ceil(stride)) } else { n.checked_sub(size).map(|rest| rest / stride + 1) }
}

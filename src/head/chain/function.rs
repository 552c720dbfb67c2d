//! Functions of one value, as Keras defines them, and their derivatives.

use crate::weights::Function;

/// Klambauer et al. 2017.
const SELU_SCALE: f64 = 1.050_700_987_355_480_5;
const SELU_ALPHA: f64 = 1.673_263_242_354_377_2;

/// Of one value.
pub(super) fn value(function: Function, x: f64) -> f64 {
    match function {
        Function::Relu { max: Some(max), .. } if x >= max => max,
        Function::Relu { slope, threshold, .. } => {
            if x < threshold {
                slope * (x - threshold)
            } else {
                x
            }
        }
        Function::Elu { alpha } => {
            if x > 0.0 {
                x
            } else {
                alpha * x.exp_m1()
            }
        }
        Function::Selu => SELU_SCALE * value(Function::Elu { alpha: SELU_ALPHA }, x),
        Function::Tanh => x.tanh(),
        Function::Sigmoid => sigmoid(x),
        Function::Softplus => x.max(0.0) + (-x.abs()).exp().ln_1p(),
        Function::Softsign => x / (1.0 + x.abs()),
        Function::Silu => x * sigmoid(x),
        Function::Gelu => x * normal(x),
        Function::Exponential => x.exp(),
        Function::HardSigmoid { slope } => (slope * x + 0.5).clamp(0.0, 1.0),
    }
}

/// At one value; where there is a corner, that of the side below.
pub(super) fn derivative(function: Function, x: f64) -> f64 {
    match function {
        Function::Relu { max: Some(max), .. } if x >= max => 0.0,
        Function::Relu { slope, threshold, .. } => {
            if x > threshold {
                1.0
            } else {
                slope
            }
        }
        Function::Elu { alpha } => {
            if x > 0.0 {
                1.0
            } else {
                alpha * x.exp()
            }
        }
        Function::Selu => SELU_SCALE * derivative(Function::Elu { alpha: SELU_ALPHA }, x),
        Function::Tanh => 1.0 - x.tanh().powi(2),
        Function::Sigmoid => sigmoid(x) * (1.0 - sigmoid(x)),
        Function::Softplus => sigmoid(x),
        Function::Softsign => (1.0 + x.abs()).powi(-2),
        Function::Silu => sigmoid(x) * (1.0 + x * (1.0 - sigmoid(x))),
        Function::Gelu => normal(x) + x * (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt(),
        Function::Exponential => x.exp(),
        Function::HardSigmoid { slope } => {
            if (slope * x).abs() < 0.5 {
                slope
            } else {
                0.0
            }
        }
    }
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// The distribution function of the standard normal.
fn normal(x: f64) -> f64 {
    0.5 * (1.0 + libm::erf(x * std::f64::consts::FRAC_1_SQRT_2))
}

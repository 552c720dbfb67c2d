//! Layers against their definitions. (`nn` holds whole chains and their gradients against libtorch.)

use super::*;
use crate::domain::ClassName;
use crate::head::Head;
use crate::stats::{Activation, Generator};
use crate::weights::{Function, Pooling};

/// 2x2 max-pooling, a Dense layer of 3 units at every position, tanh, Flatten, and a Dense layer of two classes, over pool5
/// of 2 channels and `side` rows.
pub(crate) fn random_chain(side: usize, seed: u64) -> Head {
    let mut generator = Generator::new(seed, "chain");
    let mut dense = |inputs: usize, units: usize| {
        let mut draw = |n: usize| (0..n).map(|_| 0.5 * generator.bell()).collect();
        Layer::Dense { units, weight: draw(inputs * units), bias: draw(units) }
    };
    let pool = Layer::Pool { pooling: Pooling::Greatest, size: [2, 2], strides: [2, 2], same: false };
    let pooled = side / 2;
    let layers =
        vec![pool, dense(2, 3), Layer::Function(Function::Tanh), Layer::Flatten, dense(3 * pooled * pooled, 2)];
    let classes = ["a", "b"].map(|name| ClassName::new(name).unwrap()).to_vec();
    Head::of_layers(classes, Activation::Softmax, Shape { rows: side, columns: side, channels: 2 }, layers).unwrap()
}

fn shape(rows: usize, columns: usize, channels: usize) -> Shape {
    Shape { rows, columns, channels }
}

/// Of one channel in three rows of three.
fn pooled(pooling: Pooling, size: usize, stride: usize, same: bool) -> Vec<f64> {
    let layer = Layer::Pool { pooling, size: [size; 2], strides: [stride; 2], same };
    let values: Vec<f64> = (1..=9).map(f64::from).collect();
    let n = layer.output(shape(3, 3, 1)).unwrap().len().unwrap();
    let pooled = forward(&layer, shape(3, 3, 1), values);
    assert_eq!(pooled.len(), n);
    pooled
}

#[test]
fn windows_are_those_of_keras() {
    assert_eq!(pooled(Pooling::Greatest, 2, 2, false), [5.0]);
    assert_eq!(pooled(Pooling::Average, 2, 1, false), [3.0, 4.0, 6.0, 7.0]);
    // What is padded counts in no average: the last window has one row, one column or one value.
    assert_eq!(pooled(Pooling::Average, 2, 2, true), [3.0, 4.5, 7.5, 9.0]);
    assert_eq!(pooled(Pooling::Greatest, 3, 1, true), [5.0, 6.0, 6.0, 8.0, 9.0, 9.0, 8.0, 9.0, 9.0]);
    let too_large = Layer::Pool { pooling: Pooling::Average, size: [4, 1], strides: [1, 1], same: false };
    assert!(too_large.output(shape(3, 3, 1)).is_err());
}

/// As printed by Keras 3.15 for -3.5, -1, -0.25, 0.3 and 7.
#[test]
fn functions_are_those_of_keras() {
    let relu = |slope, threshold, max| Function::Relu { slope, threshold, max };
    for (function, expected) in [
        (relu(0.2, 0.0, None), [-0.7, -0.2, -0.05, 0.3, 7.0]),
        (relu(0.0, 0.0, Some(6.0)), [0.0, 0.0, 0.0, 0.3, 6.0]),
        (relu(0.1, 0.5, Some(6.0)), [-0.4, -0.15, -0.075, -0.02, 6.0]),
        (Function::Elu { alpha: 1.0 }, [-0.969_802_6, -0.632_120_55, -0.221_199_21, 0.3, 7.0]),
        (Function::Selu, [-1.705_009_34, -1.111_330_75, -0.388_890_18, 0.315_210_31, 7.354_907_04]),
        (Function::Tanh, [-0.998_177_89, -0.761_594_18, -0.244_918_66, 0.291_312_63, 0.999_998_33]),
        (Function::Sigmoid, [0.029_312_23, 0.268_941_43, 0.437_823_5, 0.574_442_53, 0.999_089]),
        (Function::Softplus, [0.029_750_42, 0.313_261_69, 0.575_939_42, 0.854_355_28, 7.000_911_71]),
        (Function::Softsign, [-0.777_777_79, -0.5, -0.2, 0.230_769_25, 0.875]),
        (Function::Silu, [-0.102_592_81, -0.268_941_43, -0.109_455_88, 0.172_332_76, 6.993_622_78]),
        (Function::Gelu, [-0.000_814_33, -0.158_655_26, -0.100_323_42, 0.185_373_44, 7.0]),
        (Function::Exponential, [0.030_197_38, 0.367_879_45, 0.778_800_79, 1.349_858_85, 1_096.633_178_71]),
        (Function::HardSigmoid { slope: 1.0 / 6.0 }, [0.0, 0.333_333_33, 0.458_333_33, 0.55, 1.0]),
    ] {
        for (x, expected) in [-3.5, -1.0, -0.25, 0.3, 7.0].into_iter().zip(expected) {
            let found = function::value(function, x);
            assert!((found - expected).abs() <= 1e-6 * expected.abs().max(1.0), "{function:?} of {x}: {found}");
            // The derivative is the slope of the function.
            let slope = (function::value(function, x + 1e-6) - function::value(function, x - 1e-6)) / 2e-6;
            let derivative = function::derivative(function, x);
            assert!((slope - derivative).abs() <= 1e-6 * slope.abs().max(1.0), "{function:?} at {x}: {derivative}");
        }
    }
}

#[test]
fn what_is_linear_becomes_one_layer_that_gives_the_same() {
    let grid = shape(4, 4, 3);
    let dense = |n: usize, units: usize| {
        let weight = (0..n * units).map(|at| (at * 7 % 11) as f32 / 8.0 - 0.5).collect();
        Layer::Dense { units, weight, bias: (0..units).map(|at| at as f32 - 0.5).collect() }
    };
    let average = Layer::Pool { pooling: Pooling::Average, size: [2, 2], strides: [2, 2], same: false };
    let scale = Layer::Scale { factor: vec![0.5, -2.0, 1.0], shift: vec![1.0, 0.0, -1.0] };
    let pool5: Vec<f32> = (0..48).map(|at| (at % 7) as f32).collect();
    for layers in [
        vec![Layer::Flatten, dense(48, 2)],
        vec![Layer::GlobalPool { pooling: Pooling::Average }, dense(3, 2)],
        vec![scale.clone(), average, Layer::Flatten, dense(12, 4), dense(4, 2)],
    ] {
        let chain = Chain::new(grid, layers).unwrap();
        let linear = chain.linear().unwrap();
        for (a, b) in linear.logits(&pool5).into_iter().zip(chain.logits(&pool5)) {
            assert!((a - b).abs() < 1e-5, "{a} is not {b}");
        }
    }
    let Layer::Dense { weight, .. } = dense(48, 2) else { panic!() };
    let flat = Chain::new(grid, vec![Layer::Flatten, dense(48, 2)]).unwrap().linear().unwrap();
    // Unit 1, channel 2, position 5 came from row 5 * 3 + 2 of Keras' kernel.
    assert_eq!(flat.weight_of(1)[2 * 16 + 5].to_bits(), weight[(5 * 3 + 2) * 2 + 1].to_bits());
    assert!(random_chain(4, 1).linear().is_none());
}

#[test]
fn a_chain_for_another_number_of_features_gives_no_numbers_and_does_not_panic() {
    let head = random_chain(4, 1);
    assert!(head.logits(&[0.0; 5]).iter().chain(&head.logits(&[])).all(|logit| logit.is_nan()));
    assert!(head.gradient(&[0.0; 33], 0).iter().all(|value| value.is_nan()));
}

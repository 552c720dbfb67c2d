//! Gradients of a head's logits by libtorch's autograd, against which the maps and the backward pass of `head` are held.

use tch::{Kind, Tensor};

use super::torch_backend::{pool, to_vec};
use crate::domain::vgg16::{GRID_SIDE, N_CHANNELS};
use crate::domain::{ClassMap, ClassName, ContrastMap, Evidence};
use crate::head::{Activations, Head, activations_of_side, class_maps, evidence, random_activations, random_head};
use crate::stats::{Activation, Generator};
use crate::weights::{Function, Layer, Pooling, Shape};

/// Channels of pool5 in chains.
const CHANNELS: usize = 6;

/// One layer as libtorch has it; `x` is `[1, channels, rows, columns]`.
fn apply(layer: &Layer, x: &Tensor) -> Tensor {
    let channels_last = |x: &Tensor| x.permute([0, 2, 3, 1]);
    let column = |values: &[f32]| Tensor::from_slice(values).to_kind(Kind::Double).view([1, -1, 1, 1]);
    match layer {
        Layer::Flatten => channels_last(x).contiguous().view([1, -1, 1, 1]),
        Layer::GlobalPool { pooling: Pooling::Average } => x.mean_dim([2_i64, 3].as_slice(), true, Kind::Double),
        Layer::GlobalPool { pooling: Pooling::Greatest } => x.amax([2, 3], true),
        Layer::Pool { pooling, size, strides, same } => windows(*pooling, *size, *strides, *same, x),
        Layer::Dense { units, weight, bias } => {
            let weight = Tensor::from_slice(weight).to_kind(Kind::Double).view([-1, *units as i64]);
            let bias = Tensor::from_slice(bias).to_kind(Kind::Double);
            (channels_last(x).matmul(&weight) + bias).permute([0, 3, 1, 2])
        }
        Layer::Scale { factor, shift } => x * column(factor) + column(shift),
        Layer::Slope { slope } => sloped(x, &column(slope)),
        Layer::Softmax => x.softmax(1, Kind::Double),
        Layer::Function(function) => value(*function, x),
    }
}

fn windows(pooling: Pooling, size: [usize; 2], strides: [usize; 2], same: bool, x: &Tensor) -> Tensor {
    let [size, strides] = [size, strides].map(|pair| pair.map(|n| n as i64));
    let sides = x.size();
    let padding = |axis: usize| {
        let (n, size, stride) = (sides[2 + axis], size[axis], strides[axis]);
        if same { (((n + stride - 1) / stride - 1) * stride + size - n).max(0) } else { 0 }
    };
    let (rows, columns) = (padding(0), padding(1));
    let around = [columns / 2, columns - columns / 2, rows / 2, rows - rows / 2];
    let padded = |x: &Tensor, with: f64| x.pad(around, "constant", with);
    let average = |x: &Tensor| x.avg_pool2d(size, strides, [0, 0], false, true, None::<i64>);
    match pooling {
        Pooling::Greatest => padded(x, f64::NEG_INFINITY).max_pool2d(size, strides, [0, 0], [1, 1], false),
        Pooling::Average => average(&padded(x, 0.0)) / average(&padded(&x.ones_like(), 0.0)),
    }
}

/// 1 where `x` is positive, else 0.
fn positive(x: &Tensor) -> Tensor {
    x.detach().gt(0.0).to_kind(Kind::Double)
}

fn sloped(x: &Tensor, slope: &Tensor) -> Tensor {
    x * (positive(x) + (1.0 - positive(x)) * slope)
}

fn value(function: Function, x: &Tensor) -> Tensor {
    match function {
        Function::Relu { max: Some(_), .. } => x.relu6(),
        Function::Relu { slope, .. } => sloped(x, &Tensor::from(slope)),
        Function::Elu { alpha } => positive(x) * x + (1.0 - positive(x)) * alpha * (x.exp() - 1.0),
        Function::Selu => x.selu(),
        Function::Tanh => x.tanh(),
        Function::Sigmoid => x.sigmoid(),
        Function::Softplus => x.softplus(),
        Function::Softsign => x / (x.abs() + 1.0),
        Function::Silu => x.silu(),
        Function::Gelu => x.gelu("none"),
        Function::Exponential => x.exp(),
        Function::HardSigmoid { slope } => (x * slope + 0.5).clamp(0.0, 1.0),
    }
}

/// The layers of `head`, of which one linear layer is Flatten and Dense over channels that come first.
fn logits(head: &Head, pool5: &Tensor) -> Tensor {
    if let Some(linear) = head.linear() {
        let weight = Tensor::from_slice(&linear.weight).to_kind(Kind::Double).view([-1, head.n_features() as i64]);
        return weight.mv(&pool5.flatten(0, -1)) + Tensor::from_slice(&linear.bias).to_kind(Kind::Double);
    }
    let apply = |x: Tensor, layer: &Layer| apply(layer, &x);
    head.layers().unwrap().iter().fold(pool5.shallow_clone(), apply).flatten(0, -1)
}

/// The gradient of the logit of `class` by `block5_conv3`, back through the head and the last max-pool, and the logits.
fn gradients(head: &Head, activations: &Activations, class: usize) -> (Vec<f32>, Vec<f64>) {
    gradients_of(head, activations, &|logits| logits.select(0, class as i64))
}

/// The gradient by `block5_conv3` of what `of` makes of the logits, and the logits.
fn gradients_of(head: &Head, activations: &Activations, of: &dyn Fn(&Tensor) -> Tensor) -> (Vec<f32>, Vec<f64>) {
    let channels = head.grid().channels as i64;
    let side = (activations.conv5_3.len() / head.grid().channels).isqrt() as i64;
    let conv5_3 = Tensor::from_slice(&activations.conv5_3).to_kind(Kind::Double).view([1, channels, side, side]);
    let conv5_3 = conv5_3.set_requires_grad(true);
    let logits = tch::with_grad(|| logits(head, &pool(&conv5_3).unwrap()));
    let gradient = Tensor::run_backward(&[of(&logits)], &[&conv5_3], false, false);
    (to_vec(&gradient[0]).unwrap(), Vec::try_from(&logits.detach()).unwrap())
}

fn assert_close(a: &[f32], b: &[f32], name: &str) {
    let size = b.iter().fold(1e-6_f32, |size, value| size.max(value.abs()));
    assert!(a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-5 * size), "{name}");
}

/// Holds logits, the maps and the evidence of every class against those of the gradients.
fn check(head: &Head, activations: &Activations, name: &str) {
    let ours = head.logits(&activations.pool5);
    let maps = class_maps(head, activations);
    assert_eq!(maps.len(), head.classes().len(), "{name}");
    for (class, map) in maps.iter().enumerate() {
        let (gradient, theirs) = gradients(head, activations, class);
        let size = theirs[class].abs().max(1.0);
        assert!((ours[class] - theirs[class]).abs() < 1e-5 * size, "{name}: {ours:?} are not {theirs:?}");
        check_maps(map, &activations.conv5_3, &gradient, name);
        let other = (class + 1) % maps.len();
        let difference = |logits: &Tensor| logits.select(0, class as i64) - logits.select(0, other as i64);
        let (gradient, _) = gradients_of(head, activations, &difference);
        check_contrast(&map.contrast(&maps[other]), map.side, &activations.conv5_3, &gradient, name);
        let Evidence { side, cells } = evidence(head, &activations.pool5, class);
        let windows = (0..side * side).map(|cell| {
            let first = cell / side * 2 * map.side + cell % side * 2;
            [0, 1, map.side, map.side + 1].iter().map(|step| map.hires_cam[first + step]).sum()
        });
        assert_close(&cells, &windows.collect::<Vec<f32>>(), name);
    }
}

/// The sum of the channels of `conv5_3` of `n` places, each place times its weight.
fn weighed(conv5_3: &[f32], n: usize, weight: &dyn Fn(usize, usize) -> f64) -> Vec<f32> {
    let term = |channel, at| weight(channel, at) * f64::from(conv5_3[channel * n + at]);
    (0..n).map(|at| (0..conv5_3.len() / n).map(|channel| term(channel, at)).sum::<f64>() as f32).collect()
}

/// `gradient` is that of the difference of two logits.
fn check_contrast(contrast: &ContrastMap, side: usize, conv5_3: &[f32], gradient: &[f32], name: &str) {
    let n = side * side;
    let at = |channel: usize, at: usize| f64::from(gradient[channel * n + at]);
    let alpha = |channel: usize| (0..n).map(|p| at(channel, p)).sum::<f64>() / n as f64;
    let alphas: Vec<f64> = (0..conv5_3.len() / n).map(alpha).collect();
    assert_close(&contrast.grad_cam, &weighed(conv5_3, n, &|channel, _| alphas[channel]), name);
    assert_close(&contrast.hires_cam, &weighed(conv5_3, n, &at), name);
}

fn check_maps(map: &ClassMap, conv5_3: &[f32], gradient: &[f32], name: &str) {
    let n = map.side * map.side;
    let weighed = |weight: &dyn Fn(usize, usize) -> f64| weighed(conv5_3, n, weight);
    let at = |channel: usize, at: usize| f64::from(gradient[channel * n + at]);
    let of_channel = |weight: &dyn Fn(usize) -> f64| -> Vec<f64> { (0..conv5_3.len() / n).map(weight).collect() };
    let alphas = of_channel(&|channel| (0..n).map(|p| at(channel, p)).sum::<f64>() / n as f64);
    let sums = of_channel(&|channel| (0..n).map(|p| f64::from(conv5_3[channel * n + p])).sum());
    // The equations of pytorch-grad-cam, by every place of the gradient.
    let plus = |channel: usize, p: usize| {
        let (square, cube) = (at(channel, p).powi(2), at(channel, p).powi(3));
        let share = if square > 0.0 { square / (2.0 * square + sums[channel] * cube + 1e-6) } else { 0.0 };
        at(channel, p).max(0.0) * share
    };
    let betas = of_channel(&|channel| (0..n).map(|p| plus(channel, p)).sum());
    assert_close(&map.grad_cam, &weighed(&|channel, _| alphas[channel]), name);
    assert_close(&map.hires_cam, &weighed(&at), name);
    assert_close(&map.grad_cam_plus_plus, &weighed(&|channel, _| betas[channel]), name);
    assert_close(&map.layer_cam, &weighed(&|channel, p| at(channel, p).max(0.0)), name);
}

#[test]
fn the_closed_form_maps_equal_those_of_the_gradients_ties_included() {
    for (seed, levels) in [(1, 1e6), (2, 2.0), (3, 1.0)] {
        check(&random_head(&["a", "b", "c"], seed), &random_activations(seed, levels), "one layer");
    }
}

/// Heads as notebooks have them, over pool5 of `side` rows and columns; each ends in three outputs.
fn chains(side: usize, seed: u64) -> Vec<(&'static str, Vec<Layer>)> {
    let mut generator = Generator::new(seed, "chains");
    let mut draw = move |n: usize, deviation: f32| (0..n).map(|_| deviation * generator.bell()).collect::<Vec<f32>>();
    let mut dense = |inputs: usize, units: usize| {
        let deviation = 1.0 / (inputs as f32).sqrt();
        Layer::Dense { units, weight: draw(inputs * units, deviation), bias: draw(units, 0.3) }
    };
    let function = Layer::Function;
    let relu = function(Function::Relu { slope: 0.0, threshold: 0.0, max: None });
    let leaky = function(Function::Relu { slope: 0.2, threshold: 0.0, max: None });
    let relu6 = function(Function::Relu { slope: 0.0, threshold: 0.0, max: Some(6.0) });
    let global = |pooling| Layer::GlobalPool { pooling };
    let window = |pooling, size, stride, same| Layer::Pool { pooling, size: [size; 2], strides: [stride; 2], same };
    let scale = |n: usize| Layer::Scale {
        factor: (0..n).map(|at| 0.5 + at as f32 * 0.1).collect(),
        shift: (0..n).map(|at| at as f32 * 0.2 - 0.5).collect(),
    };
    let n = side * side * CHANNELS;
    let (half, same) = (side / 2, side.div_ceil(2));
    vec![
        ("dense relu", vec![Layer::Flatten, dense(n, 5), relu.clone(), dense(5, 3)]),
        ("average tanh", vec![global(Pooling::Average), dense(CHANNELS, 4), function(Function::Tanh), dense(4, 3)]),
        (
            "greatest, normalised, elu",
            vec![
                global(Pooling::Greatest),
                scale(CHANNELS),
                dense(CHANNELS, 4),
                function(Function::Elu { alpha: 0.7 }),
                dense(4, 3),
            ],
        ),
        (
            "averages",
            vec![
                window(Pooling::Average, 2, 2, false),
                Layer::Flatten,
                dense(half * half * CHANNELS, 3),
                leaky,
                dense(3, 3),
            ],
        ),
        (
            "greatest of windows",
            vec![window(Pooling::Greatest, 2, 2, false), Layer::Flatten, dense(half * half * CHANNELS, 3)],
        ),
        (
            "padded",
            vec![
                window(Pooling::Greatest, 3, 2, true),
                window(Pooling::Average, 3, 1, true),
                relu6,
                Layer::Flatten,
                dense(same * same * CHANNELS, 3),
            ],
        ),
        ("normalised first", vec![scale(CHANNELS), relu, Layer::Flatten, dense(n, 3)]),
        ("dense first", vec![dense(CHANNELS, 4), function(Function::Silu), Layer::Flatten, dense(side * side * 4, 3)]),
        (
            "sloped",
            vec![
                dense(CHANNELS, 4),
                Layer::Slope { slope: vec![0.1, -0.3, 0.5, 1.5] },
                Layer::Softmax,
                global(Pooling::Average),
                dense(4, 3),
            ],
        ),
        (
            "selu gelu",
            vec![
                Layer::Flatten,
                dense(n, 4),
                function(Function::Selu),
                dense(4, 4),
                function(Function::Gelu),
                dense(4, 3),
            ],
        ),
        (
            "curves",
            vec![
                Layer::Flatten,
                dense(n, 4),
                function(Function::Softplus),
                dense(4, 4),
                function(Function::Softsign),
                dense(4, 4),
                function(Function::Sigmoid),
                dense(4, 4),
                function(Function::HardSigmoid { slope: 0.2 }),
                dense(4, 4),
                function(Function::Exponential),
                scale(4),
                dense(4, 3),
            ],
        ),
    ]
}

fn head_of(side: usize, layers: Vec<Layer>) -> Head {
    let classes = ["a", "b", "c"].map(|name| ClassName::new(name).unwrap()).to_vec();
    let grid = Shape { rows: side, columns: side, channels: CHANNELS };
    Head::of_layers(classes, Activation::Softmax, grid, layers).unwrap()
}

#[test]
fn the_maps_of_every_chain_equal_those_of_the_gradients_for_any_size() {
    // Images of 224, 150 (9x9 above, 4x4 at pool5), 299 and 64 pixels; with few levels windows have ties.
    for (seed, (grid, levels)) in [(14, 1e6), (9, 1e6), (18, 2.0), (4, 1.0), (5, 3.0)].into_iter().enumerate() {
        for (name, layers) in chains(grid / 2, seed as u64) {
            let activations = activations_of_side(grid, CHANNELS, seed as u64, levels);
            check(&head_of(grid / 2, layers), &activations, &format!("{name}, {grid}"));
        }
    }
}

#[test]
fn a_gradient_is_the_weight_at_the_greatest_of_each_window_and_nothing_else() {
    let head = random_head(&["a", "b"], 4);
    let (gradient, _) = gradients(&head, &random_activations(4, 2.0), 1);
    let in_order = |values: &[f32]| {
        let mut values: Vec<f32> = values.iter().copied().filter(|value| *value != 0.0).collect();
        values.sort_by(f32::total_cmp);
        values
    };
    assert!(in_order(&gradient) == in_order(head.linear().unwrap().weight_of(1)));
}

#[test]
fn activations_of_another_size_have_no_maps() {
    let head = random_head(&["a", "b"], 1);
    assert!(class_maps(&head, &activations_of_side(GRID_SIDE - 2, N_CHANNELS, 1, 2.0)).is_empty());
    let activations = random_activations(1, 2.0);
    assert!(class_maps(&head, &Activations { conv5_3: vec![0.0; 5], ..activations }).is_empty());
}

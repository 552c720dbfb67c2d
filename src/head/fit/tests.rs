//! The fit against its promises, and Adam against the published rule.

use super::scale::SPREAD;
use super::*;

fn classes(n: usize) -> Vec<ClassName> {
    (0..n).map(|class| ClassName::new(format!("class {class}")).unwrap()).collect()
}

/// Rows whose first channels show the class; the values are positive and skewed, as after `ReLU`.
fn rows(n: usize, n_classes: usize) -> (Vec<f32>, Vec<usize>) {
    let mut generator = Generator::new(1, "rows");
    let labels: Vec<usize> = (0..n).map(|row| row % n_classes).collect();
    let row = |label: &usize| {
        let value = |at: usize| {
            let lift = if at / POOL == *label { 1.0 } else { 0.0 };
            (generator.bell() + lift).max(0.0) * (1.0 + (at / POOL % 7) as f32)
        };
        (0..N_FEATURES).map(value).collect::<Vec<_>>()
    };
    let rows = labels.iter().flat_map(row).collect();
    (rows, labels)
}

fn scale_of(rows: &[f32]) -> ChannelScale {
    let mut statistics = FeatureStatistics::default();
    rows.chunks_exact(N_FEATURES).for_each(|row| statistics.add(row));
    statistics.scale()
}

#[test]
fn standardised_channels_have_mean_zero_and_the_stated_spread() {
    let (mut rows, _) = rows(16, 2);
    rows.chunks_exact_mut(N_FEATURES).for_each(|row| row[5 * POOL..6 * POOL].fill(3.0));
    let scale = scale_of(&rows);
    rows.chunks_exact_mut(N_FEATURES).for_each(|row| scale.apply(row));
    let channel = |k: usize| rows.chunks_exact(N_FEATURES).flat_map(move |row| &row[k * POOL..(k + 1) * POOL]);
    let n = (16 * POOL) as f32;
    assert!(channel(5).all(|value| *value == 0.0), "a channel that never varies is left out");
    for k in [0, 1, 300, 511] {
        let mean = channel(k).sum::<f32>() / n;
        let deviation = (channel(k).map(|value| value * value).sum::<f32>() / n).sqrt();
        assert!(mean.abs() < 1e-4 && (deviation * SPREAD - 1.0).abs() < 1e-3, "{k}: {mean} {deviation}");
    }
}

#[test]
fn learns_any_number_of_classes_and_folds_the_scale_into_the_head() {
    for (n_classes, activation) in [(2, Activation::Sigmoid), (3, Activation::Softmax), (5, Activation::Sigmoid)] {
        let (raw, labels) = rows(30, n_classes);
        let mut fit = HeadFit::new(classes(n_classes), scale_of(&raw), settings(activation, &vec![1.0; n_classes]));
        let losses: Vec<BatchLoss> = (0..15).map(|_| fit.step(&mut raw.clone(), &labels)).collect();
        assert!(losses[14].loss < 0.5 * losses[0].loss && losses[14].correct == 30, "{losses:?}");
        let head = fit.head().unwrap();
        for row in raw.chunks_exact(N_FEATURES).take(3) {
            let mut standardised = row.to_vec();
            fit.scale.apply(&mut standardised);
            let pairs = head.logits(row).into_iter().zip(fit.logits(&standardised));
            pairs.for_each(|(folded, learned)| assert!((folded - learned).abs() < 1e-3, "{folded} {learned}"));
        }
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let (raw, labels) = rows(9, 2);
    let fitted = |n_threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
        let mut fit = HeadFit::new(classes(2), scale_of(&raw), settings(Activation::Sigmoid, &[1.0; 2]));
        pool.install(|| (0..3).map(|_| fit.step(&mut raw.clone(), &labels)).count());
        fit.head().unwrap()
    };
    assert_eq!(fitted(1), fitted(5));
}

#[test]
fn adam_moves_as_keras_does() {
    // Keras 3, Adam(0.001) on one weight from 0 with gradients 1, 0.5, -2: its published update rule in f64.
    let gradients = [1.0_f64, 0.5, -2.0];
    let (mut value, mut m, mut v) = (0.0, 0.0, 0.0);
    let mut adam = Adam::new(vec![0.0]);
    for (step, g) in (1..).zip(gradients) {
        m += (g - m) * 0.1;
        v += (g * g - v) * 0.001;
        let rate = 0.001 * (1.0 - 0.999_f64.powi(step)).sqrt() / (1.0 - 0.9_f64.powi(step));
        value -= rate * m / (v.sqrt() + 1e-7);
        adam.update(keras_rate(1e-3, step), 1, |_, gradient| gradient[0] = g as f32);
        assert!((f64::from(adam.parameters[0]) - value).abs() < 5e-8, "step {step}: {} {value}", adam.parameters[0]);
    }
    let mut first = Adam::new(vec![0.0]);
    first.update(keras_rate(1e-3, 1), 1, |_, gradient| gradient[0] = 1e-6);
    // Epsilon beside the uncorrected root: 1e-3 * 3.16228e-8 / (3.16228e-8 + 1e-7), not 1e-3 * 1e-6 / (1e-6 + 1e-7).
    assert!((f64::from(first.parameters[0]) + 2.4025e-4).abs() < 1e-7, "{}", first.parameters[0]);
}

fn settings(activation: Activation, class_weights: &[f64]) -> FitSettings {
    FitSettings { activation, class_weights: class_weights.to_vec(), learning_rate: 1e-3, seed: 1 }
}

#[test]
fn a_resumed_fit_goes_on_to_the_bit() {
    let (raw, labels) = rows(8, 2);
    let fresh = || HeadFit::new(classes(2), scale_of(&raw), settings(Activation::Softmax, &[1.0, 2.0]));
    let mut whole = fresh();
    for _ in 0..3 {
        whole.step(&mut raw.clone(), &labels);
    }
    let mut resumed = fresh().resumed(whole.state().clone()).unwrap();
    assert_eq!(resumed.step(&mut raw.clone(), &labels), whole.step(&mut raw.clone(), &labels));
    assert_eq!(resumed, whole);
    let other = HeadFit::new(classes(3), scale_of(&raw), settings(Activation::Softmax, &[1.0; 3]));
    assert!(other.resumed(whole.state().clone()).is_none(), "of three classes, not two");
}

#[test]
fn class_weights_scale_the_loss_and_the_gradients_as_in_keras() {
    let (raw, labels) = rows(4, 2);
    let step = |weights: &[f64]| {
        let mut fit = HeadFit::new(classes(2), scale_of(&raw), settings(Activation::Sigmoid, weights));
        let loss = fit.step(&mut raw.clone(), &labels).loss;
        (loss, f64::from(fit.state().bias.first_moment[0]))
    };
    let (both, only_first, only_second) = (step(&[1.0, 1.0]), step(&[3.0, 0.0]), step(&[0.0, 3.0]));
    // Divided by the number of images, not by the sum of their weights: the parts add up.
    assert!((3.0 * both.0 - only_first.0 - only_second.0).abs() < 1e-9);
    assert!((3.0 * both.1 - only_first.1 - only_second.1).abs() < 1e-7);
    assert!(only_first.1 < 0.0 && only_second.1 > 0.0, "each class pulls its own way");
}

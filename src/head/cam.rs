//! Class activation maps at `block5_conv3`, in closed form.
//!
//! Above `block5_conv3` there are only a 2x2 max-pool, Flatten and one linear layer, so the gradient of a class's logit is
//! that class's weight at the greatest of each 2x2 window, and 0 elsewhere. Hence Grad-CAM (Selvaraju et al. 2017) weighs
//! channel k by the sum of its 49 weights over 196 positions, whatever the image, and HiResCAM (Draelos & Carin 2020)
//! is weight times activation at the greatest of each window, and sums to the logit less the bias. No backward pass.
//!
//! One layer further up, at pool5, it needs no windows at all: see [`evidence`].

use super::dense::Head;
use crate::domain::vgg16::{GRID_SIDE, N_CHANNELS, POOL_SIDE};
use crate::domain::{ClassMap, Evidence};

const GRID: usize = GRID_SIDE * GRID_SIDE;
const POOL: usize = POOL_SIDE * POOL_SIDE;

/// The end of the frozen network for one image, channel first, row-major, all at least 0 (after `ReLU`).
#[derive(Debug, Clone, PartialEq)]
pub struct Activations {
    /// `block5_conv3` after `ReLU`: `[512, 14, 14]`.
    pub conv5_3: Vec<f32>,
    /// pool5, what the head takes: `[512, 7, 7]`.
    pub pool5: Vec<f32>,
}

/// Both maps for every class of `head`, in its order; always of the logit, which never saturates as the scores do.
pub fn class_maps(head: &Head, activations: &Activations) -> Vec<ClassMap> {
    let peaks = greatest_of_windows(&activations.conv5_3);
    (0..head.classes().len()).map(|class| class_map(head.weight_of(class), &activations.conv5_3, &peaks)).collect()
}

/// `HiResCAM` of `class` at pool5, from features alone (25088 values): weight times activation, summed over the channels.
pub fn evidence(head: &Head, pool5: &[f32], class: usize) -> Evidence {
    let mut cells = [0.0_f64; POOL];
    for (weights, channel) in head.weight_of(class).chunks_exact(POOL).zip(pool5.chunks_exact(POOL)) {
        let terms = weights.iter().zip(channel).map(|(weight, activation)| f64::from(*weight) * f64::from(*activation));
        cells.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
    }
    Evidence { side: POOL_SIDE, cells: cells.iter().map(|sum| *sum as f32).collect() }
}

fn class_map(weight: &[f32], conv5_3: &[f32], peaks: &[usize]) -> ClassMap {
    let (grad_cam, peak) = scaled(&grad_cam(weight, conv5_3));
    ClassMap { side: GRID_SIDE, grad_cam, peak, hires_cam: hires_cam(weight, conv5_3, peaks) }
}

/// Before rectification.
fn grad_cam(weight: &[f32], conv5_3: &[f32]) -> Vec<f64> {
    let mut map = vec![0.0; GRID];
    for (weights, channel) in weight.chunks_exact(POOL).zip(conv5_3.chunks_exact(GRID)) {
        let alpha = weights.iter().map(|weight| f64::from(*weight)).sum::<f64>() / GRID as f64;
        map.iter_mut().zip(channel).for_each(|(sum, activation)| *sum += alpha * f64::from(*activation));
    }
    map
}

/// Rectified, divided by its maximum; all zero with peak 0 where nothing is positive.
fn scaled(map: &[f64]) -> (Vec<f32>, f32) {
    let peak = map.iter().copied().fold(0.0, f64::max);
    if peak <= 0.0 {
        return (vec![0.0; map.len()], 0.0);
    }
    (map.iter().map(|value| (value.max(0.0) / peak) as f32).collect(), peak as f32)
}

fn hires_cam(weight: &[f32], conv5_3: &[f32], peaks: &[usize]) -> Vec<f32> {
    let mut map = vec![0.0_f64; GRID];
    for (weight, &at) in weight.iter().zip(peaks) {
        map[at % GRID] += f64::from(*weight) * f64::from(conv5_3[at]);
    }
    map.into_iter().map(|value| value as f32).collect()
}

/// For each of the 512 x 49 windows, where in `conv5_3` its greatest value lies; the first of equals in reading order,
/// as libtorch's max-pool routes the gradient.
fn greatest_of_windows(conv5_3: &[f32]) -> Vec<usize> {
    let mut peaks = Vec::with_capacity(N_CHANNELS * POOL);
    for channel in 0..N_CHANNELS {
        for window in 0..POOL {
            let (row, column) = (2 * (window / POOL_SIDE), 2 * (window % POOL_SIDE));
            let first = channel * GRID + row * GRID_SIDE + column;
            let others = [first + 1, first + GRID_SIDE, first + GRID_SIDE + 1];
            peaks.push(others.into_iter().fold(first, |best, at| if conv5_3[at] > conv5_3[best] { at } else { best }));
        }
    }
    peaks
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::head::random_head;
    use crate::stats::Activation;
    use crate::stats::Generator;

    /// Half zeros (as after `ReLU`); `levels` distinct values make ties in the pooling windows.
    pub(crate) fn random_activations(seed: u64, levels: f32) -> Activations {
        let mut generator = Generator::new(seed, "activations");
        let conv5_3: Vec<f32> =
            (0..N_CHANNELS * GRID).map(|_| (generator.bell().max(0.0) * levels).round() / levels).collect();
        let pool5 = greatest_of_windows(&conv5_3).into_iter().map(|at| conv5_3[at]).collect();
        Activations { conv5_3, pool5 }
    }

    fn assert_close(a: &[f32], b: &[f32]) {
        let size = b.iter().fold(1e-6_f32, |size, value| size.max(value.abs()));
        assert!(a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-5 * size));
    }

    #[test]
    fn hires_cam_sums_to_the_logit_less_the_bias() {
        let head = random_head(&["a", "b"], 5);
        let activations = random_activations(5, 3.0);
        let logits = head.logits(&activations.pool5);
        for (class, map) in class_maps(&head, &activations).iter().enumerate() {
            let sum: f64 = map.hires_cam.iter().map(|value| f64::from(*value)).sum();
            assert!((sum - (logits[class] - f64::from(head.bias()[class]))).abs() < 1e-4, "class {class}");
        }
    }

    #[test]
    fn evidence_at_pool5_sums_to_the_logit_less_the_bias_and_each_cell_is_its_window_below() {
        let head = random_head(&["a", "b"], 5);
        let activations = random_activations(7, 1e6);
        let logits = head.logits(&activations.pool5);
        for (class, map) in class_maps(&head, &activations).iter().enumerate() {
            let Evidence { side, cells } = evidence(&head, &activations.pool5, class);
            let sum: f64 = cells.iter().map(|cell| f64::from(*cell)).sum();
            assert_eq!((side, cells.len()), (7, 49));
            assert!((sum - (logits[class] - f64::from(head.bias()[class]))).abs() < 1e-4, "class {class}");
            let windows = (0..49).map(|cell| {
                let first = cell / 7 * 2 * GRID_SIDE + cell % 7 * 2;
                [0, 1, GRID_SIDE, GRID_SIDE + 1].iter().map(|step| map.hires_cam[first + step]).sum()
            });
            assert_close(&cells, &windows.collect::<Vec<f32>>());
        }
    }

    #[test]
    fn a_map_that_is_nowhere_positive_is_zero_and_says_so() {
        let names = ["a", "b"];
        let classes = random_head(&names, 1).classes().to_vec();
        let head = Head::new(classes, Activation::Sigmoid, vec![-0.5; 2 * 25_088], vec![0.0; 2]).unwrap();
        let map = &class_maps(&head, &random_activations(1, 4.0))[0];
        assert_eq!((map.peak, map.grad_cam.iter().all(|value| *value == 0.0)), (0.0, true));
        assert!(map.hires_cam.iter().all(|value| *value <= 0.0));
    }

    #[test]
    fn a_map_that_is_somewhere_positive_peaks_at_one() {
        let map = &class_maps(&random_head(&["a", "b"], 9), &random_activations(9, 1e6))[0];
        assert!(map.grad_cam.contains(&1.0));
        assert!(map.peak > 0.0 && map.grad_cam.iter().all(|value| (0.0..=1.0).contains(value)));
    }
}

//! Class activation maps at `block5_conv3`, from the gradient of a logit by pool5.
//!
//! Between `block5_conv3` and pool5 there is only a 2x2 max-pool, so a logit's gradient by `block5_conv3` is that by pool5,
//! at the greatest of each 2x2 window, and 0 elsewhere. Grad-CAM (Selvaraju et al. 2017) weighs channel k by the mean of it,
//! and HiResCAM (Draelos & Carin 2020) is gradient times activation. No backward pass through the network.
//!
//! Of a head that is one linear layer, as every trained one is, the gradient by pool5 is its weights, whatever the image:
//! then HiResCAM sums to the logit less the bias. Of a chain of layers it depends on the image, and the sum means nothing.
//!
//! One layer further up, at pool5, it needs no windows at all: see [`evidence`]. What looks at positive gradients only is
//! in `positive`.

mod positive;
mod sums;

use super::classifier::Head;
use crate::domain::{ClassMap, Evidence};
use sums::{Sides, placed_terms, weighed_channels};

/// The end of the frozen network for one image, channel first, row-major, all at least 0 (after `ReLU`).
#[derive(Debug, Clone, PartialEq)]
pub struct Activations {
    /// `block5_conv3` after `ReLU`: `[512, side, side]`, 14 a side at 224 pixels.
    pub conv5_3: Vec<f32>,
    /// pool5, what the head takes: `[512, side / 2, side / 2]`.
    pub pool5: Vec<f32>,
}

impl Sides {
    /// `None` where the activations are not of images of one size, or not of the size that `head` takes.
    fn of(head: &Head, activations: &Activations) -> Option<Self> {
        let (channels, pool) = (head.grid().channels, head.pool_side());
        let grid = (activations.conv5_3.len() / channels).isqrt();
        let fit = activations.conv5_3.len() == channels * grid * grid
            && activations.pool5.len() == head.n_features()
            && grid / 2 == pool;
        fit.then_some(Self { channels, grid, pool })
    }
}

/// The maps for every class of `head`, in its order; always of the logit, which never saturates as the scores do.
/// Activations of another size than the head takes have no maps.
pub fn class_maps(head: &Head, activations: &Activations) -> Vec<ClassMap> {
    let Some(sides) = Sides::of(head, activations) else { return Vec::new() };
    let peaks = greatest_of_windows(sides, &activations.conv5_3);
    let map = |class| class_map(sides, &head.gradient(&activations.pool5, class), &activations.conv5_3, &peaks);
    (0..head.classes().len()).map(map).collect()
}

/// `HiResCAM` of `class` at pool5, from features alone: gradient times activation, summed over the channels.
pub fn evidence(head: &Head, pool5: &[f32], class: usize) -> Evidence {
    let side = head.pool_side();
    let mut cells = vec![0.0_f64; side * side];
    let gradient = head.gradient(pool5, class);
    for (gradients, channel) in gradient.chunks_exact(side * side).zip(pool5.chunks_exact(side * side)) {
        let terms = gradients.iter().zip(channel).map(|(g, activation)| f64::from(*g) * f64::from(*activation));
        cells.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
    }
    Evidence { side, cells: cells.iter().map(|sum| *sum as f32).collect() }
}

/// Grad-CAM of `class` at pool5 in place of `block5_conv3`, from features alone; before rectification.
pub fn grad_cam_of_pool5(head: &Head, pool5: &[f32], class: usize) -> Vec<f32> {
    let (channels, pool) = (head.grid().channels, head.pool_side());
    grad_cam(Sides { channels, grid: pool, pool }, &head.gradient(pool5, class), pool5)
}

/// `gradient` is that by pool5.
fn class_map(sides: Sides, gradient: &[f32], conv5_3: &[f32], peaks: &[usize]) -> ClassMap {
    ClassMap {
        side: sides.grid,
        grad_cam: grad_cam(sides, gradient, conv5_3),
        hires_cam: hires_cam(sides, gradient, conv5_3, peaks),
        grad_cam_plus_plus: positive::grad_cam_plus_plus(sides, gradient, conv5_3),
        layer_cam: positive::layer_cam(sides, gradient, conv5_3, peaks),
    }
}

/// Before rectification.
fn grad_cam(sides: Sides, gradient: &[f32], conv5_3: &[f32]) -> Vec<f32> {
    let n = (sides.grid * sides.grid) as f64;
    let mean = |gradients: &[f32], _: &[f32]| gradients.iter().map(|gradient| f64::from(*gradient)).sum::<f64>() / n;
    weighed_channels(sides, gradient, conv5_3, mean)
}

fn hires_cam(sides: Sides, gradient: &[f32], conv5_3: &[f32], peaks: &[usize]) -> Vec<f32> {
    placed_terms(sides, conv5_3, peaks, gradient.iter().copied())
}

/// For each window of each channel, where in `conv5_3` its greatest value lies; the first of equals in reading order,
/// as libtorch's max-pool routes the gradient.
fn greatest_of_windows(Sides { channels, grid, pool }: Sides, conv5_3: &[f32]) -> Vec<usize> {
    let mut peaks = Vec::with_capacity(channels * pool * pool);
    for channel in 0..channels {
        for window in 0..pool * pool {
            let first = channel * grid * grid + window / pool * 2 * grid + window % pool * 2;
            let others = [first + 1, first + grid, first + grid + 1];
            peaks.push(others.into_iter().fold(first, |best, at| if conv5_3[at] > conv5_3[best] { at } else { best }));
        }
    }
    peaks
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::domain::MapMethod;
    use crate::domain::vgg16::{GRID_SIDE, N_CHANNELS};
    use crate::head::random_head;
    use crate::stats::{Activation, Generator};

    /// Half zeros (as after `ReLU`); `levels` distinct values make ties in the pooling windows.
    pub(crate) fn random_activations(seed: u64, levels: f32) -> Activations {
        activations_of_side(GRID_SIDE, N_CHANNELS, seed, levels)
    }

    /// The same with `channels` of `grid` rows and columns.
    pub(crate) fn activations_of_side(grid: usize, channels: usize, seed: u64, levels: f32) -> Activations {
        let mut generator = Generator::new(seed, "activations");
        let conv5_3: Vec<f32> =
            (0..channels * grid * grid).map(|_| (generator.bell().max(0.0) * levels).round() / levels).collect();
        let sides = Sides { channels, grid, pool: grid / 2 };
        let pool5 = greatest_of_windows(sides, &conv5_3).into_iter().map(|at| conv5_3[at]).collect();
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
            assert!(
                (sum - (logits[class] - f64::from(head.linear().unwrap().bias[class]))).abs() < 1e-4,
                "class {class}"
            );
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
            assert!(
                (sum - (logits[class] - f64::from(head.linear().unwrap().bias[class]))).abs() < 1e-4,
                "class {class}"
            );
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
        for method in MapMethod::ALL {
            let is_empty = map.drawn(method).rectified().iter().all(|value| *value == 0.0);
            assert_eq!((map.drawn(method).peak(), is_empty), (0.0, true), "{method}");
        }
        assert!(map.grad_cam.iter().chain(&map.hires_cam).all(|value| *value <= 0.0));
        assert!(map.grad_cam.iter().any(|value| *value < 0.0));
    }

    #[test]
    fn a_map_that_is_somewhere_positive_peaks_at_one() {
        let map = &class_maps(&random_head(&["a", "b"], 9), &random_activations(9, 1e6))[0];
        for method in MapMethod::ALL {
            let rectified = map.drawn(method).rectified();
            assert!(rectified.contains(&1.0), "{method}");
            assert!(
                map.drawn(method).peak() > 0.0 && rectified.iter().all(|value| (0.0..=1.0).contains(value)),
                "{method}"
            );
        }
    }

    #[test]
    fn weights_as_large_as_there_are_make_finite_maps() {
        let classes = random_head(&["a", "b"], 1).classes().to_vec();
        let weight = [vec![f32::MAX; 25_088], vec![f32::MIN; 25_088]].concat();
        let head = Head::new(classes, Activation::Sigmoid, weight, vec![0.0; 2]).unwrap();
        for map in class_maps(&head, &random_activations(1, 4.0)) {
            let all =
                MapMethod::ALL.iter().flat_map(|method| [map.cells(*method).to_vec(), map.drawn(*method).rectified()]);
            assert!(all.flatten().all(f32::is_finite));
        }
    }
}

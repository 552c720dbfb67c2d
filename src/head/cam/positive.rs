//! Maps of positive gradients only, as pytorch-grad-cam defines them: Grad-CAM++ (Chattopadhyay et al. 2018) and
//! `LayerCAM` (Jiang et al. 2021).

use super::sums::{Sides, placed_terms, weighed_channels};

/// What keeps a quotient of nothing from being no number.
const EPSILON: f64 = 1e-6;

/// Channels are weighed by the sum of their positive gradients g, each times g² / (2 g² + s g³), where s is the sum of the
/// channel's activations.
pub(super) fn grad_cam_plus_plus(sides: Sides, gradient: &[f32], conv5_3: &[f32]) -> Vec<f32> {
    weighed_channels(sides, gradient, conv5_3, |gradients, channel| {
        let sum: f64 = channel.iter().map(|activation| f64::from(*activation)).sum();
        gradients.iter().map(|gradient| term(f64::from(*gradient).max(0.0), sum)).sum()
    })
}

fn term(gradient: f64, sum: f64) -> f64 {
    let square = gradient * gradient;
    gradient * square / (2.0 * square + sum * square * gradient + EPSILON)
}

/// The sum over the channels of positive gradient times activation.
pub(super) fn layer_cam(sides: Sides, gradient: &[f32], conv5_3: &[f32], peaks: &[usize]) -> Vec<f32> {
    placed_terms(sides, conv5_3, peaks, gradient.iter().map(|gradient| gradient.max(0.0)))
}

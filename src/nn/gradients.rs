//! Gradients of a head's logits by autograd, for heads whose maps have no closed form; the closed-form maps of `head` are
//! tested against it.

use tch::{TchError, Tensor};

use super::error::{NnError, TorchResult};
use super::torch_backend::{pool, to_vec};
use crate::domain::vgg16::{GRID_SIDE, N_CHANNELS, N_FEATURES};
use crate::head::{Activations, Head};

/// The gradient of the logit of `class` by `block5_conv3`, `[512, 14, 14]`, back through the head and the last max-pool. Of
/// equal values in a window of the pool the first in reading order has all of it.
///
/// # Errors
/// libtorch's refusals: activations of another size, a class that `head` does not have.
pub fn gradients(head: &Head, activations: &Activations, class: usize) -> Result<Vec<f32>, NnError> {
    tch::with_grad(|| by_autograd(head, &activations.conv5_3, class)).named("compute the gradients of the head")
}

fn by_autograd(head: &Head, conv5_3: &[f32], class: usize) -> Result<Vec<f32>, TchError> {
    let (channels, side) = (N_CHANNELS as i64, GRID_SIDE as i64);
    let conv5_3 = Tensor::f_from_slice(conv5_3)?.f_view([1, channels, side, side])?.f_set_requires_grad(true)?;
    let weight = Tensor::f_from_slice(head.weight())?.f_view([-1, N_FEATURES as i64])?;
    let features = pool(&conv5_3)?.f_flatten(0, -1)?;
    let logits = weight.f_mv(&features)?.f_add(&Tensor::f_from_slice(head.bias())?)?;
    let logit = logits.f_select(0, class as i64)?;
    let gradients = Tensor::f_run_backward(&[&logit], &[&conv5_3], false, false)?;
    let gradient = gradients.first().ok_or_else(|| TchError::Shape("no gradient".to_owned()))?;
    to_vec(gradient)
}

#[cfg(test)]
mod tests {
    use tch::Kind;

    use super::*;
    use crate::head::{class_maps, random_activations, random_head};

    const GRID: usize = GRID_SIDE * GRID_SIDE;

    /// By position: the sum over channels of `weight(channel, position)` times the activation.
    fn weighed(conv5_3: &[f32], weight: impl Fn(usize, usize) -> f64) -> Vec<f32> {
        let term = |channel, at| weight(channel, at) * f64::from(conv5_3[channel * GRID + at]);
        (0..GRID).map(|at| (0..N_CHANNELS).map(|channel| term(channel, at)).sum::<f64>() as f32).collect()
    }

    fn assert_close(a: &[f32], b: &[f32]) {
        let size = b.iter().fold(1e-6_f32, |size, value| size.max(value.abs()));
        assert!(a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-5 * size));
    }

    #[test]
    fn the_closed_form_maps_equal_those_of_the_gradients_ties_included() {
        for (seed, levels) in [(1, 1e6), (2, 2.0), (3, 1.0)] {
            let head = random_head(&["a", "b", "c"], seed);
            let activations = random_activations(seed, levels);
            for (class, map) in class_maps(&head, &activations).iter().enumerate() {
                let gradient = gradients(&head, &activations, class).unwrap();
                let at = |channel: usize, at: usize| f64::from(gradient[channel * GRID + at]);
                let alphas: Vec<f64> =
                    (0..N_CHANNELS).map(|k| (0..GRID).map(|p| at(k, p)).sum::<f64>() / GRID as f64).collect();
                let grad_cam = weighed(&activations.conv5_3, |channel, _| alphas[channel]);
                let ours: Vec<f32> = map.grad_cam.iter().map(|value| value * map.peak).collect();
                assert_close(&ours, &grad_cam.iter().map(|value| value.max(0.0)).collect::<Vec<_>>());
                assert_close(&map.hires_cam, &weighed(&activations.conv5_3, at));
            }
        }
    }

    #[test]
    fn a_gradient_is_the_weight_at_the_greatest_of_each_window_and_nothing_else() {
        let head = random_head(&["a", "b"], 4);
        let gradient = gradients(&head, &random_activations(4, 2.0), 1).unwrap();
        let in_order = |values: &[f32]| {
            let mut values: Vec<f32> = values.iter().copied().filter(|value| *value != 0.0).collect();
            values.sort_by(f32::total_cmp);
            values
        };
        assert!(in_order(&gradient) == in_order(head.weight_of(1)));
    }

    #[test]
    fn a_head_s_logits_are_libtorch_s() {
        let head = random_head(&["a", "b", "c"], 6);
        let Activations { conv5_3, pool5 } = random_activations(6, 1e6);
        let pooled =
            pool(&Tensor::from_slice(&conv5_3).view([1, 512, 14, 14])).unwrap().flatten(0, -1).to_kind(Kind::Double);
        for (class, logit) in head.logits(&pool5).into_iter().enumerate() {
            let weight = Tensor::from_slice(head.weight_of(class)).to_kind(Kind::Double);
            let expected = pooled.dot(&weight).double_value(&[]) + f64::from(head.bias()[class]);
            assert!((logit - expected).abs() < 1e-5 * expected.abs().max(1.0), "{logit} is not {expected}");
        }
    }

    #[test]
    fn a_class_that_is_not_there_and_other_activations_are_refused() {
        let (head, activations) = (random_head(&["a", "b"], 1), random_activations(1, 2.0));
        assert!(matches!(gradients(&head, &activations, 2), Err(NnError::Torch { .. })));
        let short = Activations { conv5_3: vec![0.0; 5], ..activations };
        assert!(matches!(gradients(&head, &short, 0), Err(NnError::Torch { .. })));
    }
}

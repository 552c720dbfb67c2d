//! The sums over channels that all maps are.

/// The sizes of one image's activations.
#[derive(Clone, Copy)]
pub(super) struct Sides {
    pub(super) channels: usize,
    /// Of `block5_conv3`.
    pub(super) grid: usize,
    /// Of pool5. An odd last row or column of the grid has no window.
    pub(super) pool: usize,
}

/// The sum of the channels of `conv5_3`, each times its weight: that of its gradient by pool5 and its activations.
pub(super) fn weighed_channels(
    Sides { grid, pool, .. }: Sides,
    gradient: &[f32],
    conv5_3: &[f32],
    weight: impl Fn(&[f32], &[f32]) -> f64,
) -> Vec<f32> {
    let n = grid * grid;
    let mut map = vec![0.0; n];
    for (gradients, channel) in gradient.chunks_exact(pool * pool).zip(conv5_3.chunks_exact(n)) {
        let weight = weight(gradients, channel);
        map.iter_mut().zip(channel).for_each(|(sum, activation)| *sum += weight * f64::from(*activation));
    }
    single(map)
}

/// The sum over the channels of gradient times activation, each where its window has its greatest value.
pub(super) fn placed_terms(
    Sides { grid, .. }: Sides,
    conv5_3: &[f32],
    peaks: &[usize],
    gradient: impl Iterator<Item = f32>,
) -> Vec<f32> {
    let n = grid * grid;
    let mut map = vec![0.0_f64; n];
    for (gradient, &at) in gradient.zip(peaks) {
        map[at % n] += f64::from(gradient) * f64::from(conv5_3[at]);
    }
    single(map)
}

/// As 32-bit floats; what is too large for one is the largest of them, so that a map can always be drawn.
fn single(map: Vec<f64>) -> Vec<f32> {
    map.into_iter().map(|value| (value as f32).clamp(f32::MIN, f32::MAX)).collect()
}

//! Softmax over the channels of every position, where it is not a head's last step.

/// Of values with `channels` last.
pub(super) fn forward(channels: usize, values: &[f64]) -> Vec<f64> {
    values.chunks_exact(channels).flat_map(scores).collect()
}

/// By what went in, from the gradient by what came out.
pub(super) fn gradient(channels: usize, values: &[f64], gradient: &[f64]) -> Vec<f64> {
    let positions = values.chunks_exact(channels).zip(gradient.chunks_exact(channels));
    positions.flat_map(|(values, gradient)| of_position(values, gradient)).collect()
}

fn scores(values: &[f64]) -> Vec<f64> {
    let greatest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let exponentials: Vec<f64> = values.iter().map(|x| (x - greatest).exp()).collect();
    let sum: f64 = exponentials.iter().sum();
    exponentials.into_iter().map(|exponential| exponential / sum).collect()
}

fn of_position(values: &[f64], gradient: &[f64]) -> Vec<f64> {
    let scores = scores(values);
    let mean: f64 = scores.iter().zip(gradient).map(|(score, g)| score * g).sum();
    scores.iter().zip(gradient).map(|(score, g)| score * (g - mean)).collect()
}

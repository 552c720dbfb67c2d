//! Dense: at every position, sums of the channels by weights `[inputs, units]`.

/// `values` are whole positions of as many channels as there are rows of weights.
pub(super) fn forward(units: usize, weight: &[f32], bias: &[f32], values: &[f64]) -> Vec<f64> {
    let n_inputs = weight.len() / units;
    values.chunks_exact(n_inputs).flat_map(|position| sums(units, weight, bias, position)).collect()
}

fn sums(units: usize, weight: &[f32], bias: &[f32], position: &[f64]) -> Vec<f64> {
    let mut sums: Vec<f64> = bias.iter().map(|bias| f64::from(*bias)).collect();
    for (value, row) in position.iter().zip(weight.chunks_exact(units)).filter(|(value, _)| **value != 0.0) {
        sums.iter_mut().zip(row).for_each(|(sum, weight)| *sum += value * f64::from(*weight));
    }
    sums
}

/// By what it took, from the gradient by what it gave.
pub(super) fn gradient(units: usize, weight: &[f32], gradient: &[f64]) -> Vec<f64> {
    let by_position = gradient.chunks_exact(units);
    let product = |row: &[f32], gradient: &[f64]| row.iter().zip(gradient).map(|(w, g)| f64::from(*w) * g).sum::<f64>();
    by_position.flat_map(|position| weight.chunks_exact(units).map(move |row| product(row, position))).collect()
}

//! Measures as they are recorded: without the last digits, which only show how a sum was computed.

/// Rounds to 12 significant digits, so that a mean of 0.8 is not recorded as 0.8000000000000002. A proportion of two
/// counts needs no rounding: one division gives the nearest number.
pub fn significant(value: f64) -> f64 {
    format!("{value:.11e}").parse().unwrap_or(value)
}

/// The number nearest to `value` that a 32-bit float holds, by its shortest decimals: 0.3 for 0.30000001192092896.
/// `value` itself where it is beyond what such a float holds.
pub fn shortest_single(value: f64) -> f64 {
    let single = value as f32;
    if single.is_normal() { single.to_string().parse().unwrap_or(value) } else { value }
}

/// Mean, rounded; `None` of nothing.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| significant(values.iter().sum::<f64>() / values.len() as f64))
}

/// Standard deviation with n - 1, rounded; 0 for fewer than two values, and for equal ones exactly.
pub fn standard_deviation(values: &[f64]) -> f64 {
    let origin = values.first().copied().unwrap_or(0.0);
    let n = values.len() as f64;
    let centre = values.iter().map(|value| value - origin).sum::<f64>() / n.max(1.0);
    let squares: f64 = values.iter().map(|value| (value - origin - centre).powi(2)).sum();
    significant((squares / (n.max(2.0) - 1.0)).sqrt())
}

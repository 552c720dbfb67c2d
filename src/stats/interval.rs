//! 95 % intervals, and measured numbers that have one.

use serde::{Deserialize, Serialize};

use super::rounding::significant;

/// Where 95 % of a standard normal variable lie.
pub(super) const Z: f64 = 1.959_963_984_540_054;

/// A 95 % interval of a proportion or of another number from 0 to 1, or of the difference of two (from -1 to 1).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// The Wilson score interval (Wilson 1927) of `hits` out of `n` at 95 %; the whole of 0 to 1 when `n` is 0. Without a hit
/// it begins at 0 exactly, and with hits alone it ends at 1, which the formula misses by a rounding error.
pub fn wilson_interval(hits: u64, n: u64) -> Interval {
    if n == 0 {
        return Interval { low: 0.0, high: 1.0 };
    }
    let (none, all) = (hits == 0, hits == n);
    let (n, p) = (n as f64, hits as f64 / n as f64);
    let z2 = Z * Z;
    let centre = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z / (1.0 + z2 / n) * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    let low = if none { 0.0 } else { significant((centre - half).max(0.0)) };
    let high = if all { 1.0 } else { significant((centre + half).min(1.0)) };
    Interval { low, high }
}

/// A measured number from 0 to 1, or the difference of two, with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// As measured.
    pub value: f64,
    /// 95 %.
    pub interval: Interval,
}

impl Estimate {
    /// A proportion with its Wilson interval; `None` of nothing.
    pub fn proportion((hits, n): (u64, u64)) -> Option<Self> {
        (n > 0).then(|| Self { value: hits as f64 / n as f64, interval: wilson_interval(hits, n) })
    }
}

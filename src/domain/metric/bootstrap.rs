//! The percentile bootstrap: how far a measure would stray if other images of the same classes had come.

use super::{Estimate, Interval};

/// Resamples that are drawn.
const N_RESAMPLES: usize = 1000;

/// Draws resamples: how often each image is in each. A byte holds it: an image is there once on average, and 20 times in one of
/// a billion billion resamples.
pub(super) struct Bootstrap {
    resamples: Vec<Vec<u8>>,
}

impl Bootstrap {
    /// `draw(n)` gives a number below n, uniformly.
    pub(super) fn new(labels: &[usize], n_classes: usize, draw: &mut dyn FnMut(usize) -> usize) -> Self {
        let of_class = |class: usize| labels.iter().enumerate().filter(move |(_, label)| **label == class);
        let strata: Vec<Vec<usize>> = (0..n_classes).map(|class| of_class(class).map(|(at, _)| at).collect()).collect();
        let mut resample = || {
            let mut counts = vec![0_u8; labels.len()];
            for stratum in &strata {
                for _ in 0..stratum.len() {
                    let count = &mut counts[stratum[draw(stratum.len())]];
                    *count = count.saturating_add(1);
                }
            }
            counts
        };
        Self { resamples: (0..N_RESAMPLES).map(|_| resample()).collect() }
    }

    /// The measure over all images, and the middle 95 % of what the resamples give.
    pub(super) fn estimate(&self, n: usize, measure: impl Fn(&[f64]) -> Option<f64>) -> Option<Estimate> {
        let value = measure(&vec![1.0; n])?;
        let mut weights = vec![0.0; n];
        let mut resampled = |counts: &Vec<u8>| {
            weights.iter_mut().zip(counts).for_each(|(weight, count)| *weight = f64::from(*count));
            measure(&weights)
        };
        let mut values: Vec<f64> = self.resamples.iter().filter_map(&mut resampled).collect();
        values.sort_by(f64::total_cmp);
        let at = |share: f64| values.get(((values.len() - 1) as f64 * share).round() as usize).copied();
        let interval = Interval { low: at(0.025)?.min(value), high: at(0.975)?.max(value) };
        Some(Estimate { value, interval })
    }
}

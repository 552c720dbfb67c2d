//! The percentile bootstrap: how far a measure would stray if other images of the same classes had come.

use super::interval::{Estimate, Interval};
use super::rounding::significant;

/// Resamples that are drawn.
const N_RESAMPLES: usize = 1000;

/// From how often each image counts to a value; `None` where it has none.
type Measure<'a> = Box<dyn Fn(&[f64]) -> Option<f64> + 'a>;

/// Measures to be estimated. All are taken on one resample after the other, so that none has to be kept.
#[derive(Default)]
pub(super) struct Bootstrap<'a> {
    measures: Vec<Measure<'a>>,
}

/// Which of the measures.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked(usize);

/// The measures' estimates.
pub(super) struct Answers(Vec<Option<Estimate>>);

impl Answers {
    pub(super) fn of(&self, Asked(at): Asked) -> Option<Estimate> {
        self.0[at]
    }
}

impl<'a> Bootstrap<'a> {
    /// Adds a measure; [`Answers::of`] knows its estimate then.
    pub(super) fn ask(&mut self, measure: impl Fn(&[f64]) -> Option<f64> + 'a) -> Asked {
        self.measures.push(Box::new(measure));
        Asked(self.measures.len() - 1)
    }

    /// Every measure over all images, and the middle 95 % of what the resamples give. `draw(n)` gives a number below n,
    /// uniformly.
    pub(super) fn estimate(self, labels: &[usize], n_classes: usize, draw: &mut dyn FnMut(usize) -> usize) -> Answers {
        let of_class = |class: usize| labels.iter().enumerate().filter(move |(_, label)| **label == class);
        let strata: Vec<Vec<usize>> = (0..n_classes).map(|class| of_class(class).map(|(at, _)| at).collect()).collect();
        let mut values = vec![Vec::with_capacity(N_RESAMPLES); self.measures.len()];
        let mut weights = vec![0.0; labels.len()];
        for _ in 0..N_RESAMPLES {
            resample(&strata, draw, &mut weights);
            for (values, measure) in values.iter_mut().zip(&self.measures) {
                values.extend(measure(&weights));
            }
        }
        weights.fill(1.0);
        let over_all = self.measures.iter().map(|measure| measure(&weights));
        Answers(over_all.zip(values).map(|(value, values)| middle(value?, values)).collect())
    }
}

/// How often each image is in one resample.
fn resample(strata: &[Vec<usize>], draw: &mut dyn FnMut(usize) -> usize, weights: &mut [f64]) {
    weights.fill(0.0);
    for stratum in strata {
        for _ in stratum {
            weights[stratum[draw(stratum.len())]] += 1.0;
        }
    }
}

fn middle(value: f64, mut values: Vec<f64>) -> Option<Estimate> {
    values.sort_by(f64::total_cmp);
    let at = |share: f64| values.get((values.len().saturating_sub(1) as f64 * share).round() as usize).copied();
    let (low, high) = (at(0.025)?.min(value), at(0.975)?.max(value));
    let interval = Interval { low: significant(low), high: significant(high) };
    Some(Estimate { value: significant(value), interval })
}

/// A measure that has a value wherever there are images.
pub(super) fn some_of(weights: &[f64], value: f64) -> Option<f64> {
    (!weights.is_empty()).then_some(value)
}

//! A smoothed percentile bootstrap: how far a measure would stray if other images of the same classes had come.
//!
//! Drawn from the images alone, a classifier that is right on all of them would be right in every resample, and its
//! intervals would have no width however few images there were. So two images that nobody measured, one answered as
//! well as can be and one as badly, are drawn as well, each half as often as an image (as in Jeffreys' prior of a proportion).
//! They have no part in the measure itself.

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

    /// Every measure over all images, and the middle 95 % of what the resamples give. Measures weigh the images, whose
    /// classes are `labels`, and behind them the two extremes of each class ([`super::extremes`]). `draw(n)` gives a number
    /// below n, uniformly.
    pub(super) fn estimate(self, labels: &[usize], n_classes: usize, draw: &mut dyn FnMut(usize) -> usize) -> Answers {
        let of_class = |class: usize| labels.iter().enumerate().filter(move |(_, label)| **label == class);
        let strata: Vec<Vec<usize>> = (0..n_classes).map(|class| of_class(class).map(|(at, _)| at).collect()).collect();
        let mut values = vec![Vec::with_capacity(N_RESAMPLES); self.measures.len()];
        let mut weights = vec![0.0; labels.len() + 2 * n_classes];
        for _ in 0..N_RESAMPLES {
            resample(&strata, labels.len(), draw, &mut weights);
            for (values, measure) in values.iter_mut().zip(&self.measures) {
                values.extend(measure(&weights));
            }
        }
        weights.fill(0.0);
        weights[..labels.len()].fill(1.0);
        let over_all = self.measures.iter().map(|measure| measure(&weights));
        Answers(over_all.zip(values).map(|(value, values)| middle(value?, values)).collect())
    }
}

/// How often each image is in one resample, and then the extremes, which are drawn half as often. `n` images.
fn resample(strata: &[Vec<usize>], n: usize, draw: &mut dyn FnMut(usize) -> usize, weights: &mut [f64]) {
    weights.fill(0.0);
    for (class, stratum) in strata.iter().enumerate() {
        for _ in stratum {
            let drawn = draw(2 * stratum.len() + 2);
            let at = stratum.get(drawn / 2).copied();
            weights[at.unwrap_or(n + 2 * class + drawn % 2)] += 1.0;
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
    weights.iter().any(|weight| *weight > 0.0).then_some(value)
}

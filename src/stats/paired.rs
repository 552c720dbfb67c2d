//! Two classifiers on the same images: is one better than the other, or was it luck?

use serde::{Deserialize, Serialize};

use super::rounding::significant;

/// Images on which two classifiers differ, and how likely that is between equals.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Paired {
    /// Images that only the first got right.
    pub only_first: u64,
    /// Images that only the second got right.
    pub only_second: u64,
    /// McNemar's exact p-value, two-sided.
    pub p_value: f64,
}

impl Paired {
    /// Of two lists over the same images: what each got right.
    pub fn of(first: &[bool], second: &[bool]) -> Self {
        let count = |kind: (bool, bool)| first.iter().zip(second).filter(|(a, b)| (**a, **b) == kind).count() as u64;
        let (only_first, only_second) = (count((true, false)), count((false, true)));
        Self { only_first, only_second, p_value: mcnemar_exact(only_first, only_second) }
    }
}

/// McNemar's test in its exact form: the two-sided binomial test of `b` against `c` at one half. 1 when both are 0.
pub(super) fn mcnemar_exact(b: u64, c: u64) -> f64 {
    let (n, least) = (b + c, b.min(c));
    // The logarithm of n over k, term by term, so that no factorial overflows.
    let mut log_choose = 0.0;
    let mut tail = 0.0;
    for k in 0..=least {
        if k > 0 {
            log_choose += ((n - k + 1) as f64).ln() - (k as f64).ln();
        }
        tail += (log_choose - n as f64 * std::f64::consts::LN_2).exp();
    }
    significant((2.0 * tail).min(1.0))
}

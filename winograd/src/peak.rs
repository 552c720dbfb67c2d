//! What a processor could do if it had nothing but fused products to compute: the measure of how good the rest is.

use std::hint::black_box;
use std::time::Instant;

use crate::instructions::Instructions;
use crate::points::{LANES, multiply_add};

/// Steps of a run: about a millisecond.
const STEPS: usize = 200_000;
const RUNS: usize = 300;

impl Instructions {
    /// Floating-point operations a second of one thread, the best of many runs in some 0.1 s: a fused product counts as two. Filtering
    /// needs a quarter of the products of the definition, so that layers could be computed at four times this rate at most.
    pub fn peak(self) -> f64 {
        let seconds = |_| {
            let start = Instant::now();
            let n_chains = black_box(self.chain(black_box(STEPS), black_box(0.999)));
            (2 * n_chains * LANES * STEPS) as f64 / start.elapsed().as_secs_f64()
        };
        (0..RUNS).map(seconds).fold(0.0, f64::max)
    }
}

/// With 32 registers of 16 numbers.
#[inline(always)]
pub(crate) fn wide(n_steps: usize, factor: f32) -> usize {
    chain::<12>(n_steps, factor)
}

/// With 16 registers of 8 numbers.
#[inline(always)]
pub(crate) fn narrow(n_steps: usize, factor: f32) -> usize {
    chain::<6>(n_steps, factor)
}

/// As many sums side by side as keep all units busy. Gives their number, if none of them got lost.
#[inline(always)]
fn chain<const N: usize>(n_steps: usize, factor: f32) -> usize {
    let mut sums = [[1.0_f32; LANES]; N];
    for _ in 0..n_steps {
        for at in 0..N {
            sums[at] = multiply_add(sums[at], factor, [0.5; LANES]);
        }
    }
    black_box(&sums).len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_processor_with_fused_products_computes_more_than_one_of_eight_numbers_in_a_nanosecond() {
        for instructions in Instructions::all() {
            assert!(instructions.peak() > 16e9 / 8.0, "{instructions:?}: {}", instructions.peak());
        }
    }
}

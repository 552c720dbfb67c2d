//! What a processor could do if it had nothing but fused products to compute: the measure of how good the rest is.

use std::hint::black_box;
use std::time::Instant;

use crate::instructions::Instructions;

/// Steps of a run: about a millisecond.
const STEPS: usize = 200_000;
const RUNS: usize = 300;

impl Instructions {
    /// Floating-point operations a second of one thread, the best of many runs in some 0.1 s: a fused product counts as two. Filtering
    /// needs a quarter of the products of the definition, so that layers could be computed at four times this rate at most.
    pub fn peak(self) -> f64 {
        let seconds = |_| {
            let start = Instant::now();
            let n_sums = black_box(self.chain(black_box(STEPS), black_box(0.999)));
            (2 * n_sums * STEPS) as f64 / start.elapsed().as_secs_f64()
        };
        (0..RUNS).map(seconds).fold(0.0, f64::max)
    }
}

/// Sums side by side: they keep all units busy, and leave registers for the two other factors.
pub(crate) const CHAINS: usize = 12;

/// Repeats `step` on each of `sums`, which are registers. Gives their number, if none of them got lost.
#[inline(always)]
pub(crate) fn chain<Register: Copy>(
    mut sums: [Register; CHAINS],
    n_steps: usize,
    step: impl Fn(Register) -> Register,
) -> usize {
    for _ in 0..n_steps {
        for sum in &mut sums {
            *sum = step(*sum);
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

    #[test]
    fn wider_instructions_are_measured_as_wide_ones() {
        for pair in Instructions::all().windows(2) {
            let [wide, narrow] = [pair[0].peak(), pair[1].peak()];
            assert!(wide > narrow / 2.0, "{pair:?}: {wide} and {narrow}");
        }
    }
}

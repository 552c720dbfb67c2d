//! Coordinates along a row of a warp, in fixed point.

#![expect(clippy::cast_possible_wrap, reason = "sides and columns are far below 2^31")]

use std::ops::Range;

/// Fractional bits of a coordinate.
pub(super) const Q: u32 = 32;

/// A coordinate in Q32 along a row of the output: `start + column * step`, half a weight's step added so that cutting
/// off the bits below a weight rounds.
#[derive(Clone, Copy)]
pub(super) struct Run {
    start: i64,
    step: i64,
}

impl Run {
    /// `weight` is the number of bits of a weight.
    pub(super) fn new(start: f64, step: f64, weight: u32) -> Self {
        // Beyond any image; room is left for what is added.
        const FAR: f64 = (1_i64 << 61) as f64;
        let fixed = |value: f64| (value * (1_i64 << Q) as f64).round().clamp(-FAR, FAR) as i64;
        Self { start: fixed(start) + (1 << (Q - weight - 1)), step: fixed(step) }
    }

    pub(super) fn at(self, column: usize) -> i64 {
        self.start.wrapping_add(self.step.wrapping_mul(column as i64))
    }

    /// As [`Self::at`], where no bit is lost however far the column is.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn exactly(self, column: usize) -> i128 {
        i128::from(self.start) + i128::from(self.step) * column as i128
    }

    /// The columns below `n` at which the coordinate lies inside `0 .. side - 1` by a weight's step or more: it and its
    /// right neighbour are inside, and no rule of the border is a matter of rounding.
    pub(super) fn inside(self, side: usize, n: usize, weight: u32) -> Range<usize> {
        let margin = 1_i64 << (Q - weight);
        let end = ((side as i64 - 1) << Q) - margin;
        let (first, behind) = match self.step {
            0 if (margin..end).contains(&self.start) => (0, n as i64),
            0 => (0, 0),
            step if step > 0 => (ceil_div(margin - self.start, step), ceil_div(end - self.start, step)),
            step => (ceil_div(self.start - end + 1, -step), ceil_div(self.start - margin + 1, -step)),
        };
        let clamp = |column: i64| column.clamp(0, n as i64) as usize;
        clamp(first)..clamp(behind).max(clamp(first))
    }
}

fn ceil_div(a: i64, b: i64) -> i64 {
    a.div_euclid(b) + i64::from(a.rem_euclid(b) != 0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Of 8-bit samples.
    const WEIGHT: u32 = 14;

    proptest! {
        #[test]
        fn columns_found_by_division_are_those_found_by_looking(
            start in -(1_i64 << 40)..(1 << 40), step in -(1_i64 << 34)..(1 << 34), side in 1..40_usize, n in 0..60_usize,
        ) {
            let margin = 1_i64 << (Q - WEIGHT);
            let inside = margin..((side as i64 - 1) << Q) - margin;
            for step in [step, 0, 1 << 32, -(1 << 32)] {
                let run = Run { start, step };
                let looked: Vec<_> = (0..n).filter(|&c| inside.contains(&run.at(c))).collect();
                prop_assert_eq!(run.inside(side, n, WEIGHT).collect::<Vec<_>>(), looked);
            }
        }
    }
}

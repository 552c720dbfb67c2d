//! Which samples along one axis make up a coordinate, and what each weighs: `scipy.ndimage`'s rules to the letter.
//!
//! Source: SciPy 1.17, `ndimage/src/ni_interpolation.c` (where a coordinate beyond the ends goes) and `ni_splines.c`
//! (weights); its documentation of `affine_transform` names the modes.

use super::sampling::{BorderRule, Sampling};
use crate::domain::Fill;
use crate::imaging::displacement::cubic_weights;

/// How a row or column goes on beyond its ends; the names are SciPy's modes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extension {
    /// `a a a|a b c d|d d d`
    Nearest,
    /// `c b a|a b c d|d c b`
    Reflect,
    /// Any coordinate outside the first and last sample is the constant outright.
    Constant,
    /// The constant stands on the grid, and blends with the edge.
    GridConstant,
    /// The first and the last sample are one: the period is one less than their number.
    Wrap,
    /// `b c d|a b c d|a b c`
    GridWrap,
}

impl From<Sampling> for Extension {
    fn from(sampling: Sampling) -> Self {
        match (sampling.fill, sampling.rule) {
            (Fill::Nearest, _) => Self::Nearest,
            (Fill::Reflect, _) => Self::Reflect,
            (Fill::Constant, BorderRule::SciPy) => Self::Constant,
            (Fill::Constant, BorderRule::Grid) => Self::GridConstant,
            (Fill::Wrap, BorderRule::SciPy) => Self::Wrap,
            (Fill::Wrap, BorderRule::Grid) => Self::GridWrap,
        }
    }
}

impl Extension {
    /// The index inside `0..n` that stands for index `i`; `None` where the constant does.
    #[inline]
    pub(super) fn index(self, i: i64, n: i64) -> Option<i64> {
        match self {
            _ if (0..n).contains(&i) => Some(i),
            Self::Nearest => Some(i.clamp(0, n - 1)),
            Self::Reflect => {
                let i = i.rem_euclid(2 * n);
                Some(i.min(2 * n - 1 - i))
            }
            // Such a coordinate is inside; its neighbours may not be, and weigh nothing unless the spline is cubic.
            Self::Constant | Self::Wrap => {
                let period = (2 * n - 2).max(1);
                let i = i.rem_euclid(period);
                Some(i.min(period - i))
            }
            Self::GridWrap => Some(i.rem_euclid(n)),
            Self::GridConstant => None,
        }
    }

    /// The coordinate that stands for `x` along `n` samples; `None` where the constant does.
    #[inline]
    fn coordinate(self, x: f64, n: f64) -> Option<f64> {
        let last = n - 1.0;
        let outside = x < 0.0 || x > last;
        match self {
            Self::Constant => (!outside).then_some(x),
            Self::GridConstant => Some(x),
            _ if !outside => Some(x),
            _ if last <= 0.0 => Some(0.0),
            Self::Nearest => Some(x),
            Self::Reflect => Some(reflected(x, n)),
            Self::Wrap if x < 0.0 => Some(x + last * ((-x / last).trunc() + 1.0)),
            Self::Wrap => Some(x - last * (x / last).trunc()),
            Self::GridWrap => Some(x.rem_euclid(n)),
        }
    }
}

/// SciPy's own steps: an exact half between two samples must fall to the same side.
fn reflected(x: f64, n: f64) -> f64 {
    let period = 2.0 * n;
    if x < 0.0 {
        let x = if x < -period { x + period * (-x / period).trunc() } else { x };
        let mirrored = if x > -1e-15 { 1e-15 } else { -x };
        return if x < -n { x + period } else { mirrored - 1.0 };
    }
    let x = x - period * (x / period).trunc();
    if x >= n { period - x - 1.0 } else { x }
}

/// One axis of an image: `n` samples, with `pad` more before and behind them that hold its extension.
#[derive(Debug, Clone, Copy)]
pub(super) struct Axis {
    n: i64,
    pad: i64,
    extension: Extension,
}

/// `N` samples along an axis: their indices in the padded data, [`OUTSIDE`] for the constant, and their weights. One is
/// the nearest, two are linear, four are of the cubic spline.
#[derive(Debug, Clone, Copy)]
pub(super) struct Taps<const N: usize> {
    pub(super) at: [usize; N],
    pub(super) weight: [f64; N],
}

/// The index of a sample that is the constant.
pub(super) const OUTSIDE: usize = usize::MAX;

impl Axis {
    pub(super) fn new(n: usize, pad: usize, extension: Extension) -> Self {
        Self { n: n.cast_signed() as i64, pad: pad.cast_signed() as i64, extension }
    }

    /// What makes up coordinate `x`; `None` where the constant stands alone.
    #[inline]
    pub(super) fn taps<const N: usize>(&self, x: f64) -> Option<Taps<N>> {
        // Far beyond any image all coordinates are alike, and none overflows.
        const FAR: f64 = 1e12;
        let x = self.extension.coordinate(x.clamp(-FAR, FAR), self.n as f64)?;
        let x = match self.extension {
            Extension::Nearest => x.clamp(-self.pad as f64, (self.n - 1 + self.pad) as f64),
            _ => x,
        };
        let (whole, fraction) = split(if N == 1 { x + 0.5 } else { x });
        let first = if N == 4 { whole - 1 } else { whole };
        Some(Taps {
            at: std::array::from_fn(|i| self.index(first + i.cast_signed() as i64)),
            weight: weights(fraction),
        })
    }

    #[inline]
    fn index(&self, i: i64) -> usize {
        let padded = i + self.pad;
        if (0..self.n + 2 * self.pad).contains(&padded) {
            return padded as usize;
        }
        match self.extension {
            Extension::Nearest => padded.clamp(0, self.n + 2 * self.pad - 1) as usize,
            other => other.index(i, self.n).map_or(OUTSIDE, |i| (i + self.pad) as usize),
        }
    }
}

/// The whole number below `x`, and what is left; several times faster than `floor`, which is a call where the processor
/// may be an old one.
#[inline]
fn split(x: f64) -> (i64, f64) {
    let towards_zero = x as i64;
    let whole = towards_zero - i64::from(towards_zero as f64 > x);
    (whole, x - whole as f64)
}

#[inline]
fn weights<const N: usize>(fraction: f64) -> [f64; N] {
    let cubic = if N == 4 { cubic_weights(fraction) } else { [0.0; 4] };
    std::array::from_fn(|i| match (N, i) {
        (1, _) => 1.0,
        (2, 0) => 1.0 - fraction,
        (2, _) => fraction,
        _ => cubic[i],
    })
}

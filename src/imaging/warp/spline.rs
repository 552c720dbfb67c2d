//! The coefficients of the cubic spline that passes through every pixel.
//!
//! Source: M. Unser, A. Aldroubi, M. Eden, "Fast B-spline transforms for continuous image representation and
//! interpolation", IEEE PAMI 13 (1991): one pole, forwards and backwards. Where SciPy has a closed form for each way a
//! image goes on beyond its ends, the image is continued by [`PAD`] pixels here, over which the pole fades to 1e-7.

use super::axis::Extension;
use super::level::Level;
use super::sampling::Sampling;

/// How many pixels are added on each side; SciPy's own number where it pads.
pub(super) const PAD: usize = 12;

/// `sqrt(3) - 2`
const POLE: f64 = -0.267_949_192_431_122_7;

/// `(width + 2 PAD) x (height + 2 PAD)` coefficients of `C` interleaved channels, in levels.
pub(super) fn coefficients<T: Level, const C: usize>(data: &[T], size: [usize; 2], sampling: Sampling) -> Vec<f64> {
    let [width, height] = size;
    let mut padded = extended::<T, C>(data, size, sampling);
    let stride = (width + 2 * PAD) * C;
    for row in padded.chunks_exact_mut(stride) {
        filter(row, C);
    }
    // Down all columns at once: a row is one step of each of them.
    debug_assert_eq!(padded.len(), stride * (height + 2 * PAD));
    filter(&mut padded, stride);
    padded
}

fn extended<T: Level, const C: usize>(data: &[T], [width, height]: [usize; 2], sampling: Sampling) -> Vec<f64> {
    let extension = Extension::from(sampling);
    let places = |n: usize| {
        let (n, pad) = (n.cast_signed() as i64, PAD.cast_signed() as i64);
        (-pad..n + pad).map(move |i| extension.index(i, n).map(|i| i as usize))
    };
    let outside = T::of_byte(sampling.value).into();
    let columns: Vec<_> = places(width).collect();
    let mut out = Vec::with_capacity(columns.len() * (height + 2 * PAD) * C);
    for row in places(height) {
        for column in &columns {
            match (row, column) {
                (Some(row), Some(column)) => {
                    out.extend(data[(row * width + column) * C..][..C].iter().map(|&v| v.into()));
                }
                _ => out.extend([outside; C]),
            }
        }
    }
    out
}

/// Turns samples into coefficients, along `line.len() / step` places of `step` lines side by side.
fn filter(line: &mut [f64], step: usize) {
    /// After so many places the pole's power is lost in rounding.
    const HORIZON: usize = 28;
    let n = line.len() / step;
    for v in line.iter_mut() {
        *v *= (1.0 - POLE) * (1.0 - 1.0 / POLE);
    }
    for c in 0..step {
        // Mirrored before the start, which PAD pixels keep away from the image.
        let ahead = (0..n.min(HORIZON)).rev().fold(0.0, |sum, i| line[i * step + c] + POLE * sum);
        line[c] = ahead;
    }
    for i in step..line.len() {
        line[i] += POLE * line[i - step];
    }
    for i in (n - 1) * step..line.len() {
        line[i] = (POLE * line[i - step] + line[i]) * POLE / (POLE * POLE - 1.0);
    }
    for i in (0..(n - 1) * step).rev() {
        line[i] = POLE * (line[i + step] - line[i]);
    }
}

//! Averages and greatest values, over windows or over all positions.

use std::ops::Range;

use crate::weights::{Pooling, Shape};

/// Over all positions, channel by channel.
pub(super) fn global(pooling: Pooling, shape: Shape, values: &[f64]) -> Vec<f64> {
    let of_channel = |channel: usize| values.iter().skip(channel).step_by(shape.channels).copied();
    let n = (shape.rows * shape.columns) as f64;
    let pooled = |channel| match pooling {
        Pooling::Average => of_channel(channel).sum::<f64>() / n,
        Pooling::Greatest => of_channel(channel).fold(f64::NEG_INFINITY, f64::max),
    };
    (0..shape.channels).map(pooled).collect()
}

/// Of equal greatest values each has an equal part, as in TensorFlow and PyTorch.
pub(super) fn global_gradient(pooling: Pooling, shape: Shape, values: &[f64], gradient: &[f64]) -> Vec<f64> {
    let n = (shape.rows * shape.columns) as f64;
    if pooling == Pooling::Average {
        return (0..values.len()).map(|at| gradient[at % shape.channels] / n).collect();
    }
    let greatest = global(pooling, shape, values);
    let mut n_greatest = vec![0.0; shape.channels];
    let is_greatest = |at: usize| values[at] >= greatest[at % shape.channels];
    (0..values.len()).filter(|at| is_greatest(*at)).for_each(|at| n_greatest[at % shape.channels] += 1.0);
    let part = |at: usize| gradient[at % shape.channels] / n_greatest[at % shape.channels];
    (0..values.len()).map(|at| if is_greatest(at) { part(at) } else { 0.0 }).collect()
}

/// The windows over values of one shape.
pub(super) struct Windows {
    shape: Shape,
    rows: Vec<Range<usize>>,
    columns: Vec<Range<usize>>,
}

impl Windows {
    pub(super) fn new(shape: Shape, size: [usize; 2], strides: [usize; 2], same: bool) -> Self {
        let rows = ranges(shape.rows, size[0], strides[0], same);
        Self { shape, rows, columns: ranges(shape.columns, size[1], strides[1], same) }
    }

    pub(super) fn pooled(&self, pooling: Pooling, values: &[f64]) -> Vec<f64> {
        let pool = |places: &[usize]| match pooling {
            Pooling::Average => places.iter().map(|at| values[*at]).sum::<f64>() / places.len() as f64,
            Pooling::Greatest => values[first_greatest(places, values)],
        };
        self.each().map(|places| pool(&places)).collect()
    }

    /// Of equal greatest values the first in reading order has all of it.
    pub(super) fn gradient(&self, pooling: Pooling, values: &[f64], gradient: &[f64]) -> Vec<f64> {
        let mut sums = vec![0.0; values.len()];
        for (places, gradient) in self.each().zip(gradient) {
            match pooling {
                Pooling::Average => places.iter().for_each(|at| sums[*at] += gradient / places.len() as f64),
                Pooling::Greatest => sums[first_greatest(&places, values)] += gradient,
            }
        }
        sums
    }

    /// The places of each window and channel, in the order of what the pooling gives.
    fn each(&self) -> impl Iterator<Item = Vec<usize>> {
        let Shape { columns: width, channels, .. } = self.shape;
        let places = move |rows: &Range<usize>, columns: &Range<usize>, channel: usize| {
            let (rows, columns) = (rows.clone(), columns.clone());
            let of_row =
                move |row: usize| columns.clone().map(move |column| (row * width + column) * channels + channel);
            rows.flat_map(of_row).collect()
        };
        let windows = self.rows.iter().flat_map(|rows| self.columns.iter().map(move |columns| (rows, columns)));
        windows.flat_map(move |(rows, columns)| (0..channels).map(move |channel| places(rows, columns, channel)))
    }
}

/// Where the windows lie on a side of `n`, without their padding. TensorFlow's `same` pads as much as the last window
/// needs, the smaller half before.
fn ranges(n: usize, size: usize, stride: usize, same: bool) -> Vec<Range<usize>> {
    let n_windows = if same { n.div_ceil(stride) } else { (n - size) / stride + 1 };
    let padding = if same { ((n_windows - 1) * stride + size).saturating_sub(n) } else { 0 };
    let range = |window: usize| {
        let start = window * stride;
        start.saturating_sub(padding / 2)..(start + size).saturating_sub(padding / 2).min(n)
    };
    (0..n_windows).map(range).collect()
}

fn first_greatest(places: &[usize], values: &[f64]) -> usize {
    let mut best = places[0];
    for &at in places {
        if values[at] > values[best] {
            best = at;
        }
    }
    best
}

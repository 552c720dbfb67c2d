//! Another size by a triangle as wide as the scale demands, to the bit as Pillow has it: its bilinear. (Pillow 13 begins with
//! the height where that shrinks much more than the width, and a level may differ then.)
//!
//! `resize` does the same faster, and differs by a level here and there; gradwatch's own models are made on that.

use super::picture::{Picture, Pixels, Rgb8};

/// Pillow's weights are whole numbers of this many bits after the point: 32 less 8 for a level and 2 to spare.
const PRECISION: u32 = 22;

/// The pixels that one pixel is made of.
struct Window {
    first: usize,
    weights: Vec<i32>,
}

impl Picture {
    /// The image at `width` x `height` (at least 1) in RGB: Pillow's `resize` with `BILINEAR` of its levels in 8 bits, as
    /// Keras' `load_img` does it with `interpolation="bilinear"`.
    pub fn antialiased_rgb8(&self, width: u32, height: u32) -> Rgb8 {
        let (width, height) = (width.max(1), height.max(1));
        let from = (self.width as usize, self.height as usize, self.channels as usize);
        let narrow = across(&self.levels8(), from, width as usize);
        let small = down(&narrow, (width as usize, from.1, from.2), height as usize);
        self.with_pixels(width, height, Pixels::U8(small)).to_rgb8()
    }
}

/// Of an image of width, height and channels, another width.
fn across(levels: &[u8], (width, _, n_channels): (usize, usize, usize), to: usize) -> Vec<u8> {
    if width == to {
        return levels.to_vec();
    }
    let windows = windows(width, to);
    let row = |row: &[u8]| {
        let mut made = Vec::with_capacity(to * n_channels);
        for Window { first, weights } in &windows {
            for channel in 0..n_channels {
                let level = |at: usize| row[(first + at) * n_channels + channel];
                made.push(weighed(weights.iter().enumerate().map(|(at, weight)| (*weight, level(at)))));
            }
        }
        made
    };
    levels.chunks_exact(width * n_channels).flat_map(row).collect()
}

/// Of an image of width, height and channels, another height.
fn down(levels: &[u8], (width, height, n_channels): (usize, usize, usize), to: usize) -> Vec<u8> {
    if height == to {
        return levels.to_vec();
    }
    let stride = width * n_channels;
    let row = |Window { first, weights }: Window| {
        let level = move |row: usize, at: usize| levels[(first + row) * stride + at];
        let sample =
            move |at: usize| weighed(weights.iter().enumerate().map(|(row, weight)| (*weight, level(row, at))));
        (0..stride).map(sample).collect::<Vec<u8>>()
    };
    windows(height, to).into_iter().flat_map(row).collect()
}

/// The sum, rounded to a level.
fn weighed(terms: impl Iterator<Item = (i32, u8)>) -> u8 {
    let sum = terms.fold(1_i32 << (PRECISION - 1), |sum, (weight, level)| sum + weight * i32::from(level));
    (sum >> PRECISION).clamp(0, 255) as u8
}

/// For each of `to` pixels, those of `from` under a triangle of height 1 around its centre.
fn windows(from: usize, to: usize) -> Vec<Window> {
    let scale = from as f64 / to as f64;
    let reach = scale.max(1.0);
    let window = |at: usize| {
        let centre = (at as f64 + 0.5) * scale;
        // Towards zero, as a cast does it in C.
        let first = (centre - reach + 0.5).max(0.0) as usize;
        let last = ((centre + reach + 0.5) as usize).min(from);
        let weight = |at: usize| {
            // As Pillow multiplies, so that the last bits are its own.
            let distance = (at as f64 - centre + 0.5) * (1.0 / reach);
            (1.0 - distance.abs()).max(0.0)
        };
        let weights: Vec<f64> = (first..last).map(weight).collect();
        let sum: f64 = weights.iter().sum();
        let whole = |weight: f64| (0.5 + weight / sum * f64::from(1_u32 << PRECISION)) as i32;
        Window { first, weights: weights.into_iter().map(whole).collect() }
    };
    (0..to).map(window).collect()
}

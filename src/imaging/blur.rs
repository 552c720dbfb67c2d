//! Gaussian blur.
//!
//! The same as `scipy.ndimage.gaussian_filter` with its defaults: the kernel ends at four deviations, and the image is
//! mirrored at its border (`c b a|a b c d|d c b`).

use super::picture::{Picture, Pixels};

impl Picture {
    /// The image blurred with a Gaussian of deviation `sigma` pixels (0 or below: as it is), each level rounded once.
    #[must_use]
    pub fn blurred(&self, sigma: f64) -> Self {
        let weights = kernel(sigma);
        if weights.len() < 2 {
            return self.clone();
        }
        let pixels = match &self.pixels {
            Pixels::U8(data) => Pixels::U8(self.convolved(data, &weights).into_iter().map(|v| v as u8).collect()),
            Pixels::U16(data) => Pixels::U16(self.convolved(data, &weights).into_iter().map(|v| v as u16).collect()),
        };
        self.with_pixels(self.width, self.height, pixels)
    }

    /// Across, then down. Half a level is added, so that cutting off rounds.
    fn convolved<T: Copy + Into<f32>>(&self, data: &[T], weights: &[f32]) -> Vec<f32> {
        let (width, height, channels) = (self.width as usize, self.height as usize, self.channels as usize);
        let (radius, stride) = (weights.len() / 2, width * channels);
        let columns: Vec<usize> = mirrored(width, radius).collect();
        let mut across = vec![0.0; data.len()];
        for (row, sums) in data.chunks_exact(stride).zip(across.chunks_exact_mut(stride)) {
            let line = columns.iter().flat_map(|&x| &row[x * channels..][..channels]);
            let line: Vec<f32> = line.map(|&v| v.into()).collect();
            for (k, &weight) in weights.iter().enumerate() {
                add(sums, &line[k * channels..], weight);
            }
        }
        let rows: Vec<usize> = mirrored(height, radius).collect();
        let mut down = vec![0.5; data.len()];
        for (y, sums) in down.chunks_exact_mut(stride).enumerate() {
            for (&row, &weight) in rows[y..].iter().zip(weights) {
                add(sums, &across[row * stride..], weight);
            }
        }
        down
    }
}

/// The weights from `-radius` to `radius`; they add up to 1.
fn kernel(sigma: f64) -> Vec<f32> {
    const DEVIATIONS: f64 = 4.0;
    let radius = if sigma > 0.0 { (DEVIATIONS * sigma).round() as i32 } else { 0 };
    let weight = |i: i32| libm::exp(-0.5 * f64::from(i * i) / (sigma * sigma));
    let weights: Vec<f64> = if radius == 0 { vec![1.0] } else { (-radius..=radius).map(weight).collect() };
    let sum: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| (weight / sum) as f32).collect()
}

/// The indices of `n` places with `radius` more on each side.
fn mirrored(n: usize, radius: usize) -> impl Iterator<Item = usize> {
    // A whole number of periods ahead, so that nothing is below zero.
    let ahead = radius.div_ceil(2 * n) * 2 * n;
    (ahead - radius..ahead + n + radius).map(move |i| (i % (2 * n)).min(2 * n - 1 - i % (2 * n)))
}

fn add(sums: &mut [f32], values: &[f32], weight: f32) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += weight * value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_becomes_a_gaussian_and_an_even_picture_stays() {
        let mut data = vec![0; 21 * 21];
        data[10 * 21 + 10] = 60_000;
        let Pixels::U16(blurred) = Picture::new(21, 21, 1, Pixels::U16(data)).unwrap().blurred(1.5).pixels else {
            panic!("16 bits stay 16")
        };
        for (x, y) in [(10, 10), (12, 10), (10, 7), (13, 14)] {
            let (dx, dy) = (f64::from(x) - 10.0, f64::from(y) - 10.0);
            let expected = 60_000.0 * (-(dx * dx + dy * dy) / 4.5).exp() / (std::f64::consts::PI * 4.5);
            let found = f64::from(blurred[y as usize * 21 + x as usize]);
            assert!((found - expected).abs() < 0.01 * 4244.0, "{x} {y}: {found}, not {expected}");
        }
        for (width, height, sigma) in [(7, 5, 0.8), (3, 1, 9.0), (1, 1, 2.0)] {
            let even = Picture::new(width, height, 3, Pixels::U8(vec![201; (width * height * 3) as usize])).unwrap();
            assert_eq!(even.blurred(sigma), even);
        }
    }

    #[test]
    fn channels_do_not_mix_and_no_deviation_changes_nothing() {
        let data: Vec<u8> = (0..9 * 9).flat_map(|i| [if i == 40 { 255 } else { 0 }, 100, 7]).collect();
        let picture = Picture::new(9, 9, 3, Pixels::U8(data)).unwrap();
        assert_eq!((picture.blurred(0.0), picture.blurred(-1.0)), (picture.clone(), picture.clone()));
        let blurred = picture.blurred(1.0).to_rgb8().data;
        assert!(blurred.chunks_exact(3).all(|pixel| pixel[1..] == [100, 7]));
    }
}

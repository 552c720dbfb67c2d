//! Gaussian noise from random words that the caller draws.

use std::sync::LazyLock;

use super::picture::{Picture, Pixels};

const N_QUANTILES: usize = 4096;

/// The standard normal distribution in 4096 equally likely values, scaled to a variance of exactly 1: one lookup a
/// pixel instead of two logarithms, and the tails end at 3.7 deviations.
static NORMAL: LazyLock<Vec<f32>> = LazyLock::new(|| {
    let values: Vec<f64> = (0..N_QUANTILES).map(|i| quantile((i as f64 + 0.5) / N_QUANTILES as f64)).collect();
    let variance = values.iter().map(|v| v * v).sum::<f64>() / N_QUANTILES as f64;
    values.iter().map(|v| (v / variance.sqrt()) as f32).collect()
});

/// Adds noise of standard deviation `sigma`, a fraction of the full range, to every pixel; the same to all its
/// channels, so that grey stays grey. Takes one word for two pixels; an image whose words run out keeps the rest.
pub fn add_noise(picture: &mut Picture, sigma: f64, words: impl Iterator<Item = u32>) {
    let channels = picture.channels as usize;
    let mut normals = words.flat_map(|word| [word >> 20, (word >> 4) & 0xFFF]).map(|index| NORMAL[index as usize]);
    match &mut picture.pixels {
        Pixels::U8(data) => {
            let scale = (sigma * 255.0) as f32;
            for (pixel, normal) in data.chunks_exact_mut(channels).zip(&mut normals) {
                for v in pixel {
                    *v = (f32::from(*v) + normal * scale).round() as u8;
                }
            }
        }
        Pixels::U16(data) => {
            let scale = (sigma * 65_535.0) as f32;
            for (pixel, normal) in data.chunks_exact_mut(channels).zip(&mut normals) {
                for v in pixel {
                    *v = (f32::from(*v) + normal * scale).round() as u16;
                }
            }
        }
    }
}

/// The value below which a standard normal falls with probability `p`: Newton's method on the error function.
fn quantile(p: f64) -> f64 {
    use std::f64::consts::{FRAC_1_SQRT_2, PI};
    let mut x = 0.0;
    for _ in 0..64 {
        let excess = 0.5 * libm::erfc(-x * FRAC_1_SQRT_2) - p;
        let density = libm::exp(-x * x / 2.0) / (2.0 * PI).sqrt();
        x -= (excess / density).clamp(-0.5, 0.5);
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_the_normal_distribution() {
        for (p, expected) in [(0.5, 0.0), (0.841_344_746, 1.0), (0.022_750_132, -2.0), (0.998_650_102, 3.0)] {
            assert!((quantile(p) - expected).abs() < 1e-6, "{p}");
        }
        let mean = NORMAL.iter().sum::<f32>() / N_QUANTILES as f32;
        assert!(mean.abs() < 1e-4, "{mean}");
    }

    #[test]
    fn noise_has_the_asked_deviation_and_keeps_grey_grey() {
        let mut picture = Picture::new(64, 64, 3, Pixels::U16(vec![30_000; 64 * 64 * 3])).unwrap();
        add_noise(&mut picture, 0.01, (0_u32..).map(|i| i.wrapping_mul(2_654_435_769)));
        let Pixels::U16(data) = picture.pixels() else { panic!("16 bits stay 16") };
        assert!(data.chunks_exact(3).all(|pixel| pixel[0] == pixel[1] && pixel[1] == pixel[2]));
        let n = data.len() as f64;
        let deviation = (data.iter().map(|&v| (f64::from(v) - 30_000.0).powi(2)).sum::<f64>() / n).sqrt();
        assert!((deviation - 655.35).abs() < 20.0, "{deviation}");
    }
}

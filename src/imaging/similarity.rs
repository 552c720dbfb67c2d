//! Whether two files show the same image, saved again in another size, format or quality.

use super::picture::{Picture, Pixels};

/// Pixels a side at which images are compared.
const SIDE: u32 = 64;
/// The least correlation of their grey levels there.
const SAME: f64 = 0.99;

/// The grey levels of an image at 64x64, which are enough to recognise it by.
#[derive(Debug, Clone, PartialEq)]
pub struct GreyThumbnail(Vec<f64>);

impl GreyThumbnail {
    /// Whether both are of one image: their levels correlate by at least 0.99. An image of one level is like none.
    pub fn is_same_image(&self, other: &Self) -> bool {
        correlation(&self.0, &other.0) >= SAME
    }
}

impl Picture {
    /// The mean of the channels at 64x64.
    pub fn grey_thumbnail(&self) -> GreyThumbnail {
        let small = self.resized(SIDE, SIDE);
        let channels = small.channels as usize;
        let mean = |levels: &mut dyn Iterator<Item = f64>| levels.sum::<f64>() / channels as f64;
        GreyThumbnail(match &small.pixels {
            Pixels::U8(data) => {
                data.chunks_exact(channels).map(|p| mean(&mut p.iter().map(|v| f64::from(*v)))).collect()
            }
            Pixels::U16(data) => {
                data.chunks_exact(channels).map(|p| mean(&mut p.iter().map(|v| f64::from(*v)))).collect()
            }
        })
    }
}

/// Pearson's, of equally many values; 0 where one does not vary.
fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut both, mut square_a, mut square_b) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        let (a, b) = (a - mean_a, b - mean_b);
        both += a * b;
        square_a += a * a;
        square_b += b * b;
    }
    let norm = (square_a * square_b).sqrt();
    if norm > 0.0 { both / norm } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imaging::{DecodeOptions, Phantom, PhantomClass, decode, encode_jpeg};

    fn phantom(seed: u64) -> Picture {
        Phantom { class: PhantomClass::Patchy, seed }.image().picture
    }

    #[test]
    fn another_size_quality_depth_and_colour_are_the_same_image_and_another_image_is_not() {
        let (image, other) = (phantom(1), phantom(2));
        let limits =
            DecodeOptions { max_side: 5000, max_pixels: 25_000_000, background: 0, least_side: None, frame: 1 };
        let again = decode(&encode_jpeg(&image, 60).unwrap(), &limits).unwrap();
        let colour = Picture::from(image.to_rgb8());
        for same in [image.resized(150, 180), again, colour] {
            let [image, other, same] = [&image, &other, &same].map(Picture::grey_thumbnail);
            assert!(image.is_same_image(&same) && same.is_same_image(&image));
            assert!(!other.is_same_image(&same));
        }
    }

    #[test]
    fn an_image_of_one_level_is_like_none() {
        let flat = Picture::new(80, 80, 1, Pixels::U8(vec![90; 6400])).unwrap();
        let [flat, other] = [flat, phantom(1)].map(|image| image.grey_thumbnail());
        assert!(!flat.is_same_image(&flat) && !flat.is_same_image(&other));
    }

    #[test]
    fn correlation_is_pearsons() {
        assert!((correlation(&[1.0, 2.0, 3.0, 5.0], &[2.0, 1.0, 4.0, 4.0]) - 0.748_19).abs() < 1e-5);
        assert!((correlation(&[1.0, 2.0, 3.0], &[30.0, 20.0, 10.0]) + 1.0).abs() < 1e-12);
    }
}

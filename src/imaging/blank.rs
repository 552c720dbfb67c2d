//! Whether an image shows anything at all.

use super::picture::{Picture, Pixels};

/// Pixels that do not count at either end, as a divisor: 1 % of them, so that a burned-in mark does not make content.
const OUTLIERS: u64 = 100;
/// Levels of 256 that the others must cover for content to be seen. What a sensor's noise or a JPEG makes of one level covers
/// fewer, as does an image of 12 bits whose depth one bright pixel hides (17); a radiograph with a tenth of its contrast covers
/// more.
const FEWEST_LEVELS: usize = 18;

impl Picture {
    /// Whether it is black, white, or of one level, or nearly so: in each channel, the levels between the 1st and the 99th
    /// percentile cover fewer than 18 of 256.
    pub(super) fn is_blank(&self) -> bool {
        let channels = self.channels as usize;
        (0..channels).all(|channel| {
            let histogram = match &self.pixels {
                Pixels::U8(data) => histogram(data.iter().skip(channel).step_by(channels).copied()),
                Pixels::U16(data) => {
                    histogram(data.iter().skip(channel).step_by(channels).map(|level| (level >> 8) as u8))
                }
            };
            covered(&histogram) < FEWEST_LEVELS
        })
    }
}

fn histogram(levels: impl Iterator<Item = u8>) -> [u64; 256] {
    let mut counts = [0; 256];
    levels.for_each(|level| counts[usize::from(level)] += 1);
    counts
}

/// From the lowest to the highest level once the outliers at both ends are left out, both included.
fn covered(histogram: &[u64; 256]) -> usize {
    let n_left_out = histogram.iter().sum::<u64>() / OUTLIERS;
    let beyond = |counts: &mut dyn Iterator<Item = &u64>| {
        let mut sum = 0;
        counts
            .take_while(|count| {
                sum += **count;
                sum <= n_left_out
            })
            .count()
    };
    256 - beyond(&mut histogram.iter()) - beyond(&mut histogram.iter().rev())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imaging::{DecodeOptions, Phantom, PhantomClass, Tone, add_noise, decode, encode_jpeg};

    fn grey(level: impl Fn(usize) -> u8) -> Picture {
        Picture::new(100, 80, 1, Pixels::U8((0..8000).map(level).collect())).unwrap()
    }

    #[test]
    fn black_white_and_one_level_are_blank_also_with_a_mark_noise_or_jpeg() {
        for level in [0, 1, 90, 250, 255] {
            let plain = grey(|_| level);
            assert!(plain.is_blank(), "{level}");
            let marked = grey(|i| if i % 100 < 10 && i < 700 { 255 - level } else { level });
            assert!(marked.is_blank(), "{level} with a mark on 70 of 8000 pixels");
            let deep = Picture::new(100, 80, 1, Pixels::U16(vec![u16::from(level) * 257; 8000])).unwrap();
            assert!(deep.is_blank() && deep.facts().blank, "{level} in 16 bits");
            assert!(Picture::from(plain.to_rgb8()).is_blank(), "{level} in colour");
            let mut noisy = plain;
            add_noise(
                &mut noisy,
                2.0 / 255.0,
                std::iter::successors(Some(1_u32), |v| Some(v.wrapping_mul(747_796_405).wrapping_add(1))),
            );
            assert!(noisy.is_blank(), "{level} with noise");
            let options = DecodeOptions { max_side: 100, max_pixels: 8000, background: 0, least_side: None, frame: 1 };
            assert!(decode(&encode_jpeg(&noisy, 60).unwrap(), &options).unwrap().is_blank(), "{level} as JPEG");
        }
        assert!(grey(|i| 100 + (i % 17) as u8).is_blank() && !grey(|i| 100 + (i % 18) as u8).is_blank());
    }

    #[test]
    fn an_image_of_little_contrast_or_in_one_corner_is_not_blank() {
        for seed in 0..4 {
            let phantom = Phantom { class: PhantomClass::Patchy, seed }.image().picture;
            for contrast in [1.0, 0.5, 0.2, 0.1] {
                let flat = phantom.clone().toned(Tone { contrast, ..Tone::IDENTITY });
                assert!(!flat.is_blank(), "phantom {seed} with {contrast} of its contrast");
            }
        }
        assert!(!grey(|i| if i % 100 < 20 && i < 1000 { (i % 20 * 12) as u8 } else { 0 }).is_blank());
        let red = (0..24_000).map(|i| if i % 3 == 0 { (i / 3 % 200) as u8 } else { 128 }).collect();
        assert!(!Picture::new(100, 80, 3, Pixels::U8(red)).unwrap().is_blank(), "one channel is enough");
    }
}

//! What an image looks like, for finding it again in another size, format or quality.

use super::picture::{Picture, Pixels};
use crate::domain::PerceptualHash;

/// Columns of the grid, one more than bits a row.
const COLUMNS: usize = 17;
const ROWS: usize = 16;

impl Picture {
    /// The image's difference hash (Krawetz 2013) on a grid of 16 by 16. `None` of an image without structure, such as
    /// a blank one: its neighbours are mostly equal, and it looks like any other of its kind.
    pub fn perceptual_hash(&self) -> Option<PerceptualHash> {
        let small = self.resized(COLUMNS as u32, ROWS as u32);
        let light = small.light();
        let neighbours = || light.chunks_exact(COLUMNS).flat_map(|row| row.windows(2));
        let n_equal = neighbours().filter(|pair| pair[0] == pair[1]).count();
        let mut bits = [false; PerceptualHash::N_BITS];
        bits.iter_mut().zip(neighbours()).for_each(|(bit, pair)| *bit = pair[1] > pair[0]);
        (n_equal <= PerceptualHash::N_BITS / 2).then(|| PerceptualHash::new(&bits))
    }

    /// The sum of each pixel's channels.
    fn light(&self) -> Vec<u32> {
        let channels = self.channels as usize;
        match &self.pixels {
            Pixels::U8(samples) => {
                samples.chunks_exact(channels).map(|pixel| pixel.iter().map(|v| u32::from(*v)).sum()).collect()
            }
            Pixels::U16(samples) => {
                samples.chunks_exact(channels).map(|pixel| pixel.iter().map(|v| u32::from(*v)).sum()).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::imaging::{Phantom, PhantomClass, Picture, Pixels};

    fn phantom(seed: u64) -> Picture {
        Phantom { class: PhantomClass::Patchy, seed }.image().picture
    }

    #[test]
    fn another_size_and_depth_looks_the_same_and_another_image_does_not() {
        let picture = phantom(1);
        let perceptual_hash = picture.perceptual_hash().unwrap();
        let smaller = picture.resized(150, 180);
        assert!(perceptual_hash.distance(&smaller.perceptual_hash().unwrap()) <= 8);
        let distances: Vec<u32> =
            (2..8).map(|seed| perceptual_hash.distance(&phantom(seed).perceptual_hash().unwrap())).collect();
        assert!(distances.iter().all(|distance| *distance > 14), "{distances:?}");
    }

    #[test]
    fn a_blank_picture_looks_like_nothing() {
        assert_eq!(Picture::new(50, 50, 1, Pixels::U8(vec![90; 2500])).unwrap().perceptual_hash(), None);
    }
}

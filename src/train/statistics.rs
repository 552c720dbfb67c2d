//! Mean and deviation of a dataset's pixels: what Keras' `ImageDataGenerator.fit` finds for `featurewise_center` and
//! `featurewise_std_normalization`.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::content::{FileFailure, Reader};
use crate::domain::{Phase, Progress, StopFlag, Stopped};
use crate::nn::NetworkImage;

/// Of each channel (red, green, blue), in levels from 0 to 255, over all pixels of all images as the network gets them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PixelStatistics {
    /// Images that were counted.
    pub n_images: usize,
    /// Their mean.
    pub mean: [f64; 3],
    /// Their standard deviation, not corrected for the sample.
    pub deviation: [f64; 3],
}

/// Sums in whole numbers, which are the same for any order.
#[derive(Debug, Clone, Copy, Default)]
struct PixelSums {
    n_images: usize,
    n_pixels: u64,
    levels: [u64; 3],
    squares: [u64; 3],
}

/// Counts the pixels of the images in `paths`; those that cannot be read are left out.
///
/// # Errors
/// [`Stopped`].
pub fn channel_statistics(
    paths: &[PathBuf],
    reader: &Reader,
    stop: &StopFlag,
    progress: &dyn Progress,
) -> Result<(PixelStatistics, Vec<FileFailure>), Stopped> {
    progress.begin(Phase::Statistics, paths.len() as u64);
    let count = |path: &PathBuf| {
        stop.check()?;
        let counted = sums(path, reader);
        progress.advance(1);
        Ok(counted)
    };
    let counted: Result<Vec<_>, Stopped> = paths.par_iter().map(count).collect();
    progress.end();
    let (mut all, mut failed) = (PixelSums::default(), Vec::new());
    for counted in counted? {
        match counted {
            Ok(sums) => all = all.and(sums),
            Err(failure) => failed.push(failure),
        }
    }
    Ok((all.statistics(), failed))
}

fn sums(path: &Path, reader: &Reader) -> Result<PixelSums, FileFailure> {
    let (_, picture) = reader.picture(path, None)?;
    let input = NetworkImage::usual(&picture).into_rgb8();
    let (pixels, _) = input.data.as_chunks::<3>();
    let mut sums = PixelSums { n_images: 1, n_pixels: pixels.len() as u64, ..PixelSums::default() };
    for pixel in pixels {
        for (channel, level) in pixel.iter().enumerate() {
            sums.levels[channel] += u64::from(*level);
            sums.squares[channel] += u64::from(*level).pow(2);
        }
    }
    Ok(sums)
}

impl PixelSums {
    fn and(self, other: Self) -> Self {
        let add = |a: [u64; 3], b: [u64; 3]| std::array::from_fn(|channel| a[channel] + b[channel]);
        Self {
            n_images: self.n_images + other.n_images,
            n_pixels: self.n_pixels + other.n_pixels,
            levels: add(self.levels, other.levels),
            squares: add(self.squares, other.squares),
        }
    }

    fn statistics(self) -> PixelStatistics {
        let n = self.n_pixels.max(1) as f64;
        let mean = self.levels.map(|sum| sum as f64 / n);
        let variance = |channel: usize| self.squares[channel] as f64 / n - mean[channel].powi(2);
        let deviation = std::array::from_fn(|channel| variance(channel).max(0.0).sqrt());
        PixelStatistics { n_images: self.n_images, mean, deviation }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::LimitSettings;
    use crate::domain::Silent;
    use crate::imaging::{Picture, Pixels, encode_png};

    #[test]
    fn every_pixel_counts_once_and_a_bad_file_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let plain = |name: &str, pixel: [u8; 3]| {
            let picture = Picture::new(4, 4, 3, Pixels::U8(pixel.repeat(16))).unwrap();
            let path = dir.path().join(name);
            std::fs::write(&path, encode_png(&picture).unwrap()).unwrap();
            path
        };
        let paths = vec![plain("a.png", [0, 10, 20]), plain("b.png", [200, 10, 40]), dir.path().join("absent.png")];
        let reader =
            Reader::new(&LimitSettings { max_file_mib: 1, max_side: 100, max_megapixels: 1, memory_mib: 64 }, 0);
        let (found, failed) = channel_statistics(&paths, &reader, &StopFlag::default(), &Silent).unwrap();
        assert_eq!((found.n_images, failed.len()), (2, 1));
        for (value, expected) in found.mean.iter().chain(&found.deviation).zip([100.0, 10.0, 30.0, 100.0, 0.0, 10.0]) {
            assert!((value - expected).abs() < 1e-9, "{found:?}");
        }
    }
}

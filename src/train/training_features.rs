//! The channel means of the images that were learned from, and the distance beyond which an image is unlike them.

use rayon::prelude::*;

use super::TrainError;
use super::features::Features;
use super::gather::Gathered;
use crate::domain::vgg16::{N_CHANNELS, N_FEATURES};
use crate::domain::{ContentHash, FeaturesRecord, Split};
use crate::head::{TrainingFeatures, channel_means};

/// Those with the lowest hashes stand for more images: 20 MB in memory and on the disk.
const MOST_IMAGES: usize = 10_000;

/// The file and its record; `None` where a side has no image. The limit is set by the validation images, none of which was
/// learned from.
pub(super) fn of(
    gathered: &Gathered<'_>,
    features: &Features<'_>,
) -> Result<Option<(FeaturesRecord, Vec<u8>)>, TrainError> {
    let rows = |split| rows(&hashes(gathered, split), features);
    Ok(TrainingFeatures::to_bytes(&rows(Split::Train)?, &rows(Split::Validation)?)?)
}

/// Of originals: copies are of the same images.
fn hashes(gathered: &Gathered<'_>, split: Split) -> Vec<ContentHash> {
    let images = gathered.originals.iter().filter(|image| image.split == Some(split));
    let mut hashes: Vec<_> = images.map(|image| image.hash).collect();
    hashes.sort_unstable();
    hashes.truncate(MOST_IMAGES);
    hashes
}

fn rows(hashes: &[ContentHash], features: &Features<'_>) -> Result<Vec<Vec<f32>>, TrainError> {
    let means = |hash: &ContentHash| {
        let mut pool5 = vec![0.0; N_FEATURES];
        features.cache.read(hash, &mut pool5)?;
        Ok(channel_means(&pool5, N_CHANNELS))
    };
    hashes.par_iter().map(means).collect()
}

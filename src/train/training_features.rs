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
/// As many distances are enough for a limit, and each asks all of those.
const MOST_MEASURED: usize = 1_000;

/// The file and its record; `None` where nothing was learned, or too few images were measured. The limit is set by the validation images, none of which was
/// learned from.
pub(super) fn of(
    gathered: &Gathered<'_>,
    features: &Features<'_>,
) -> Result<Option<(FeaturesRecord, Vec<u8>)>, TrainError> {
    let rows = |split, most| rows(&hashes(gathered, split, most), features);
    let (learned, measured) = (rows(Split::Train, MOST_IMAGES)?, rows(Split::Validation, MOST_MEASURED)?);
    Ok(TrainingFeatures::to_bytes(&learned, &measured)?)
}

/// Of originals: copies are of the same images.
fn hashes(gathered: &Gathered<'_>, split: Split, most: usize) -> Vec<ContentHash> {
    let images = gathered.originals.iter().filter(|image| image.split == Some(split));
    let mut hashes: Vec<_> = images.map(|image| image.hash).collect();
    hashes.sort_unstable();
    hashes.truncate(most);
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

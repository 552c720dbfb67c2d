//! The channel means of the images that were learned from, and the distance beyond which an image is unlike them.

use rayon::prelude::*;

use super::TrainError;
use super::features::Features;
use super::gather::Gathered;
use crate::domain::vgg16::{N_CHANNELS, N_FEATURES};
use crate::domain::{FeaturesRecord, LabelledImage, Split};
use crate::head::{LearnedImage, TrainingFeatures, channel_means};

/// Those with the lowest hashes stand for more images: 20 MB in memory and on the disk.
const MOST_IMAGES: usize = 10_000;
/// As many distances are enough for a limit, and each asks all of those.
const MOST_MEASURED: usize = 1_000;

/// The file and its record; `None` where nothing was learned. The limit is set by the validation images, none of which was
/// learned from.
pub(super) fn of(
    gathered: &Gathered<'_>,
    features: &Features<'_>,
) -> Result<Option<(FeaturesRecord, Vec<u8>)>, TrainError> {
    let learned = images(gathered, Split::Train, MOST_IMAGES);
    let measured = images(gathered, Split::Validation, MOST_MEASURED);
    Ok(TrainingFeatures::to_bytes(&learned, &rows(&learned, features)?, &rows(&measured, features)?)?)
}

/// Of originals: copies are of the same images.
fn images(gathered: &Gathered<'_>, split: Split, most: usize) -> Vec<LearnedImage> {
    let class = |image: &LabelledImage| gathered.training_set.classes.iter().position(|class| *class == image.class);
    let images = gathered.originals.iter().filter(|image| image.split == Some(split));
    let mut images: Vec<_> =
        images.filter_map(|image| Some(LearnedImage { hash: image.hash, class: class(image)? })).collect();
    images.sort_unstable_by_key(|image| image.hash);
    images.truncate(most);
    images
}

fn rows(images: &[LearnedImage], features: &Features<'_>) -> Result<Vec<Vec<f32>>, TrainError> {
    let means = |LearnedImage { hash, .. }: &LearnedImage| {
        let mut pool5 = vec![0.0; N_FEATURES];
        features.cache.read(hash, &mut pool5)?;
        Ok(channel_means(&pool5, N_CHANNELS))
    };
    images.par_iter().map(means).collect()
}

//! What a model's training images look like to its network, how far another image is from them, and which are nearest.
//!
//! Of an image there is the mean of each channel of pool5. As a file: safetensors with `channel_means`, one row an image,
//! `hashes`, the SHA-256 of its file, and `classes`, the index of its label; for a map of them, the two principal axes of the
//! standardised means (`axes`), and of each image its place along them (`positions`).

use std::path::Path;

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use super::error::HeadError;
use super::saved::recorded_bytes;
use crate::domain::{ContentHash, FeaturesRecord};
use crate::stats::{KnownRows, farthest_alike};
use crate::weights::{WeightsError, le_bytes, tensor_of, view};

const CHANNEL_MEANS: &str = "channel_means";
const HASHES: &str = "hashes";
const CLASSES: &str = "classes";
const AXES: &str = "axes";
const POSITIONS: &str = "positions";
/// Bytes of a SHA-256.
const HASH_BYTES: usize = 32;
/// In the run folder.
pub const TRAINING_FEATURES: &str = "training_features.safetensors";

/// The training images of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingFeatures {
    known: KnownRows,
    /// One for each row.
    images: Vec<LearnedImage>,
    map: TrainingMap,
}

/// Where training images lie in two dimensions.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingMap {
    axes: [Vec<f32>; 2],
    /// Along the two axes, in standard deviations, of each image.
    pub positions: Vec<[f32; 2]>,
    /// Of each image, by its place among the model's classes.
    pub classes: Vec<usize>,
}

/// An image that a model learned from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LearnedImage {
    /// SHA-256 of its file.
    pub hash: ContentHash,
    /// Index of its label in the model's classes.
    pub class: usize,
}

/// The mean of each of `n_channels` channels of `pool5` (channel first).
pub fn channel_means(pool5: &[f32], n_channels: usize) -> Vec<f32> {
    let channels = pool5.chunks_exact((pool5.len() / n_channels).max(1));
    channels.map(|cells| (cells.iter().copied().map(f64::from).sum::<f64>() / cells.len() as f64) as f32).collect()
}

impl TrainingFeatures {
    /// The file of the channel means of the training images, one row for each of `images`, and its record. `belonging`: those of
    /// images of the same kind that were not learned from, by which the limit is set, if there are enough of them. `None` without
    /// images.
    ///
    /// # Errors
    /// [`WeightsError::Unwritable`], a bug.
    pub fn to_bytes(
        images: &[LearnedImage],
        rows: &[Vec<f32>],
        belonging: &[Vec<f32>],
    ) -> Result<Option<(FeaturesRecord, Vec<u8>)>, HeadError> {
        let Some(n_channels) = rows.first().map(Vec::len) else { return Ok(None) };
        let all = rows.concat();
        let known = KnownRows::new(n_channels, &all);
        let distances: Vec<f64> = belonging.iter().filter_map(|row| known.distance(row)).collect();
        let axes = known.principal_axes();
        let positions: Vec<f32> = rows.iter().flat_map(|row| known.position(row, &axes)).collect();
        let [means, axes, positions] = [all, axes.concat(), positions].map(|values| le_bytes(&values));
        let hashes: Vec<u8> = images.iter().flat_map(|image| *image.hash.as_bytes()).collect();
        let classes: Vec<u8> = images.iter().flat_map(|image| (image.class as u32).to_le_bytes()).collect();
        let unwritable = |error: safetensors::SafeTensorError| WeightsError::Unwritable { cause: error.to_string() };
        let tensor = |dtype, shape, bytes| TensorView::new(dtype, shape, bytes).map_err(unwritable);
        let tensors = [
            (CHANNEL_MEANS, view(vec![rows.len(), n_channels], &means)?),
            (AXES, view(vec![2, n_channels], &axes)?),
            (POSITIONS, view(vec![rows.len(), 2], &positions)?),
            (HASHES, tensor(Dtype::U8, vec![images.len(), HASH_BYTES], &hashes)?),
            (CLASSES, tensor(Dtype::U32, vec![images.len()], &classes)?),
        ];
        let bytes = safetensors::serialize(tensors, None).map_err(unwritable)?;
        let (file, sha256) = (TRAINING_FEATURES.to_owned(), ContentHash::of(&bytes));
        Ok(Some((FeaturesRecord { file, sha256, limit: farthest_alike(&distances) }, bytes)))
    }

    /// Reads what [`Self::to_bytes`] gave, and holds it against the run's record.
    ///
    /// # Errors
    /// [`HeadError::Unreadable`], [`HeadError::Foreign`], [`HeadError::NoFeatures`].
    pub fn load(run_dir: &Path, record: &FeaturesRecord) -> Result<Self, HeadError> {
        let path = run_dir.join(&record.file);
        let bytes = recorded_bytes(path, record.sha256)?;
        let file =
            SafeTensors::deserialize(&bytes).map_err(|error| HeadError::NoFeatures { reason: error.to_string() })?;
        let parts = Self::parts(&file);
        parts.ok_or_else(|| HeadError::NoFeatures { reason: "a part of it is missing or has another size".to_owned() })
    }

    fn parts(file: &SafeTensors<'_>) -> Option<Self> {
        let rows = tensor_of(file, CHANNEL_MEANS)?;
        let width = file.tensor(CHANNEL_MEANS).ok()?.shape().get(1).copied().filter(|width| *width > 0)?;
        let images = learned_images(file)?;
        let axes: Vec<_> = tensor_of(file, AXES)?.chunks_exact(width).map(<[f32]>::to_vec).collect();
        let positions = tensor_of(file, POSITIONS)?.as_chunks().0.to_vec();
        let is_whole = [images.len(), positions.len()] == [rows.len() / width; 2];
        let classes = images.iter().map(|image| image.class).collect();
        let map = TrainingMap { axes: axes.try_into().ok()?, positions, classes };
        is_whole.then(|| Self { known: KnownRows::new(width, &rows), images, map })
    }

    /// Where the training images lie in two dimensions.
    pub fn map(&self) -> &TrainingMap {
        &self.map
    }

    /// Where an image with this `pool5` (of `n_channels` channels) lies among them.
    pub fn position(&self, pool5: &[f32], n_channels: usize) -> [f64; 2] {
        self.known.position(&channel_means(pool5, n_channels), &self.map.axes).map(f64::from)
    }

    /// The images from the nearest to one with this `pool5` (of `n_channels` channels) to the furthest, with their distances, at least 0.
    pub fn by_distance(&self, pool5: &[f32], n_channels: usize) -> Vec<(LearnedImage, f64)> {
        let ranked = self.known.by_distance(&channel_means(pool5, n_channels));
        ranked.into_iter().filter_map(|(at, distance)| Some((*self.images.get(at)?, distance))).collect()
    }
}

fn learned_images(file: &SafeTensors<'_>) -> Option<Vec<LearnedImage>> {
    let (hashes, classes) = (file.tensor(HASHES).ok()?, file.tensor(CLASSES).ok()?);
    let (hashes, _) = hashes.data().as_chunks::<HASH_BYTES>();
    let (classes, _) = classes.data().as_chunks::<4>();
    let image = |(hash, class): (&[u8; HASH_BYTES], &[u8; 4])| LearnedImage {
        hash: ContentHash::from_bytes(*hash),
        class: u32::from_le_bytes(*class) as usize,
    };
    (hashes.len() == classes.len()).then(|| hashes.iter().zip(classes).map(image).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::mean_of_nearest;

    fn images(n: usize) -> Vec<LearnedImage> {
        (0..n).map(|at| LearnedImage { hash: ContentHash::of(&[at as u8]), class: at % 2 }).collect()
    }

    fn saved(folder: &Path, rows: &[Vec<f32>], belonging: &[Vec<f32>]) -> FeaturesRecord {
        let (record, bytes) = TrainingFeatures::to_bytes(&images(rows.len()), rows, belonging).unwrap().unwrap();
        std::fs::write(folder.join(&record.file), bytes).unwrap();
        record
    }

    #[test]
    fn an_image_that_was_learned_from_is_near_and_another_one_is_beyond_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let rows: Vec<_> = (0..12).map(|n| vec![(n % 4) as f32, (n % 3) as f32]).collect();
        let record = saved(folder.path(), &rows, &rows);
        let features = TrainingFeatures::load(folder.path(), &record).unwrap();
        // Two channels of two cells each.
        let ranked = |one: f32, other: f32| features.by_distance(&[one - 1.0, one + 1.0, other, other], 2);
        let limit = record.limit.unwrap();
        let distance = |ranked: &[(LearnedImage, f64)]| mean_of_nearest(ranked.iter().map(|(_, it)| *it)).unwrap();
        assert!(distance(&ranked(1.0, 2.0)) <= limit && distance(&ranked(40.0, 2.0)) > limit);
        let map = features.map();
        assert_eq!((map.positions.len(), map.classes[..2].to_vec()), (12, vec![0, 1]));
        let [x, y] = features.position(&[1.0, 1.0, 1.0, 1.0], 2);
        let is_it = |[a, b]: &[f32; 2]| (f64::from(*a) - x).abs() + (f64::from(*b) - y).abs() < 1e-5;
        assert!(map.positions.iter().any(is_it), "an image that was learned from lies where it did");
        // Row 5 is (1, 2), and no other.
        assert_eq!(ranked(1.0, 2.0)[0], (images(12)[5], 0.0));
    }

    #[test]
    fn without_images_to_compare_with_there_is_no_limit() {
        let (record, _) = TrainingFeatures::to_bytes(&images(1), &[vec![1.0]], &[]).unwrap().unwrap();
        assert_eq!(record.limit, None);
        assert_eq!(TrainingFeatures::to_bytes(&[], &[], &[[1.0]; 5].map(Vec::from)).unwrap(), None);
    }

    #[test]
    fn another_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let belonging = [[2.0]; 5].map(Vec::from);
        let record = saved(folder.path(), &[vec![1.0]], &belonging);
        saved(folder.path(), &[vec![3.0]], &belonging);
        let error = TrainingFeatures::load(folder.path(), &record).unwrap_err().to_string();
        assert!(error.contains("is not the file that its record names"), "{error}");
    }
}

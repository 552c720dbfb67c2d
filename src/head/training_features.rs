//! What a model's training images look like to its network, and how far another image is from them.
//!
//! Of an image there is the mean of each channel of pool5. As a file: safetensors with `channel_means`, one row an image.

use std::path::Path;

use safetensors::SafeTensors;

use super::error::HeadError;
use super::saved::recorded_bytes;
use crate::domain::{ContentHash, FeaturesRecord};
use crate::stats::{KnownRows, farthest_alike};
use crate::weights::{WeightsError, le_bytes, tensor_of, view};

const CHANNEL_MEANS: &str = "channel_means";
/// In the run folder.
pub const TRAINING_FEATURES: &str = "training_features.safetensors";

/// The training images of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingFeatures {
    known: KnownRows,
}

/// The mean of each of `n_channels` channels of `pool5` (channel first).
pub fn channel_means(pool5: &[f32], n_channels: usize) -> Vec<f32> {
    let channels = pool5.chunks_exact((pool5.len() / n_channels).max(1));
    channels.map(|cells| (cells.iter().copied().map(f64::from).sum::<f64>() / cells.len() as f64) as f32).collect()
}

impl TrainingFeatures {
    /// The file of the channel means of the training images, one row each, and its record. `belonging`: those of images of the
    /// same kind that were not learned from, by which the limit is set. `None` without images, or with too few to set a limit by.
    ///
    /// # Errors
    /// [`WeightsError::Unwritable`], a bug.
    pub fn to_bytes(rows: &[Vec<f32>], belonging: &[Vec<f32>]) -> Result<Option<(FeaturesRecord, Vec<u8>)>, HeadError> {
        let n_channels = rows.first().map_or(1, Vec::len);
        let all = rows.concat();
        let known = KnownRows::new(n_channels, &all);
        let distances: Vec<f64> = belonging.iter().filter_map(|row| known.distance(row)).collect();
        let Some(limit) = farthest_alike(&distances) else { return Ok(None) };
        let bytes = le_bytes(&all);
        let rows = [(CHANNEL_MEANS, view(vec![rows.len(), n_channels], &bytes)?)];
        let bytes = safetensors::serialize(rows, None)
            .map_err(|error| WeightsError::Unwritable { cause: error.to_string() })?;
        let record = FeaturesRecord { file: TRAINING_FEATURES.to_owned(), sha256: ContentHash::of(&bytes), limit };
        Ok(Some((record, bytes)))
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
        let rows = tensor_of(&file, CHANNEL_MEANS);
        let width = file.tensor(CHANNEL_MEANS).ok().and_then(|tensor| tensor.shape().get(1).copied());
        match (rows, width) {
            (Some(rows), Some(width)) if width > 0 => Ok(Self { known: KnownRows::new(width, &rows) }),
            _ => Err(HeadError::NoFeatures { reason: format!("it has no rows `{CHANNEL_MEANS}`") }),
        }
    }

    /// How far an image with this `pool5` (of `n_channels` channels) is from them; at least 0, `None` without any.
    pub fn distance(&self, pool5: &[f32], n_channels: usize) -> Option<f64> {
        self.known.distance(&channel_means(pool5, n_channels))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved(folder: &Path, rows: &[Vec<f32>], belonging: &[Vec<f32>]) -> FeaturesRecord {
        let (record, bytes) = TrainingFeatures::to_bytes(rows, belonging).unwrap().unwrap();
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
        let distance = |one: f32, other: f32| features.distance(&[one - 1.0, one + 1.0, other, other], 2).unwrap();
        assert!(distance(1.0, 2.0) <= record.limit, "{} {}", distance(1.0, 2.0), record.limit);
        assert!(distance(40.0, 2.0) > record.limit);
    }

    #[test]
    fn without_images_to_compare_with_there_is_no_limit() {
        assert_eq!(TrainingFeatures::to_bytes(&[vec![1.0]], &[]).unwrap(), None);
        assert_eq!(TrainingFeatures::to_bytes(&[], &[[1.0]; 5].map(Vec::from)).unwrap(), None);
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

//! How far a GPU's features are from the processor's.

use std::sync::Arc;

use serde_json::json;

use crate::nn::{Engine, NetworkImage, NnError};

/// Over all values of the images' features.
pub(super) struct Difference {
    device: String,
    images: usize,
    /// Between a value of the GPU's and the processor's.
    largest_gap: f32,
    /// The greatest value of the processor's features, to compare with.
    largest_value: f32,
}

impl Difference {
    /// Of `gpu`, in its own precision, from `processor`, in f32.
    pub(super) fn between(processor: &Engine, gpu: &Engine, images: &Arc<[NetworkImage]>) -> Result<Self, NnError> {
        let features = |engine: &Engine| engine.features(Arc::clone(images), engine.backbone().fingerprint);
        let (exact, found) = (features(processor)?, features(gpu)?);
        let (mut largest_gap, mut largest_value) = (0.0_f32, 0.0_f32);
        for (exact, found) in exact.iter().flatten().zip(found.iter().flatten()) {
            // A value that is not a number counts as the largest difference.
            let difference = (exact - found).abs();
            largest_gap = largest_gap.max(if difference.is_nan() { f32::MAX } else { difference });
            largest_value = largest_value.max(exact.abs());
        }
        Ok(Self { device: gpu.device(), images: images.len(), largest_gap, largest_value })
    }

    pub(super) fn sentence(&self) -> String {
        format!(
            "parity      largest difference {:.1e} from the processor in f32, largest feature {:.1} ({} images)  {}",
            self.largest_gap, self.largest_value, self.images, self.device
        )
    }

    pub(super) fn document(&self) -> serde_json::Value {
        json!({
            "what": "parity",
            "device": self.device,
            "images": self.images,
            "greatest_difference": self.largest_gap,
            "greatest_feature": self.largest_value,
        })
    }
}

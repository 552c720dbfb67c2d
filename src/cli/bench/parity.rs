//! How far a GPU's features are from the processor's.

use std::sync::Arc;

use serde_json::json;

use super::{Bench, Failure};
use crate::config::{Device, Precision};
use crate::imaging::Rgb8;
use crate::nn::Engine;

/// Over all values of the images' features.
pub(super) struct Difference {
    device: String,
    images: usize,
    /// Between a value of the GPU's and the processor's.
    largest_gap: f32,
    /// The greatest value of the processor's features, to compare with.
    largest_value: f32,
}

impl Bench<'_> {
    /// Of `gpu`, in its configured precision, from the processor in f32.
    pub(super) fn difference(&self, gpu: Device) -> Result<Difference, Failure> {
        let pictures: Arc<[Rgb8]> = self.usable()?.into();
        let features = |engine: &Engine| engine.features(Arc::clone(&pictures), engine.backbone().fingerprint);
        let exact = features(&self.engine(Device::Cpu, Precision::F32)?)?;
        let engine = self.engine(gpu, self.settings.compute.precision)?;
        let found = features(&engine)?;
        let (mut largest_gap, mut largest_value) = (0.0_f32, 0.0_f32);
        for (exact, found) in exact.iter().flatten().zip(found.iter().flatten()) {
            // A value that is not a number counts as the largest difference.
            let difference = (exact - found).abs();
            largest_gap = largest_gap.max(if difference.is_nan() { f32::MAX } else { difference });
            largest_value = largest_value.max(exact.abs());
        }
        Ok(Difference { device: engine.device(), images: pictures.len(), largest_gap, largest_value })
    }
}

impl Difference {
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

//! How a model's images were augmented, for its record.

use serde_json::{Value, json};

use crate::config::Settings;
use crate::domain::COPY_SIDE;

/// How the images are augmented, as configured; stands in the model's record.
pub(super) fn augmentation_record(settings: &Settings) -> Value {
    let augment = &settings.augment;
    json!({
        "mode": augment.mode,
        "copies": augment.quota.copies,
        "balance": augment.quota.balance,
        "target_per_class": augment.quota.target_per_class,
        // No setting any more; models of every version have it in their records, and the oldest in their identity.
        "size": COPY_SIDE,
        "format": augment.format,
        "jpeg_quality": augment.jpeg_quality,
        "preset": augment.preset,
        "seed": augment.seed,
        "recipe": augment.recipe,
        "beyond_preset": augment.preset.breaches(&augment.recipe).iter().map(|b| b.transform).collect::<Vec<_>>(),
    })
}

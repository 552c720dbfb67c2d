//! Layers that do nothing when a model is asked.

use super::graph::KerasLayer;

const INERT: [&str; 9] = [
    "InputLayer",
    "Dropout",
    "SpatialDropout2D",
    "GaussianNoise",
    "GaussianDropout",
    "AlphaDropout",
    "ActivityRegularization",
    "Identity",
    "Cast",
];

/// Augmentation is for training only; but `RandomCrop` then crops the middle.
pub(super) fn is_inert(layer: &KerasLayer<'_>) -> bool {
    INERT.contains(&layer.class)
        || (layer.class.starts_with("Random") && layer.class != "RandomCrop")
        || (layer.class == "TFOpLambda" && layer.config["function"] == "cast")
}

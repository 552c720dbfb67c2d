//! Whether the heat maps of a model depend on what it learned, and on the image.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::MapMethod;

/// The maps of its head beside those of heads with random weights, on validation images (Adebayo et al. 2018, "Sanity Checks for
/// Saliency Maps"): maps that stay alike show the image and not what was learned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MapCheck {
    /// Images, each with its predicted class.
    pub n_images: usize,
    /// Heads with random weights.
    pub n_heads: usize,
    /// By method: the mean of Spearman's rank correlation over all images and heads, -1 to 1. Without those of maps that are
    /// the same everywhere.
    pub correlation: BTreeMap<MapMethod, f64>,
    /// By method: the mean of Spearman's rank correlation over all pairs of images with the same predicted class. Empty in models of
    /// earlier versions, and without such pairs.
    #[serde(default)]
    pub between_images: BTreeMap<MapMethod, f64>,
}

impl MapCheck {
    /// Maps that are more alike than this are warned of.
    pub const MAX_CORRELATION: f64 = 0.5;
    /// Maps of different images that are more alike than this are warned of.
    pub const MAX_BETWEEN_IMAGES: f64 = 0.7;

    /// One sentence for each method and measure.
    pub fn sentences(&self) -> Vec<String> {
        let Self { n_images, n_heads, correlation, between_images } = self;
        let images = if *n_images == 1 { "image" } else { "images" };
        let with_random = correlation.iter().map(|(method, correlation)| {
            format!(
                "{method}: maps of {n_images} validation {images} and those of {n_heads} heads with random weights have a rank \
                 correlation of {:.2}",
                shown(*correlation)
            )
        });
        let between = between_images.iter().map(|(method, correlation)| {
            format!(
                "{method}: maps of different images of one predicted class have a rank correlation of {:.2}",
                shown(*correlation)
            )
        });
        with_random.chain(between).collect()
    }

    /// Whether maps of `method` are much the same with random weights.
    pub fn is_alike(&self, method: MapMethod) -> bool {
        self.correlation.get(&method).is_some_and(|correlation| *correlation > Self::MAX_CORRELATION)
    }

    /// One sentence for each method whose maps are too much alike.
    pub fn warnings(&self) -> Vec<String> {
        let with_random = self.correlation.iter().filter(|(method, _)| self.is_alike(**method)).map(|(method, correlation)| {
            format!(
                "maps of {method} are much the same with random weights (rank correlation {correlation:.2}, more than {}): do not \
                 rely on them",
                Self::MAX_CORRELATION
            )
        });
        let repeated = self.between_images.iter().filter(|(_, correlation)| **correlation > Self::MAX_BETWEEN_IMAGES);
        let between = repeated.map(|(method, correlation)| {
            format!(
                "maps of {method} are much the same for different images (rank correlation {correlation:.2}, more than {}): they show \
                 where the model looks in every image more than what is in one of them",
                Self::MAX_BETWEEN_IMAGES
            )
        });
        with_random.chain(between).collect()
    }
}

/// Nothing is below 0 by less than what two digits show.
fn shown(correlation: f64) -> f64 {
    if correlation.abs() < 0.005 { 0.0 } else { correlation }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_that_stay_alike_are_warned_of_and_every_method_has_its_sentence() {
        let correlation = BTreeMap::from([(MapMethod::GradCam, 0.51), (MapMethod::HiresCam, -0.004)]);
        let between_images = BTreeMap::from([(MapMethod::GradCam, 0.7), (MapMethod::HiresCam, 0.82)]);
        let check = MapCheck { n_images: 20, n_heads: 5, correlation, between_images };
        let repeated = "HiResCAM: maps of different images of one predicted class have a rank correlation of 0.82";
        assert_eq!(check.sentences()[3], repeated);
        assert_eq!(
            check.sentences()[1],
            "HiResCAM: maps of 20 validation images and those of 5 heads with random weights have a rank correlation of 0.00"
        );
        let warning = "maps of Grad-CAM are much the same with random weights (rank correlation 0.51, more than 0.5): do not rely \
                       on them";
        let between = "maps of HiResCAM are much the same for different images (rank correlation 0.82, more than 0.7): they show where \
                       the model looks in every image more than what is in one of them";
        assert_eq!(check.warnings(), [warning, between]);
        let none = BTreeMap::new();
        assert!(MapCheck { correlation: none.clone(), between_images: none, ..check }.warnings().is_empty());
    }
}

//! Whether the heat maps of a model depend on what it learned.

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
}

impl MapCheck {
    /// Maps that are more alike than this are warned of.
    pub const MAX_CORRELATION: f64 = 0.5;

    /// One sentence for each method.
    pub fn sentences(&self) -> Vec<String> {
        let Self { n_images, n_heads, correlation } = self;
        let of = |(method, correlation): (&MapMethod, &f64)| {
            // Nothing is below 0 by less than what is shown.
            let correlation = if correlation.abs() < 0.005 { 0.0 } else { *correlation };
            format!(
                "{method}: maps of {n_images} validation {} and those of {n_heads} heads with random weights have a rank \
                 correlation of {correlation:.2}",
                if *n_images == 1 { "image" } else { "images" }
            )
        };
        correlation.iter().map(of).collect()
    }

    /// Whether maps of `method` are much the same with random weights.
    pub fn is_alike(&self, method: MapMethod) -> bool {
        self.correlation.get(&method).is_some_and(|correlation| *correlation > Self::MAX_CORRELATION)
    }

    /// One sentence for each method whose maps are too much alike.
    pub fn warnings(&self) -> Vec<String> {
        let alike = self.correlation.iter().filter(|(method, _)| self.is_alike(**method));
        let warning = |(method, correlation): (&MapMethod, &f64)| {
            format!(
                "maps of {method} are much the same with random weights (rank correlation {correlation:.2}, more than {}): do not \
                 rely on them",
                Self::MAX_CORRELATION
            )
        };
        alike.map(warning).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_that_stay_alike_are_warned_of_and_every_method_has_its_sentence() {
        let correlation = BTreeMap::from([(MapMethod::GradCam, 0.51), (MapMethod::HiresCam, -0.004)]);
        let check = MapCheck { n_images: 20, n_heads: 5, correlation };
        assert_eq!(
            check.sentences()[1],
            "HiResCAM: maps of 20 validation images and those of 5 heads with random weights have a rank correlation of 0.00"
        );
        let warning = "maps of Grad-CAM are much the same with random weights (rank correlation 0.51, more than 0.5): do not rely \
                       on them";
        assert_eq!(check.warnings(), [warning]);
        assert!(MapCheck { correlation: BTreeMap::new(), ..check }.warnings().is_empty());
    }
}

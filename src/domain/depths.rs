//! The bits that hold the images of a dataset. Where they differ, so may the devices, and the scales of brightness.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ImageFacts;

/// How many images have one depth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DepthCount {
    /// Bits a channel: 8, 10, 12, 14 or 16.
    pub bits: u32,
    /// Images.
    pub images: u64,
}

/// How many of `images` have each depth, the smallest first. Those without one are not counted.
pub fn depth_counts<'a>(images: impl IntoIterator<Item = &'a ImageFacts>) -> Vec<DepthCount> {
    let mut counts = BTreeMap::new();
    for bits in images.into_iter().filter_map(ImageFacts::depth) {
        *counts.entry(bits).or_default() += 1;
    }
    counts.into_iter().map(|(bits, images)| DepthCount { bits, images }).collect()
}

/// What is wrong with several depths in one dataset and what to do, on one line; `None` where all images have the same.
pub fn mixed_depths(counts: &[DepthCount]) -> Option<String> {
    let of = |count: &DepthCount| {
        format!("{} bits ({} {})", count.bits, count.images, if count.images == 1 { "image" } else { "images" })
    };
    let listed: Vec<String> = counts.iter().map(of).collect();
    (counts.len() > 1).then(|| {
        format!(
            "the images have different depths: {}; white is the largest level of each image's depth, so their brightness may \
             not be comparable; save all images with the same depth",
            listed.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(colour: &str) -> ImageFacts {
        ImageFacts { width: 1, height: 1, format: "png".into(), colour: colour.into(), part: None, blank: false }
    }

    #[test]
    fn fewer_bits_than_8_are_8_and_a_float_has_no_depth() {
        let colours = ["grey1", "grey8", "palette", "rgba8", "grey12", "rgb16", "float", "grey4", "grey12", "cmyk8"];
        let images = colours.map(facts);
        let count = |bits, images| DepthCount { bits, images };
        assert_eq!(depth_counts(&images), [count(8, 6), count(12, 2), count(16, 1)]);
    }

    #[test]
    fn several_depths_are_warned_of() {
        let images = ["grey8", "grey12", "grey12"].map(facts);
        assert_eq!(mixed_depths(&depth_counts(&images[..1])), None);
        assert_eq!(mixed_depths(&[]), None);
        let warning = mixed_depths(&depth_counts(&images)).unwrap();
        assert!(
            warning.starts_with("the images have different depths: 8 bits (1 image), 12 bits (2 images);"),
            "{warning}"
        );
    }
}

//! The bits that hold the images of a dataset. Where they differ, so may the devices, and the scales of brightness.

use std::collections::BTreeMap;

use crate::domain::ImageFacts;

/// What is wrong with several depths in one dataset and what to do, on one line; `None` where all images have the same.
/// Images without a depth are not counted.
pub(super) fn depth_message<'a>(images: impl IntoIterator<Item = &'a ImageFacts>) -> Option<String> {
    let mut counts: BTreeMap<u32, u64> = BTreeMap::new();
    for bits in images.into_iter().filter_map(ImageFacts::depth) {
        *counts.entry(bits).or_default() += 1;
    }
    let of = |(bits, n): (&u32, &u64)| format!("{bits} bits ({n} {})", if *n == 1 { "image" } else { "images" });
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

    fn message(colours: &[&str]) -> Option<String> {
        let facts = |colour: &&str| ImageFacts { colour: (*colour).into(), ..ImageFacts::example() };
        let images: Vec<_> = colours.iter().map(facts).collect();
        depth_message(&images)
    }

    #[test]
    fn several_depths_are_warned_of_and_fewer_bits_than_8_are_8() {
        let counted = |colours: &[&str]| message(colours).unwrap().split(';').next().unwrap().to_owned();
        assert_eq!(
            counted(&["grey1", "grey8", "palette", "rgba8", "grey12", "rgb16", "float", "grey4", "grey12", "cmyk8"]),
            "the images have different depths: 8 bits (6 images), 12 bits (2 images), 16 bits (1 image)"
        );
    }

    #[test]
    fn one_depth_or_none_is_not() {
        assert_eq!([message(&["grey8", "rgb8"]), message(&["float"]), message(&[])], [None, None, None]);
    }
}

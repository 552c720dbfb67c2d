//! Whether heat maps depend on what was learned and on the image: those of the trained head beside those of heads with random
//! weights, and those of one image beside those of others.
//!
//! On the grid of pool5, whose features are cached, so that nothing is forwarded for it: `HiResCAM` as it is drawn, and Grad-CAM of
//! pool5. Signed, because a random head has as many negative maps as positive ones, of which rectification leaves nothing.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::TrainError;
use super::epochs::Fitted;
use super::features::Features;
use super::training_set::TrainingSet;
use crate::domain::vgg16::N_FEATURES;
use crate::domain::{ContentHash, MapCheck, MapMethod};
use crate::head::{self, Head};
use crate::stats::{Generator, spearman};

/// Images that are looked at: those with the lowest hashes.
const MOST_IMAGES: usize = 20;
/// Heads with random weights.
const N_HEADS: u32 = 5;

/// Both maps of one class, signed.
type Maps = [(MapMethod, Vec<f64>); 2];

/// Of one image.
struct ImageMaps {
    predicted: usize,
    /// Of the predicted class, by the trained head.
    own: Maps,
    /// By method and random head; none of a map that is the same everywhere.
    with_random: Vec<(MapMethod, f64)>,
}

/// `None` without validation images. The random weights are drawn from `seed`, for this alone.
pub(super) fn of(
    training_set: &TrainingSet<'_>,
    fitted: &Fitted,
    features: &Features<'_>,
    seed: u64,
) -> Result<Option<MapCheck>, TrainError> {
    let mut images: Vec<ContentHash> = training_set.validation.iter().map(|row| row.hash).collect();
    images.sort_unstable();
    images.truncate(MOST_IMAGES);
    let mut generator = Generator::new(seed, "map check");
    let random = (0..N_HEADS).map(|_| fitted.fit.untrained(generator.bits()).head()).collect::<Result<Vec<_>, _>>()?;
    let of_image = |image: &ContentHash| {
        let mut pool5 = vec![0.0; N_FEATURES];
        features.cache.read(image, &mut pool5)?;
        Ok(ImageMaps::of(&fitted.head, &random, &pool5))
    };
    let found = images.par_iter().map(of_image).collect::<Result<Vec<_>, TrainError>>()?;
    let correlation = means(found.iter().flat_map(|image| image.with_random.iter().copied()));
    let between_images = means(between(&found));
    let (n_images, n_heads) = (images.len(), random.len());
    Ok((!images.is_empty()).then_some(MapCheck { n_images, n_heads, correlation, between_images }))
}

impl ImageMaps {
    fn of(trained: &Head, random: &[Head], pool5: &[f32]) -> Self {
        let predicted = Head::predicted(&trained.logits(pool5));
        let own = maps(trained, pool5, predicted);
        let with_random = random.iter().flat_map(|other| alike(&own, &maps(other, pool5, predicted))).collect();
        Self { predicted, own, with_random }
    }
}

/// Of every two images with the same predicted class.
fn between(images: &[ImageMaps]) -> impl Iterator<Item = (MapMethod, f64)> {
    let pairs = images.iter().enumerate().flat_map(|(at, one)| images[at + 1..].iter().map(move |other| (one, other)));
    pairs.filter(|(one, other)| one.predicted == other.predicted).flat_map(|(one, other)| alike(&one.own, &other.own))
}

/// The rank correlation of two maps of each method; none of a map that is the same everywhere.
fn alike(first: &Maps, second: &Maps) -> Vec<(MapMethod, f64)> {
    let pairs = first.iter().zip(second);
    pairs.filter_map(|((method, a), (_, b))| Some((*method, spearman(a, b)?))).collect()
}

fn maps(head: &Head, pool5: &[f32], class: usize) -> Maps {
    let cells = |cells: Vec<f32>| cells.into_iter().map(f64::from).collect();
    [
        (MapMethod::GradCam, cells(head::grad_cam_of_pool5(head, pool5, class))),
        (MapMethod::HiresCam, cells(head::evidence(head, pool5, class).cells)),
    ]
}

fn means(found: impl Iterator<Item = (MapMethod, f64)>) -> BTreeMap<MapMethod, f64> {
    let mut sums: BTreeMap<MapMethod, (f64, f64)> = BTreeMap::new();
    for (method, correlation) in found {
        let sum = sums.entry(method).or_default();
        *sum = (sum.0 + correlation, sum.1 + 1.0);
    }
    sums.into_iter().map(|(method, (sum, n))| (method, sum / n)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ClassName;
    use crate::head::random_head;
    use crate::stats::Activation;

    /// Features of an image whose channels are all brightest in the middle, as far as `structure` says, and random else.
    fn pool5(structure: f32) -> Vec<f32> {
        let mut generator = Generator::new(9, "pool5");
        let middle = |at: usize| 6.0 - (at % 7).abs_diff(3) as f32 - (at % 49 / 7).abs_diff(3) as f32;
        (0..N_FEATURES).map(|at| structure * middle(at) + generator.unit()).collect()
    }

    fn mean(trained: &Head, random: &[Head], pool5: &[f32]) -> BTreeMap<MapMethod, f64> {
        means(ImageMaps::of(trained, random, pool5).with_random.into_iter())
    }

    /// All weights the same: its maps show where the image is bright, whatever was learned.
    fn constant(names: &[&str]) -> Head {
        let classes = names.iter().map(|name| ClassName::new(*name).unwrap()).collect();
        Head::new(classes, Activation::Sigmoid, vec![0.01; names.len() * N_FEATURES], vec![0.0; names.len()]).unwrap()
    }

    #[test]
    fn maps_of_independent_weights_are_unlike_and_those_of_equal_weights_are_alike() {
        let names = ["a", "b"];
        let random: Vec<Head> = (10..60).map(|seed| random_head(&names, seed)).collect();
        let unlike = mean(&random_head(&names, 1), &random, &pool5(0.0));
        assert!(unlike.len() == 2 && unlike.values().all(|found| found.abs() < 0.15), "{unlike:?}");
        let alike = mean(&constant(&names), &[constant(&names)], &pool5(1.0));
        assert!(alike.len() == 2 && alike.values().all(|found| (found - 1.0).abs() < 1e-9), "{alike:?}");
        let check = MapCheck { n_images: 1, n_heads: 1, correlation: alike, between_images: BTreeMap::new() };
        assert_eq!(check.warnings().len(), 2);
    }

    #[test]
    fn a_map_without_an_order_counts_for_nothing() {
        let names = ["a", "b"];
        assert!(
            ImageMaps::of(&constant(&names), &[random_head(&names, 2)], &vec![0.0; N_FEATURES]).with_random.is_empty()
        );
        let flat = vec![1.0; N_FEATURES];
        let found = ImageMaps::of(&constant(&names), &[random_head(&names, 2)], &flat).with_random;
        assert!(found.is_empty(), "{found:?}");
    }

    #[test]
    fn maps_of_images_with_one_predicted_class_are_compared_with_each_other() {
        let image = |predicted, cells: [f64; 3]| {
            let own = [(MapMethod::GradCam, cells.to_vec()), (MapMethod::HiresCam, vec![1.0, 2.0, 3.0])];
            ImageMaps { predicted, own, with_random: Vec::new() }
        };
        let images = [image(0, [1.0, 2.0, 3.0]), image(1, [3.0, 2.0, 1.0]), image(0, [9.0, 5.0, 1.0])];
        let found = means(between(&images));
        assert!((found[&MapMethod::GradCam] + 1.0).abs() < 1e-9 && (found[&MapMethod::HiresCam] - 1.0).abs() < 1e-9);
        assert!(means(between(&images[1..])).is_empty(), "no two of one predicted class");
    }
}

//! The baselines of the shortcut audit: what they predict for the images that a model was measured on.

use std::collections::BTreeMap;

use crate::domain::{ClassName, ContentHash, LabelledImage, NonContentFacts, ShortcutAnswers, Split};

/// They learn from the training side of `originals`, in which a copy has no part. `measured`: each image with whether the
/// model got it right. An image of none of `classes` (sorted), or of which `non_content` knows nothing, is left out.
pub(super) fn answers<'a>(
    classes: &[ClassName],
    non_content: &BTreeMap<ContentHash, NonContentFacts>,
    originals: &[&LabelledImage],
    measured: impl Iterator<Item = (&'a LabelledImage, bool)>,
) -> ShortcutAnswers {
    let case = |image: &LabelledImage| Some((classes.binary_search(&image.class).ok()?, non_content.get(&image.hash)?));
    let training = originals.iter().filter(|image| image.split == Some(Split::Train));
    let learned: Vec<(usize, &NonContentFacts)> = training.filter_map(|image| case(image)).collect();
    let measured = measured.filter_map(|(image, right)| Some((case(image)?, right)));
    let (measured, model): (Vec<_>, Vec<_>) = measured.unzip();
    ShortcutAnswers::of(&learned, &measured, model, classes.len())
}

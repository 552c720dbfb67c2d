//! What those who know nothing of the pictures' content make of the images that a model was measured on.

use super::job::LabelledImage;
use crate::domain::{ClassName, NonContentFacts, ShortcutAnswers, Split};

/// They learn from the training side of `originals`, in which a copy has no part. `measured`: each image with whether the
/// model got it right. An image of none of `classes` (sorted) is passed over.
pub(super) fn answers<'a>(
    classes: &[ClassName],
    originals: &[&LabelledImage],
    measured: impl Iterator<Item = (&'a LabelledImage, bool)>,
) -> ShortcutAnswers {
    let training = originals.iter().filter(|image| image.split == Split::Train);
    let learned: Vec<(usize, &NonContentFacts)> = training.filter_map(|image| case(classes, image)).collect();
    let measured = measured.filter_map(|(image, right)| Some((case(classes, image)?, right)));
    let (measured, model): (Vec<_>, Vec<_>) = measured.unzip();
    ShortcutAnswers::of(&learned, &measured, model, classes.len())
}

fn case<'a>(classes: &[ClassName], image: &'a LabelledImage) -> Option<(usize, &'a NonContentFacts)> {
    Some((classes.binary_search(&image.class).ok()?, &image.non_content))
}

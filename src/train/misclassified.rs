//! The images that the model misclassifies with the highest scores: what the network received, and where it found evidence
//! for the predicted and for the true class. Features are cached by then, so nothing is forwarded for it.

use rayon::prelude::*;

use super::features::{Features, ImageRequest};
use super::job::TrainJob;
use super::predictions::ImagePredictions;
use crate::domain::vgg16::N_FEATURES;
use crate::domain::{ContentHash, Misclassified};
use crate::head::{self, Head};
use crate::imaging::Picture;
use crate::stats::argmax;

/// Images that are shown.
const MOST_SHOWN: usize = 12;

/// The most confident mistakes among the predictions of `head` on validation images, the worst first. One whose features are
/// gone is left out, with a warning.
pub(super) fn worst(
    job: &TrainJob<'_>,
    features: &Features<'_>,
    head: &Head,
    predictions: &ImagePredictions,
) -> Vec<Misclassified<Picture>> {
    let ImagePredictions { images, outputs } = predictions;
    let look = |at: usize| {
        let mut pool5 = vec![0.0; N_FEATURES];
        if let Err(error) = features.cache.read(&images[at], &mut pool5) {
            tracing::warn!(%error, "Misclassified image not shown on the model's page");
            return None;
        }
        let predicted = argmax(&outputs.logits[at]);
        let evidence = [predicted, outputs.labels[at]].map(|class| head::evidence(head, &pool5, class));
        Some(Misclassified { at, image: image(job, features, images[at]), evidence })
    };
    outputs.most_confident_mistakes(MOST_SHOWN).into_par_iter().filter_map(look).collect()
}

/// From its file, which may have gone or changed while its features were cached.
fn image(job: &TrainJob<'_>, features: &Features<'_>, hash: ContentHash) -> Result<Picture, String> {
    let file = job.samples.iter().find(|image| image.hash == hash);
    let file = file.ok_or_else(|| "its file is no longer known".to_owned())?;
    let requests = ImageRequest { path: file.path.clone(), hash: Some(hash) };
    features.picture(&requests).map(|image| image.into_rgb8().into()).map_err(|failure| failure.reason)
}

//! The model's worst mistakes, looked at again for people: what the network saw, and where it found what speaks for the
//! class it took the image for and for the image's own. Features are cached by then, so nothing is forwarded for it.

use rayon::prelude::*;

use super::features::{Features, ImageRequest};
use super::job::TrainJob;
use super::predictions::ImagePredictions;
use crate::domain::{ContentHash, Evidence};
use crate::imaging::Picture;
use crate::nn::{self, Head, N_FEATURES};
use crate::stats::argmax;

/// Mistakes that are looked at.
const MOST_MISTAKES: usize = 12;

/// A validation image that was taken for another class.
#[derive(Debug)]
pub struct Mistake {
    /// Which of the predictions it is.
    pub at: usize,
    /// 224x224, as the network takes it; or a sentence why it cannot be shown.
    pub picture: Result<Picture, String>,
    /// Evidence for the class that it was taken for, and for its own.
    pub evidence: [Evidence; 2],
}

/// The most confident mistakes among the predictions of `head` on validation images, the worst first. One whose features are
/// gone is left out, with a warning.
pub(super) fn worst(
    job: &TrainJob<'_>,
    features: &Features<'_>,
    head: &Head,
    predictions: &ImagePredictions,
) -> Vec<Mistake> {
    let ImagePredictions { images, outputs } = predictions;
    let look = |at: usize| {
        let mut pool5 = vec![0.0; N_FEATURES];
        if let Err(error) = features.cache.read(&images[at], &mut pool5) {
            tracing::warn!(%error, "Misclassified image not shown on the model's page");
            return None;
        }
        let predicted = argmax(&outputs.logits[at]);
        let evidence = [predicted, outputs.labels[at]].map(|class| nn::evidence(head, &pool5, class));
        Some(Mistake { at, picture: picture(job, features, images[at]), evidence })
    };
    outputs.worst_mistakes(MOST_MISTAKES).into_par_iter().filter_map(look).collect()
}

/// From its file, which may have gone or changed while its features were cached.
fn picture(job: &TrainJob<'_>, features: &Features<'_>, hash: ContentHash) -> Result<Picture, String> {
    let image = job.samples.iter().find(|image| image.hash == hash);
    let image = image.ok_or_else(|| "its file is no longer known".to_owned())?;
    let requests = ImageRequest { path: image.path.clone(), hash: Some(hash) };
    features.picture(&requests).map(Picture::from).map_err(|failure| failure.reason)
}

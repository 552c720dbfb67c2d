//! The model's worst mistakes, looked at again for people: what the network saw, and where it found what speaks for the
//! class it took the image for and for the image's own. Features are cached by then, so nothing is forwarded for it.

use rayon::prelude::*;

use super::epochs::Fitted;
use super::evaluation::Row;
use super::features::{Features, Wanted};
use super::job::TrainJob;
use super::run;
use crate::domain::Evidence;
use crate::domain::vgg16::N_FEATURES;
use crate::head::{self, Head};
use crate::imaging::Picture;

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

/// The surest mistakes on `rows`, the validation images, the worst first. One whose features are gone is left out, with a
/// warning.
pub(super) fn worst(job: &TrainJob<'_>, features: &Features<'_>, rows: &[Row], fitted: &Fitted) -> Vec<Mistake> {
    let judged = run::judged(fitted.head.activation(), rows, &fitted.evaluation.logits);
    let look = |at: usize| {
        let row = rows[at];
        let mut pool5 = vec![0.0; N_FEATURES];
        if let Err(error) = features.cache.read(&row.hash, &mut pool5) {
            tracing::warn!("A mistake is not shown on the model's page: {error}.");
            return None;
        }
        let taken_for = Head::predicted(&judged.logits[at]);
        Some(Mistake {
            at,
            picture: picture(job, features, &row),
            evidence: [taken_for, row.class].map(|class| head::evidence(&fitted.head, &pool5, class)),
        })
    };
    judged.worst_mistakes(MOST_MISTAKES).into_par_iter().filter_map(look).collect()
}

/// From its file, which may have gone or changed while its features were cached.
fn picture(job: &TrainJob<'_>, features: &Features<'_>, row: &Row) -> Result<Picture, String> {
    let image = job.samples.iter().find(|image| image.hash == row.hash);
    let image = image.ok_or_else(|| "its file is no longer known".to_owned())?;
    let wanted = Wanted { path: image.path.clone(), hash: Some(row.hash) };
    features.picture(&wanted).map(Picture::from).map_err(|failure| failure.reason)
}

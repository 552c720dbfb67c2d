//! What a model says of image files, each brought to its network in the model's own way. Nothing is cached: features are
//! kept for gradwatch's own way alone.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use rayon::prelude::*;

use super::TrainError;
use super::evaluation::SharedClasses;
use super::gather;
use super::job::TrainJob;
use crate::content::{FileFailure, Reader};
use crate::domain::{BackboneRecord, ContentHash, LabelledImage, Split, StopFlag};
use crate::head::Head;
use crate::nn::{Engine, NetworkImage, NnError};

/// A model with all that it needs to be asked.
pub struct ModelPredictor<'a> {
    /// Its head.
    pub head: &'a Head,
    /// Its network, and how images are brought to it.
    pub backbone: &'a BackboneRecord,
    /// An engine that runs this network.
    pub engine: &'a Engine,
    /// How its image files are decoded.
    pub reader: Reader,
}

/// A file, and the content that it must have, if any.
pub type NamedImage = (PathBuf, Option<ContentHash>);

/// Decoded images wait a few at a time, so that a stop is heard within seconds and memory stays small.
const AT_LEAST_A_TIME: usize = 8;
/// From 16 bits to 32 on a GPU, and from the GPU to the processor.
const MOST_CHANGES: usize = 2;

impl ModelPredictor<'_> {
    /// The logits of each image, in order, or why there are none.
    ///
    /// # Errors
    /// [`TrainError::Stopped`], a network that fails.
    pub fn logits(
        &self,
        images: &[NamedImage],
        stop: &StopFlag,
    ) -> Result<Vec<Result<Vec<f64>, FileFailure>>, TrainError> {
        let mut answers = Vec::with_capacity(images.len());
        for some in images.chunks((2 * self.engine.batch()).max(AT_LEAST_A_TIME)) {
            stop.check()?;
            let decoded: Vec<_> = some.par_iter().map(|image| self.network_image(image)).collect();
            let readable: Arc<[NetworkImage]> =
                decoded.iter().filter_map(|image| image.as_ref().ok()).cloned().collect();
            let rows = self.features(&readable)?;
            // One row for each image that could be read.
            let mut logits = rows.iter().map(|row| self.head.logits(row));
            answers.extend(decoded.into_iter().filter_map(|image| match image {
                Ok(_) => logits.next().map(Ok),
                Err(failure) => Some(Err(failure)),
            }));
        }
        Ok(answers)
    }

    fn network_image(&self, (path, hash): &NamedImage) -> Result<NetworkImage, FileFailure> {
        let (_, picture) = self.reader.picture(path, *hash)?;
        Ok(NetworkImage::of_model(&picture, self.backbone))
    }

    /// Again where a GPU is lost meanwhile.
    fn features(&self, images: &Arc<[NetworkImage]>) -> Result<Vec<Vec<f32>>, NnError> {
        let ask = || self.engine.features(Arc::clone(images), self.engine.backbone().fingerprint);
        let mut answer = ask();
        for _ in 0..MOST_CHANGES {
            if !matches!(answer, Err(NnError::ArithmeticChanged)) {
                break;
            }
            answer = ask();
        }
        answer
    }

    /// As [`super::measure`]: which of the job's validation images it gets right, by content; `None` when model and job share
    /// no class. Images that cannot be read are left out.
    ///
    /// # Errors
    /// As [`Self::logits`].
    pub fn measure(
        &self,
        job: &TrainJob<'_>,
        stop: &StopFlag,
    ) -> Result<Option<BTreeMap<ContentHash, bool>>, TrainError> {
        let classes = job.classes();
        let Some(shared) = SharedClasses::of(self.head, &classes) else { return Ok(None) };
        let images: Vec<&LabelledImage> =
            gather::sorted(job).into_iter().filter(|image| image.split == Some(Split::Validation)).collect();
        let named: Vec<NamedImage> = images.iter().map(|image| (image.path.clone(), Some(image.hash))).collect();
        let answers = images.iter().zip(self.logits(&named, stop)?);
        let right = answers.filter_map(|(image, logits)| {
            let label = classes.binary_search(&image.class).ok()?;
            Some((image.hash, shared.predicted(&logits.ok()?) == label))
        });
        Ok(Some(right.collect()))
    }
}

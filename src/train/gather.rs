//! From a job to what is trained on and measured on: the images whose features are there.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;

use super::batches::TrainingRows;
use super::evaluation::Row;
use super::features::{Ensured, Features, ImageRequest};
use super::job::{self, TrainJob};
use super::training_set::TrainingSet;
use super::{TrainError, shortcuts};
use crate::content::{FileFailure, warn_of};
use crate::disk;
use crate::domain::{
    ClassCount, ClassName, ContentHash, LabelledImage, Progress, ShortcutAnswers, Silent, Split, StopFlag,
};
use crate::stats::Predictions;

/// What is said of an image that cannot be used.
pub(super) const LEFT_OUT: &str = "Left out of the training";

pub(super) struct Gathered<'a> {
    pub(super) training_set: TrainingSet<'a>,
    /// Images that nothing may depend on but the last measure.
    pub(super) test: Vec<Row>,
    /// Of the usable originals.
    pub(super) counts: BTreeMap<ClassName, ClassCount>,
    pub(super) n_copies: u64,
    /// The usable originals.
    pub(super) originals: Vec<&'a LabelledImage>,
    pub(super) failed: Vec<FileFailure>,
    /// Originals that could not be read, here or for their copies; sorted.
    pub(super) unread: Vec<ContentHash>,
}

impl Gathered<'_> {
    /// The baselines of the shortcut audit on the validation images; `predictions` are the model's.
    pub(super) fn shortcuts(&self, job: &TrainJob<'_>, predictions: &Predictions) -> ShortcutAnswers {
        let validation = self.originals.iter().copied().filter(|image| image.split == Some(Split::Validation));
        let measured = validation.zip(predictions.right());
        shortcuts::answers(&self.training_set.classes, job.non_content, &self.originals, measured)
    }
}

/// Originals in an order that does not depend on the caller's.
pub(super) fn sorted<'a>(job: &TrainJob<'a>) -> Vec<&'a LabelledImage> {
    let mut images: Vec<&LabelledImage> = job.samples.iter().collect();
    images.sort_by(|a, b| (&a.class, a.hash).cmp(&(&b.class, b.hash)));
    images
}

pub(super) fn requests(images: &[&LabelledImage]) -> Vec<ImageRequest> {
    images.iter().map(|image| ImageRequest { path: image.path.clone(), hash: Some(image.hash) }).collect()
}

pub(super) fn row(classes: &[ClassName], class: &ClassName, hash: Option<ContentHash>) -> Option<Row> {
    Some(Row { class: classes.binary_search(class).ok()?, hash: hash? })
}

/// Sees to the features of all images of the job, and sorts out what is learned from and measured on.
pub(super) fn gather<'a>(
    job: &TrainJob<'a>,
    features: &Features<'_>,
    stop: &StopFlag,
    progress: &dyn Progress,
) -> Result<Gathered<'a>, TrainError> {
    let classes = job.classes();
    let images = sorted(job);
    let copies = job.augmented.copies();
    let mut all = requests(&images);
    all.extend(copies.iter().map(|copy| ImageRequest { path: copy.path.clone(), hash: Some(copy.hash) }));
    let ensured = ensured_twice(&all, features, stop, progress)?;
    warn_of(LEFT_OUT, &ensured.failed);
    remove_lost(&all[images.len()..], &ensured)?;
    if let Some(error) = TrainError::unread(&ensured.failed).filter(|_| !job.may_leave_out) {
        return Err(error);
    }

    let (of_images, of_copies) = ensured.hashes.split_at(images.len());
    let usable: Vec<(Row, &LabelledImage)> = images
        .iter()
        .zip(of_images)
        .filter_map(|(image, hash)| Some((row(&classes, &image.class, *hash)?, *image)))
        .collect();
    let counts = job::count(usable.iter().map(|(_, image)| *image));
    let mut copies: Vec<Row> =
        copies.iter().zip(of_copies).filter_map(|(copy, hash)| row(&classes, &copy.class, *hash)).collect();
    copies.sort_unstable();
    let n_copies = copies.len() as u64;
    let test = usable.iter().filter(|(_, image)| image.split == Some(Split::Test)).map(|(row, _)| *row).collect();
    let unread = unread(job, &images, &ensured);
    let originals = usable.iter().map(|(_, image)| *image).collect();
    let training_set = training_set(job, classes, &usable, &copies);
    Ok(Gathered { training_set, test, counts, n_copies, originals, failed: ensured.failed, unread })
}

/// What could not be read is read once more: the disk or network share may be back.
fn ensured_twice(
    all: &[ImageRequest],
    features: &Features<'_>,
    stop: &StopFlag,
    progress: &dyn Progress,
) -> Result<Ensured, TrainError> {
    let mut ensured = features.ensure(all, stop, progress)?;
    if !ensured.failed.iter().any(FileFailure::is_of_reading) {
        return Ok(ensured);
    }
    let left: Vec<usize> = (0..all.len()).filter(|at| ensured.hashes[*at].is_none()).collect();
    let requests: Vec<ImageRequest> = left.iter().map(|at| all[*at].clone()).collect();
    let again = features.ensure(&requests, stop, &Silent)?;
    for (at, hash) in left.into_iter().zip(again.hashes) {
        ensured.hashes[at] = hash;
    }
    Ok(Ensured { failed: again.failed, ..ensured })
}

/// A copy is the program's own: one that cannot be used is made anew, and nothing is learned without it.
fn remove_lost(copies: &[ImageRequest], ensured: &Ensured) -> Result<(), TrainError> {
    let of_copies = &ensured.hashes[ensured.hashes.len() - copies.len()..];
    let lost: Vec<_> = copies.iter().zip(of_copies).filter(|(_, hash)| hash.is_none()).map(|(copy, _)| copy).collect();
    let Some(first) = lost.first() else { return Ok(()) };
    lost.iter().try_for_each(|copy| disk::remove_file(&copy.path))?;
    let failure = ensured.failed.iter().find(|failure| failure.path == first.path);
    let first = failure.map_or_else(
        || first.path.display().to_string(),
        |failure| format!("`{}`: {}", failure.name(), failure.reason),
    );
    Err(TrainError::LostCopies { n: lost.len(), first })
}

/// The originals that could not be read, or of which copies are missing for that.
fn unread(job: &TrainJob<'_>, images: &[&LabelledImage], ensured: &Ensured) -> Vec<ContentHash> {
    let failed: HashSet<&Path> =
        ensured.failed.iter().filter(|failure| failure.is_of_reading()).map(|failure| failure.path.as_path()).collect();
    let left_out = images.iter().filter(|image| failed.contains(image.path.as_path())).map(|image| image.hash);
    let all: BTreeSet<ContentHash> = left_out.chain(job.unread.iter().copied()).collect();
    all.into_iter().collect()
}

fn training_set<'a>(
    job: &TrainJob<'a>,
    classes: Vec<ClassName>,
    usable: &[(Row, &'a LabelledImage)],
    copies: &[Row],
) -> TrainingSet<'a> {
    let side = |split: Split| usable.iter().filter(move |(_, image)| image.split == Some(split));
    let originals: Vec<Row> = side(Split::Train).map(|(row, _)| *row).collect();
    let fresh = job.augmented.fresh();
    let renewed = side(Split::Train).filter(|_| fresh.is_some()).map(|(row, image)| (row.class, *image)).collect();
    let scaled_by: Vec<Row> = originals.iter().chain(copies).copied().collect();
    let cached = if job.augmented.keeps_originals() { scaled_by.clone() } else { Vec::new() };
    TrainingSet {
        classes,
        training: TrainingRows { cached, renewed, fresh },
        scaled_by,
        validation: side(Split::Validation).map(|(row, _)| *row).collect(),
    }
}

//! A dataset in a folder that the user names, to the training of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::config::Settings;
use crate::content::{Reader, warn_of};
use crate::domain::{DatasetName, LabelledImage, Progress, Sample, Split, StopFlag};
use crate::ingest::{self, DatasetFolder, FolderError, Groups};

use super::dataset_warnings::warn_of_new;
use super::retrain_check::obstacle;

/// Every image of the class folders in `root` that can be used, each content once and on the strongest side that a folder
/// names for it. What is left out is logged.
///
/// # Errors
/// [`FolderError`].
pub fn read_samples(
    root: &Path,
    dataset: &DatasetName,
    groups: &Groups<'_>,
    settings: &Settings,
    stop: &StopFlag,
    progress: &dyn Progress,
) -> Result<Vec<Sample>, FolderError> {
    // As in the inbox, what is transparent is black in what is kept of an image.
    let reader = Reader::new(&settings.limits, 0);
    let found = ingest::inspect_images(root, &reader, settings.compute.threads, stop, progress)?;
    if let Some(sentence) = ingest::duplicate_across_message(found.across.iter().map(String::as_str)) {
        tracing::warn!(%dataset, details = %sentence, "Images on several sides of the split");
    }
    let (classless, images): (Vec<&LabelledImage>, Vec<_>) = found.images.iter().partition(|image| is_classless(image));
    if let Some(sentence) = ingest::classless_message(classless.iter().map(|image| image.relative.as_str())) {
        tracing::warn!(%dataset, details = %sentence, "Images without a class");
    }
    warn_of("Left out", &found.failed);
    let mut seen = BTreeSet::new();
    let (first, again): (Vec<_>, Vec<_>) = images.into_iter().partition(|image| seen.insert(image.hash));
    for image in again {
        tracing::warn!(file = image.relative, "Left out, because the same image is in another class");
    }
    Ok(first.into_iter().filter_map(|image| sample(image, &found, dataset, groups)).collect())
}

/// Whether it is directly in `train`, `val` or `test`; the inbox excludes such files as well.
fn is_classless(image: &LabelledImage) -> bool {
    image.split.is_none() && Split::named(image.class.as_str()).is_some()
}

fn sample(image: &LabelledImage, found: &DatasetFolder, dataset: &DatasetName, groups: &Groups<'_>) -> Option<Sample> {
    let inspected = found.inspected.get(&image.hash)?;
    Some(Sample {
        dataset: dataset.clone(),
        class: image.class.clone(),
        hash: image.hash,
        group: groups.of(&image.relative),
        path: image.relative.clone(),
        side: image.split,
        split: None,
        image: inspected.facts.clone(),
        perceptual_hash: inspected.perceptual_hash,
        border: Some(inspected.border),
    })
}

/// The same samples with the side of each decided; what is excluded is logged.
///
/// # Errors
/// One sentence: why they cannot be trained on, and what to do.
pub fn split_samples(dataset: &DatasetName, samples: Vec<Sample>, settings: &Settings) -> Result<Vec<Sample>, String> {
    if let Some(obstacle) = obstacle(dataset, &samples) {
        return Err(obstacle);
    }
    warn_of_new(dataset, &samples);
    let changed = ingest::assign_split(&samples, settings.split.validation);
    if let Some(sentence) = ingest::excluded_message(&changed) {
        tracing::warn!(%dataset, details = %sentence, "Images excluded from the split");
    }
    let mut changed: BTreeMap<_, _> = changed.into_iter().map(|sample| (sample.hash, sample)).collect();
    Ok(samples.into_iter().map(|sample| changed.remove(&sample.hash).unwrap_or(sample)).collect())
}

//! A dataset in a folder that the user names, to the training of it.

use std::collections::BTreeMap;
use std::path::Path;

use crate::config::Settings;
use crate::content::{Reader, warn_of};
use crate::domain::{DatasetName, LabelledImage, Progress, Sample, Split, StopFlag};
use crate::ingest::{self, DataCheck, DataFindings, DatasetFolder, FolderError, Groups};
use crate::privacy::shown;

use super::retrain_check::obstacle;
use crate::privacy::SiteKey;

/// What a dataset's folder has to be trained on.
pub struct FolderData {
    /// Every image that can be used, each content once and on the strongest side that a folder names for it.
    pub samples: Vec<Sample>,
    /// What is to be said of them.
    pub findings: DataFindings,
}

/// Reads the class folders in `root`; `key` is that of the state folder. What is left out is logged. `own_pattern`: the pattern of the groups was set for this
/// dataset alone.
///
/// # Errors
/// [`FolderError`].
pub fn read_samples(
    (root, key): (&Path, &SiteKey),
    dataset: &DatasetName,
    (groups, own_pattern): (&Groups<'_>, bool),
    settings: &Settings,
    stop: &StopFlag,
    progress: &dyn Progress,
) -> Result<FolderData, FolderError> {
    // As in the inbox, what is transparent is black in what is kept of an image.
    let reader = Reader::new(&settings.limits, 0).at_frame(settings.images.dicom_frame);
    let found = ingest::inspect_images(root, (&reader, key), settings.compute.threads, stop, progress)?;
    if let Some(sentence) = ingest::duplicate_across_message(found.across.iter().map(String::as_str)) {
        tracing::warn!(%dataset, details = %sentence, "Images on several sides of the split");
    }
    let (classless, images): (Vec<&LabelledImage>, Vec<_>) = found.images.iter().partition(|image| is_classless(image));
    if let Some(sentence) = ingest::classless_message(classless.iter().map(|image| image.relative.as_str())) {
        tracing::warn!(%dataset, details = %sentence, "Images without a class");
    }
    warn_of("Left out", &found.failed);
    let reader = reader.below(root);
    ingest::warn_of_differing_repeats(&found, root, &reader);
    let contested = ingest::contested_files(&found, &reader);
    for (file, other) in &contested {
        tracing::warn!(
            file = %shown(file),
            other = %shown(other),
            advice = "remove the one with the wrong label",
            "Left out, as the same image is in another class"
        );
    }
    let used = images.into_iter().filter(|image| !contested.contains_key(&image.relative));
    let samples: Vec<Sample> = used.filter_map(|image| sample(image, &found, dataset, groups)).collect();
    let failed: Vec<String> = found.failed.iter().map(|failure| failure.path.to_string_lossy().into_owned()).collect();
    let readable = found.images.iter().map(|image| &image.relative).chain(&found.duplicates);
    let files = readable.chain(&failed).map(String::as_str).collect();
    let findings = DataCheck { dataset, groups, own_pattern, files, prefix: "" }.of(&samples);
    Ok(FolderData { samples, findings })
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
        group: groups.of(&image.relative, inspected.dicom.as_deref()),
        path: image.relative.clone(),
        side: image.split,
        split: None,
        image: inspected.facts.clone(),
        perceptual_hash: inspected.perceptual_hash,
        border: Some(inspected.border),
        dicom: inspected.dicom.clone(),
    })
}

/// The samples with the side of each decided, and all that a person should know of them; that, and what is excluded, is logged.
///
/// # Errors
/// One sentence: why they cannot be trained on, and what to do.
pub fn split_samples(
    dataset: &DatasetName,
    FolderData { samples, findings }: FolderData,
    settings: &Settings,
) -> Result<(Vec<Sample>, Vec<String>), String> {
    let DataFindings { obstacle: held_up, mut warnings } = findings;
    if let Some(obstacle) = obstacle(dataset, &samples).or(held_up) {
        warn(dataset, &warnings);
        return Err(obstacle);
    }
    let changed = ingest::assign_split(&samples, settings.split.validation);
    if let Some(sentence) = ingest::excluded_message(&changed) {
        tracing::warn!(%dataset, details = %sentence, "Images excluded from the split");
    }
    let mut changed: BTreeMap<_, _> = changed.into_iter().map(|sample| (sample.hash, sample)).collect();
    let samples: Vec<Sample> =
        samples.into_iter().map(|sample| changed.remove(&sample.hash).unwrap_or(sample)).collect();
    warnings.extend(ingest::unmeasured_classes(&samples));
    warn(dataset, &warnings);
    Ok((samples, warnings))
}

fn warn(dataset: &DatasetName, warnings: &[String]) {
    for warning in warnings {
        tracing::warn!(%dataset, details = %warning, "Dataset needs attention");
    }
}

//! The same image under two labels of a dataset, as the same file or saved again: which files may be such.
//!
//! One of the labels is wrong, and nobody but the user knows which, so all files of such an image are left out until a
//! label is taken back.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;

use crate::domain::{
    ClassName, ContentHash, DatasetName, FileOutcome, FileRecord, LabelConflict, Ledger, PerceptualHash, Role, Sample,
};

use super::Inspected;
use super::role::role_of;
use crate::content::{FileFailure, Reader};
use crate::privacy::shown;

/// Their stable word.
pub(super) const LABEL_CONFLICT: &str = "label-conflict";

/// A file of another class that may show the same image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rival {
    /// Where it lies.
    pub(super) path: String,
    /// Its label.
    pub(super) class: ClassName,
    /// What it is.
    pub(super) image: LabelConflict,
    /// The sample that it is, with other files perhaps; `None` of a file that is left out already.
    pub(super) is_sample: bool,
}

/// An image with a label, as far as rivals are found by it.
#[derive(Debug, Clone)]
struct Labelled {
    /// `None` of a sample, which the ledger knows.
    path: Option<String>,
    class: ClassName,
    hash: ContentHash,
}

/// What each dataset has, gathered once when it is first asked for.
#[derive(Debug, Default)]
pub(super) struct LabelledImages(BTreeMap<DatasetName, KnownImages>);

/// The images of one dataset. What is compared with every image lies close together, because there may be many.
#[derive(Debug, Default)]
struct KnownImages {
    images: Vec<Labelled>,
    /// Of each of them.
    perceptual_hashes: Vec<Option<PerceptualHash>>,
    by_hash: HashMap<ContentHash, Vec<usize>>,
    by_instance: HashMap<String, Vec<usize>>,
}

impl KnownImages {
    fn push(&mut self, path: Option<String>, class: ClassName, image: &LabelConflict) {
        let hash = image.hash;
        self.by_hash.entry(hash).or_default().push(self.images.len());
        if let Some(instance) = image.instance() {
            self.by_instance.entry(instance.clone()).or_default().push(self.images.len());
        }
        self.images.push(Labelled { path, class, hash });
        self.perceptual_hashes.push(image.perceptual_hash);
    }

    /// Images with this content or number, or that look like it.
    fn alike(&self, inspected: &Inspected) -> Vec<&Labelled> {
        let numbered = inspected.instance().and_then(|instance| self.by_instance.get(instance));
        let same = self.by_hash.get(&inspected.hash).into_iter().chain(numbered);
        let mut found: BTreeSet<usize> = same.flatten().copied().collect();
        if let Some(own) = inspected.perceptual_hash {
            let is_near = |other: &Option<PerceptualHash>| other.is_some_and(|other| own.is_near(&other));
            found.extend(
                self.perceptual_hashes.iter().enumerate().filter(|(_, other)| is_near(other)).map(|(at, _)| at),
            );
        }
        found.into_iter().map(|at| &self.images[at]).collect()
    }
}

impl LabelledImages {
    /// Images of other classes than `class` that are the same file as this one, or look like it. What has gone since it was
    /// gathered is among them.
    pub(super) fn rivals(
        &mut self,
        ledger: &Ledger,
        dataset: &DatasetName,
        class: &ClassName,
        inspected: &Inspected,
    ) -> Vec<Rival> {
        let images = self.0.entry(dataset.clone()).or_insert_with(|| gather(ledger, dataset));
        let others = images.alike(inspected).into_iter().filter(|image| image.class != *class);
        others.filter_map(|image| rival(ledger, dataset, image)).collect()
    }

    /// One more sample.
    pub(super) fn add_sample(&mut self, sample: &Sample) {
        if let Some(images) = self.0.get_mut(&sample.dataset) {
            images.push(None, sample.class.clone(), &sample.as_conflict());
        }
    }

    /// One more file that is left out.
    pub(super) fn add_conflict(&mut self, path: &str, image: &LabelConflict) {
        if let Ok(Role::Sample { dataset, class, .. }) = role_of(path)
            && let Some(images) = self.0.get_mut(&dataset)
        {
            images.push(Some(path.to_owned()), class, image);
        }
    }
}

fn gather(ledger: &Ledger, dataset: &DatasetName) -> KnownImages {
    let mut gathered = KnownImages::default();
    for sample in ledger.samples_of(dataset) {
        gathered.push(None, sample.class.clone(), &sample.as_conflict());
    }
    let folder = format!("datasets/{dataset}/");
    for file in ledger.files_below(&folder) {
        let (Some(conflict), Ok(Role::Sample { class, .. })) = (conflict_of(file), role_of(&file.path)) else {
            continue;
        };
        gathered.push(Some(file.path.clone()), class, conflict);
    }
    gathered
}

/// As the ledger has it now, or `None` when it has gone or is another image.
fn rival(ledger: &Ledger, dataset: &DatasetName, image: &Labelled) -> Option<Rival> {
    let (class, hash) = (image.class.clone(), image.hash);
    if let Some(path) = &image.path {
        let image = conflict_of(ledger.files.get(path)?)?.clone();
        return (image.hash == hash).then(|| Rival { path: path.clone(), class, image, is_sample: false });
    }
    let sample = ledger.samples.get(&(dataset.clone(), hash)).filter(|sample| sample.class == class)?;
    Some(Rival { path: sample.path.clone(), class, image: sample.as_conflict(), is_sample: true })
}

/// Whether a file is left out for its label.
pub(super) fn is_contested(outcome: &FileOutcome) -> bool {
    matches!(outcome, FileOutcome::Quarantined { code, .. } if code == LABEL_CONFLICT)
}

/// Why the file at `path` of class `class` is left out.
pub(super) fn label_conflict(path: &str, class: &ClassName, other: &Rival) -> FileFailure {
    FileFailure::new(
        path,
        LABEL_CONFLICT,
        format!("the same image is in the class `{}` as `{}`, so neither is used", other.class, shown(&other.path)),
        format!("remove it from `{}` or from `{class}`, whichever is wrong", other.class),
    )
}

/// What is known of the image of a file that is left out for its label.
pub(super) fn conflict_of(file: &FileRecord) -> Option<&LabelConflict> {
    match &file.outcome {
        FileOutcome::Quarantined { conflict, .. } => conflict.as_ref(),
        _ => None,
    }
}

/// Whether two files show the same image by their pixels; not if one is no image any more. Each with the content that it must
/// have, if that is known.
///
/// # Errors
/// [`FileFailure`] when a disk, a share or a permission keeps one from being read.
pub(super) fn show_the_same(reader: &Reader, files: [(PathBuf, Option<ContentHash>); 2]) -> Result<bool, FileFailure> {
    // One image in memory at a time.
    let thumbnail = |(path, expected): (PathBuf, _)| {
        let read = FileFailure::unless_refused(reader.picture(&path, expected))?;
        Ok(read.map(|(_, picture)| picture.grey_thumbnail()))
    };
    let [one, other] = files.map(thumbnail);
    Ok(one?.zip(other?).is_some_and(|(one, other)| one.is_same_image(&other)))
}

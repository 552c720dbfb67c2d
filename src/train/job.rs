//! What is to be trained on, and how.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::TrainError;
use super::features::FeatureFolder;
use crate::config::TrainSettings;
use crate::content::Reader;
use crate::domain::{
    AugmentedImage, ClassCount, ClassName, Clock, ContentHash, DatasetName, LabelledImage, ModelRecord,
    NonContentFacts, RunId, Split,
};
use crate::imaging::Picture;

/// Makes a fresh random copy of an original for one epoch (counted from 1), or says in a sentence why it cannot.
/// The same original and epoch must give the same image; it is called from several threads.
pub type FreshCopy<'a> = &'a (dyn Fn(&LabelledImage, u32) -> Result<Picture, String> + Sync);

/// What is learned from beside the originals, or in their place.
#[derive(Clone, Copy)]
pub enum Augmented<'a> {
    /// Originals and copies on disk.
    Expand(&'a [AugmentedImage]),
    /// In each epoch one fresh copy of each original in its place.
    InPlace(FreshCopy<'a>),
    /// Originals, copies on disk, and in each epoch one fresh copy of each original.
    Combined(&'a [AugmentedImage], FreshCopy<'a>),
}

impl<'a> Augmented<'a> {
    pub(super) fn copies(&self) -> &'a [AugmentedImage] {
        match self {
            Self::Expand(copies) | Self::Combined(copies, _) => copies,
            Self::InPlace(_) => &[],
        }
    }

    pub(super) fn fresh(&self) -> Option<FreshCopy<'a>> {
        match self {
            Self::InPlace(fresh) | Self::Combined(_, fresh) => Some(*fresh),
            Self::Expand(_) => None,
        }
    }

    /// Whether the originals themselves are learned from.
    pub(super) fn keeps_originals(&self) -> bool {
        !matches!(self, Self::InPlace(_))
    }
}

/// One training.
pub struct TrainJob<'a> {
    /// Its name, and the name of the model it makes.
    pub run_id: RunId,
    /// Identity of the training data, for the record.
    pub data_hash: ContentHash,
    /// Identity of the training data and of every setting that shapes the model, for the record.
    pub job_hash: ContentHash,
    /// The model whose network it is trained on, where that was asked for.
    pub like: Option<RunId>,
    /// On what.
    pub dataset: DatasetName,
    /// Where `history.csv`, `head.safetensors` and `model.json` go.
    pub run_dir: PathBuf,
    /// Where features are cached.
    pub features: FeatureFolder,
    /// Originals of all sides, in any order; the same content may not stand twice. Those on no side take no part.
    pub samples: &'a [LabelledImage],
    /// What is known of them apart from what they show, by content, for the shortcut audit; an image that is missing has no
    /// part in that.
    pub non_content: &'a BTreeMap<ContentHash, NonContentFacts>,
    /// What augmentation adds.
    pub augmented: Augmented<'a>,
    /// The model that it must come to, whose files are written again; `None` for a new one.
    pub recorded: Option<&'a ModelRecord>,
    /// Originals that could not be read when their copies were made, for the record.
    pub unread: &'a [ContentHash],
    /// Whether a model is made without originals that a disk, a share or a permission keeps from being read now.
    pub may_leave_out: bool,
    /// How it was augmented, for the record: mode, preset, recipe, seed.
    pub augmentation: serde_json::Value,
    /// What a person should know of the dataset, for the record.
    pub warnings: &'a [String],
    /// How the layer is fitted.
    pub settings: TrainSettings,
    /// How images are read.
    pub reader: Reader,
    /// What dates the record.
    pub clock: Clock,
}

impl TrainJob<'_> {
    /// Class names, sorted: the order of the layer's outputs.
    pub(super) fn classes(&self) -> Vec<ClassName> {
        let names: BTreeSet<_> = self.samples.iter().map(|image| image.class.clone()).collect();
        names.into_iter().collect()
    }
}

/// Originals a class on each side.
pub(super) fn count<'a>(samples: impl IntoIterator<Item = &'a LabelledImage>) -> BTreeMap<ClassName, ClassCount> {
    let mut counts: BTreeMap<ClassName, ClassCount> = BTreeMap::new();
    for image in samples {
        let count = counts.entry(image.class.clone()).or_default();
        match image.split {
            Some(Split::Train) => count.train += 1,
            Some(Split::Validation) => count.validation += 1,
            Some(Split::Test) => count.test += 1,
            Some(Split::Excluded) | None => {}
        }
    }
    counts
}

/// Whether these counts make a task: two classes, an original of each to learn from, and one at all to measure on.
pub(super) fn check(dataset: &DatasetName, counts: &BTreeMap<ClassName, ClassCount>) -> Result<(), TrainError> {
    let refuse = |reason: String| Err(TrainError::NotTrainable { dataset: dataset.to_string(), reason });
    if counts.len() < 2 {
        return refuse(format!(
            "it has {} class(es), at least 2 are required; add a folder for another class",
            counts.len()
        ));
    }
    if let Some((class, _)) = counts.iter().find(|(_, count)| count.train == 0) {
        return refuse(format!("class `{class}` has no usable training image; add images to its folder"));
    }
    if counts.values().all(|count| count.validation == 0) {
        let reason = "it has no usable validation image (images of one patient, or nearly the same, stay on one side of the \
                      split); add images or raise split.validation";
        return refuse(reason.to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(number: u8, class: &str, split: Split) -> LabelledImage {
        LabelledImage::example(class, &format!("{class}/{number}.png"), Some(split))
    }

    fn refusal(samples: &[LabelledImage]) -> String {
        check(&DatasetName::new("chest").unwrap(), &count(samples)).unwrap_err().to_string()
    }

    #[test]
    fn says_what_is_missing_for_a_task() {
        use Split::{Train, Validation};
        let mut samples = vec![image(1, "a", Train)];
        assert!(refusal(&samples).contains("it has 1 class(es)"));
        samples.push(image(2, "b", Validation));
        assert!(refusal(&samples).contains("class `b` has no usable training image"));
        samples[1].split = Some(Train);
        assert!(refusal(&samples).contains("it has no usable validation image"));
        samples.push(image(3, "a", Validation));
        check(&DatasetName::new("chest").unwrap(), &count(&samples)).unwrap();
    }
}

//! Samples and scans: what files in the inbox are for, and what is known of each.

use serde::{Deserialize, Serialize};

use std::path::Path;

use super::names::stem;
use super::{
    Border, ClassName, ContentHash, DatasetName, DicomFacts, ImageFacts, LabelConflict, LabelledImage, NonContentFacts,
    PerceptualHash, RunId, Split,
};

/// What a file in the inbox is for. The same image may be both.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// `datasets/<dataset>/<class>/**`, or `datasets/<dataset>/<side>/<class>/**`.
    Sample {
        /// The dataset's name.
        dataset: DatasetName,
        /// The side that a folder names.
        side: Option<Split>,
        /// The class's name.
        class: ClassName,
    },
    /// `scans/<dataset>/**`, or `scans/<file>` (no dataset named).
    Scan {
        /// The dataset whose model shall explain it, when the path says so.
        dataset: Option<DatasetName>,
    },
}

/// One labelled image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// The dataset it belongs to.
    pub dataset: DatasetName,
    /// Its label.
    pub class: ClassName,
    /// Its identity within the dataset.
    pub hash: ContentHash,
    /// Where it lies, relative to the inbox, `/`-separated.
    pub path: String,
    /// The patient (or other unit) it belongs to; one group never straddles the split.
    pub group: Option<String>,
    /// The side that its folder names (train, validation, test); `None` leaves it to the split.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side: Option<Split>,
    /// `None` until the next training decides it.
    pub split: Option<Split>,
    /// Facts from decoding.
    pub image: ImageFacts,
    /// What it looks like; `None` when it looks like nothing, and in records of older versions.
    #[serde(rename = "look", default, skip_serializing_if = "Option::is_none")]
    pub perceptual_hash: Option<PerceptualHash>,
    /// Its outermost ring; `None` in records of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub border: Option<Border>,
    /// What its DICOM file says beside the image; `None` of other files, and in records of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dicom: Option<Box<DicomFacts>>,
}

impl Sample {
    /// Its file, with what the stages need of it; `root` is the folder that its path starts at.
    pub fn labelled(&self, root: &Path) -> LabelledImage {
        LabelledImage {
            hash: self.hash,
            class: self.class.clone(),
            split: self.split,
            group: self.group.clone(),
            path: root.join(&self.path),
            relative: self.path.clone(),
        }
    }

    /// By what the same image is found under another label.
    pub fn as_conflict(&self) -> LabelConflict {
        LabelConflict { hash: self.hash, perceptual_hash: self.perceptual_hash, dicom: self.dicom.clone() }
    }

    /// Keyed hash of the number that DICOM gave the image.
    pub fn instance(&self) -> Option<&String> {
        self.dicom.as_ref()?.instance.as_ref()
    }

    /// What is known of it apart from what it shows.
    pub fn non_content(&self) -> NonContentFacts {
        NonContentFacts { file: self.image.clone(), border: self.border, dicom: self.dicom.clone() }
    }
}

#[cfg(test)]
impl Sample {
    /// An undecided 8-bit grey PNG of dataset `d`, for the tests of other rooms.
    pub(crate) fn example(content: &str, class: &str) -> Self {
        Self {
            dataset: DatasetName::new("d").unwrap(),
            class: ClassName::new(class).unwrap(),
            hash: ContentHash::of(content.as_bytes()),
            path: format!("datasets/d/{class}/{content}.png"),
            group: None,
            side: None,
            split: None,
            image: ImageFacts::example(),
            perceptual_hash: None,
            border: None,
            dicom: None,
        }
    }
}

/// How far a scan has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ScanState {
    /// No model explained it yet.
    Waiting,
    /// A report is written.
    Explained {
        /// The model that explained it.
        model: RunId,
        /// The report's folder, relative to `state/reports`.
        report: String,
    },
    /// It was explained, and its report was removed because of its age or of all reports together: it is not explained again.
    Removed {
        /// The model that explained it.
        model: RunId,
        /// The folder in which the report was, relative to `state/reports`.
        report: String,
    },
}

/// One unlabelled image to be explained.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scan {
    /// The dataset its path names; `None` lets the only dataset explain it.
    pub dataset: Option<DatasetName>,
    /// Its identity.
    pub hash: ContentHash,
    /// Where it lies, relative to the inbox, `/`-separated.
    pub path: String,
    /// How far it has come.
    #[serde(flatten)]
    pub state: ScanState,
    /// Facts from decoding.
    pub image: ImageFacts,
    /// What it looks like; `None` when it looks like nothing, and in records of older versions.
    #[serde(rename = "look", default, skip_serializing_if = "Option::is_none")]
    pub perceptual_hash: Option<PerceptualHash>,
    /// What its DICOM file says beside the image; `None` of other files, and in records of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dicom: Option<Box<DicomFacts>>,
}

impl Scan {
    /// Keyed hash of the number that DICOM gave the image.
    pub fn instance(&self) -> Option<&String> {
        self.dicom.as_ref()?.instance.as_ref()
    }

    /// The file name without folder and extension.
    pub fn stem(&self) -> &str {
        stem(&self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::{Sample, stem};

    #[test]
    fn records_from_before_folders_named_sides_are_read() {
        let old = r#"{"dataset":"d","class":"c","hash":"HASH","path":"datasets/d/c/a.png","group":null,"split":"validation",
            "image":{"width":1,"height":1,"format":"png","colour":"grey8"}}"#;
        let sample: Sample = serde_json::from_str(&old.replace("HASH", &"0".repeat(64))).unwrap();
        assert_eq!((sample.side, sample.split), (None, Some(crate::domain::Split::Validation)));
        assert!(!serde_json::to_string(&sample).unwrap().contains("side"), "and written as they were");
    }

    #[test]
    fn stem_drops_folders_and_one_extension() {
        assert_eq!(stem("datasets/x/y/a.b.png"), "a.b");
        assert_eq!(stem("plain"), "plain");
        assert_eq!(stem("scans/.hidden"), ".hidden");
    }
}

//! What is recorded: files, decisions, and the events that change what is known.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

use serde::{Deserialize, Serialize};

use crate::domain::{ContentHash, Counter, DatasetName, LabelConflict, ModelRecord, RunId, Sample, Scan};
use crate::stats::Paired;

/// Which scan: the dataset its path names, and its content.
pub type ScanKey = (Option<DatasetName>, ContentHash);

/// What a file looked like when it was read, enough to know whether it has to be read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FileStamp {
    /// Bytes.
    pub len: u64,
    /// Nanoseconds since the epoch.
    pub mtime_ns: i64,
    /// Inode: a file renamed over another shows even when size and time agree.
    pub inode: u64,
    /// Nanoseconds since the epoch of the last change of bytes, name or permissions; unlike the time of writing, no copying
    /// tool can set it back. `None` in records of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ctime_ns: Option<i64>,
    /// Of the first and last bytes, as [`Self::sample_of`]; `None` where they were not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<u64>,
}

impl FileStamp {
    /// Of a file that is not there.
    pub const NONE: Self = Self { len: 0, mtime_ns: i64::MIN, inode: 0, ctime_ns: None, sample: None };
    /// Bytes at each end of a file that its sample is made of.
    pub const SAMPLED: usize = 1 << 16;

    /// Whether a file that looks like this need not be read again, as it was read when it looked like `known`.
    ///
    /// What only one of the two has says nothing. On a network file system (`is_remote`) inodes may change at any time, so they
    /// count for nothing, and a changed `ctime_ns` only asks for the sample: where both have it, it decides.
    pub fn matches(&self, known: &Self, is_remote: bool) -> bool {
        let is_kept = self.has_same_bytes(known);
        let is_touched = self.ctime_ns.zip(known.ctime_ns).is_some_and(|(own, known)| own != known);
        match self.sample.zip(known.sample).filter(|_| is_remote) {
            Some((own, known)) => is_kept && own == known,
            None => is_kept && !is_touched && (is_remote || self.inode == known.inode),
        }
    }

    /// Whether nothing says that the file was written to; permissions may have changed, or it was copied.
    pub fn has_same_bytes(&self, known: &Self) -> bool {
        (self.len, self.mtime_ns) == (known.len, known.mtime_ns)
    }

    /// The sample of a file of which these are the first bytes and the last, up to [`Self::SAMPLED`] of each.
    pub fn sample_of(first: &[u8], last: &[u8]) -> u64 {
        let hash = ContentHash::of_parts([first, last]);
        hash.as_bytes().iter().take(8).fold(0, |sample, byte| sample << 8 | u64::from(*byte))
    }

    /// The same with the sample of the file's `bytes`.
    #[must_use]
    pub fn sampled(self, bytes: &[u8]) -> Self {
        let n = bytes.len().min(Self::SAMPLED);
        Self { sample: Some(Self::sample_of(&bytes[..n], &bytes[bytes.len() - n..])), ..self }
    }
}

impl From<&Metadata> for FileStamp {
    fn from(metadata: &Metadata) -> Self {
        let ns = |seconds: i64, ns| seconds.saturating_mul(1_000_000_000).saturating_add(ns);
        Self {
            len: metadata.len(),
            mtime_ns: ns(metadata.mtime(), metadata.mtime_nsec()),
            inode: metadata.ino(),
            ctime_ns: Some(ns(metadata.ctime(), metadata.ctime_nsec())),
            sample: None,
        }
    }
}

/// What became of one file in the inbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum FileOutcome {
    /// It is (one of the paths of) a sample.
    Sample {
        /// Whose dataset.
        dataset: DatasetName,
        /// Which content.
        hash: ContentHash,
    },
    /// It is (one of the paths of) a scan.
    Scan {
        /// The dataset its path names.
        dataset: Option<DatasetName>,
        /// Which content.
        hash: ContentHash,
    },
    /// It is another file of an image that is here already, by the number that DICOM gave the image. What its path names is
    /// a sample or a scan.
    Repeated {
        /// Its own content.
        hash: ContentHash,
        /// The content that stands for the image.
        of: ContentHash,
    },
    /// It says which images of a dataset belong together.
    Groups {
        /// Whose.
        dataset: DatasetName,
    },
    /// It could not be used.
    Quarantined {
        /// A stable word: `not-an-image`, `truncated`, `too-large`, `label-conflict`, ...
        code: String,
        /// What is wrong, one sentence.
        reason: String,
        /// What to do, one sentence.
        fix: String,
        /// Of a file whose image has another label too: the image.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        conflict: Option<LabelConflict>,
        /// Whether it holds DICOM, so that its name may be a patient's, whatever its extension.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        dicom: bool,
    },
}

impl FileOutcome {
    /// The image in it, as far as it is known.
    pub fn content(&self) -> Option<ContentHash> {
        match self {
            Self::Sample { hash, .. } | Self::Scan { hash, .. } | Self::Repeated { hash, .. } => Some(*hash),
            Self::Quarantined { conflict, .. } => conflict.as_ref().map(|image| image.hash),
            Self::Groups { .. } => None,
        }
    }
}

/// One file in the inbox: where, as of when, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRecord {
    /// Relative to the inbox, `/`-separated.
    pub path: String,
    /// As it was when it was read.
    pub stamp: FileStamp,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: FileOutcome,
}

/// The name of the folder of `datasets` below which a path lies.
fn dataset_folder(path: &str) -> Option<&str> {
    path.strip_prefix("datasets/")?.split_once('/').map(|(folder, _)| folder)
}

/// The dataset below whose folder in the inbox a path lies.
fn dataset_of(path: &str) -> Option<DatasetName> {
    DatasetName::new(dataset_folder(path)?).ok()
}

impl FileRecord {
    /// The name of the folder of `datasets` below which it lies, whatever became of it.
    pub fn dataset_folder(&self) -> Option<&str> {
        dataset_folder(&self.path)
    }
}

/// Whether a candidate became the best model, and on what evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// Which dataset.
    pub dataset: DatasetName,
    /// The candidate.
    pub run_id: RunId,
    /// Whether it is the best model from now on.
    pub promoted: bool,
    /// The best model until then.
    pub previous: Option<RunId>,
    /// Validation samples both were measured on.
    pub n_validation: u64,
    /// How many of them the candidate got right.
    pub candidate_correct: u64,
    /// How many of them the previous best got right, now; `None` when there was none to compare.
    pub previous_correct: Option<u64>,
    /// The two on the same images, one by one: the candidate first. `None` when there was nothing to compare, and in
    /// records of older versions.
    #[serde(default)]
    pub paired: Option<Paired>,
    /// One sentence.
    pub reason: String,
    /// A person decided, as by `models promote`; `false` in records of older versions.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_hand: bool,
    /// RFC 3339, UTC.
    pub at: String,
}

/// One change of what the program knows. Applying the same event twice to a record changes nothing, but `Counted` adds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum LedgerEvent {
    /// A file was read; replaces what was known of its path.
    File(FileRecord),
    /// A file is no longer there.
    FileGone {
        /// Relative to the inbox.
        path: String,
    },
    /// A sample is new or changed (path, split).
    Sample(Sample),
    /// A sample has no file left. Its path and its group stay known, so that it can still be erased by them.
    FormerSample(Sample),
    /// Nothing is recorded of a sample any more.
    SampleGone {
        /// Whose.
        dataset: DatasetName,
        /// Which.
        hash: ContentHash,
    },
    /// A scan is new or changed (path, state).
    Scan(Scan),
    /// A scan has no file left, and nobody had explained it yet.
    ScanGone {
        /// The dataset that its path named.
        dataset: Option<DatasetName>,
        /// Which.
        hash: ContentHash,
    },
    /// A person had an image erased: its content is not taken in again, wherever it lies, and no other file of it.
    Forgotten {
        /// Which.
        hash: ContentHash,
        /// Keyed hash of the number that DICOM gave it; `None` of other files, and in records of older versions.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        instance: Option<String>,
    },
    /// What was made of a forgotten image is to be removed, whether or not anything of it is recorded.
    ErasureDue {
        /// Which.
        hash: ContentHash,
    },
    /// Nothing is left of a forgotten image.
    ImageErased {
        /// Which.
        hash: ContentHash,
    },
    /// A person let a forgotten image in again.
    Readmitted {
        /// Which.
        hash: ContentHash,
    },
    /// A person had a file of unknown content erased; its name goes with all that was made of it.
    FileForgotten {
        /// Relative to the inbox.
        path: String,
    },
    /// Nothing is left of a file of unknown content.
    FileErased {
        /// Relative to the inbox.
        path: String,
    },
    /// A training finished and its files are on disk; or they were removed, as its record then says.
    Run(Box<ModelRecord>),
    /// A candidate was compared with the best model.
    Decision(Decision),
    /// Work done.
    Counted {
        /// What.
        counter: Counter,
        /// How many more.
        n: u64,
    },
}

impl LedgerEvent {
    /// The dataset whose images, files or models it changes.
    pub fn dataset(&self) -> Option<DatasetName> {
        match self {
            Self::File(file) => dataset_of(&file.path),
            Self::FileGone { path } | Self::FileForgotten { path } | Self::FileErased { path } => dataset_of(path),
            Self::Sample(sample) | Self::FormerSample(sample) => Some(sample.dataset.clone()),
            Self::SampleGone { dataset, .. } => Some(dataset.clone()),
            Self::Run(model) => Some(model.dataset.clone()),
            Self::Decision(decision) => Some(decision.dataset.clone()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;

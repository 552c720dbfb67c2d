//! What the program knows: a fold over events. The registry keeps both, the daemon reads this one.

mod index;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fs::Metadata;
use std::ops::Bound;
use std::os::unix::fs::MetadataExt;

use rpds::{RedBlackTreeMapSync, VectorSync};
use serde::{Deserialize, Serialize};

use super::{ClassName, ContentHash, Counter, Counters, DatasetName, ModelRecord, RunId, Sample, Scan, Split};
use crate::stats::Paired;
use index::Index;

/// Which scan: the dataset its path names, and its content.
pub type ScanKey = (Option<DatasetName>, ContentHash);

/// Size and time of a file, enough to know that it was not touched since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileStamp {
    /// Bytes.
    pub len: u64,
    /// Nanoseconds since the epoch.
    pub mtime_ns: i64,
    /// Inode: a file renamed over another shows even when size and time agree.
    pub inode: u64,
}

impl FileStamp {
    /// Of a file that is not there.
    pub const NONE: Self = Self { len: 0, mtime_ns: i64::MIN, inode: 0 };
}

impl From<&Metadata> for FileStamp {
    fn from(metadata: &Metadata) -> Self {
        let mtime_ns = metadata.mtime().saturating_mul(1_000_000_000).saturating_add(metadata.mtime_nsec());
        Self { len: metadata.len(), mtime_ns, inode: metadata.ino() }
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
    },
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
    /// A sample has no file left.
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
    /// A training finished and its files are on disk.
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

/// Everything known, as of the last event. A copy shares what it holds with the original, so it costs next to nothing,
/// however much is known; it changes by [`Ledger::apply`] alone, but for what a registry reads back.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Ledger {
    /// By path relative to the inbox.
    pub files: RedBlackTreeMapSync<String, FileRecord>,
    /// By dataset and content.
    pub samples: RedBlackTreeMapSync<(DatasetName, ContentHash), Sample>,
    /// By the dataset named in the path, and content.
    pub scans: RedBlackTreeMapSync<ScanKey, Scan>,
    /// By dataset and run.
    pub runs: RedBlackTreeMapSync<(DatasetName, RunId), ModelRecord>,
    /// The promoted model of each dataset.
    pub best: BTreeMap<DatasetName, RunId>,
    /// In order of time.
    pub decisions: VectorSync<Decision>,
    /// Work done.
    pub counters: Counters,
    index: Index,
}

impl Ledger {
    /// Folds one event in.
    pub fn apply(&mut self, event: &LedgerEvent) {
        match event {
            LedgerEvent::File(file) => {
                self.index.file_changes(self.files.get(&file.path), Some(file));
                self.files.insert_mut(file.path.clone(), file.clone());
            }
            LedgerEvent::FileGone { path } => {
                self.index.file_changes(self.files.get(path), None);
                self.files.remove_mut(path);
            }
            LedgerEvent::Sample(sample) => {
                let key = (sample.dataset.clone(), sample.hash);
                self.index.sample_changes(self.samples.get(&key), Some(sample));
                self.samples.insert_mut(key, sample.clone());
            }
            LedgerEvent::SampleGone { dataset, hash } => {
                let key = (dataset.clone(), *hash);
                self.index.sample_changes(self.samples.get(&key), None);
                self.samples.remove_mut(&key);
            }
            LedgerEvent::Scan(scan) => {
                let key = (scan.dataset.clone(), scan.hash);
                self.index.scan_changes(self.scans.get(&key), Some(scan));
                self.scans.insert_mut(key, scan.clone());
            }
            LedgerEvent::ScanGone { dataset, hash } => {
                let key = (dataset.clone(), *hash);
                self.index.scan_changes(self.scans.get(&key), None);
                self.scans.remove_mut(&key);
            }
            LedgerEvent::Run(model) => {
                self.runs.insert_mut((model.dataset.clone(), model.run_id.clone()), (**model).clone());
            }
            LedgerEvent::Decision(decision) => {
                if decision.promoted {
                    self.best.insert(decision.dataset.clone(), decision.run_id.clone());
                }
                self.decisions.push_back_mut(decision.clone());
            }
            LedgerEvent::Counted { counter, n } => self.counters[*counter] += n,
        }
    }

    /// Names of the datasets that have samples, sorted.
    pub fn datasets(&self) -> impl Iterator<Item = &DatasetName> {
        self.index.class_counts.keys()
    }

    /// Whether a dataset has samples.
    pub fn has_samples(&self, dataset: &DatasetName) -> bool {
        self.index.class_counts.contains_key(dataset)
    }

    /// The samples of one dataset, in hash order.
    pub fn samples_of<'a>(&'a self, dataset: &'a DatasetName) -> impl Iterator<Item = &'a Sample> {
        let (first, last) = ((dataset.clone(), ContentHash::FIRST), (dataset.clone(), ContentHash::LAST));
        self.samples.range(first..=last).map(|(_, sample)| sample)
    }

    /// The models of one dataset, oldest first.
    pub fn runs_of<'a>(&'a self, dataset: &'a DatasetName) -> impl Iterator<Item = &'a ModelRecord> {
        self.runs.values().filter(move |model| model.dataset == *dataset)
    }

    /// The promoted model of a dataset.
    pub fn best_model(&self, dataset: &DatasetName) -> Option<&ModelRecord> {
        let run_id = self.best.get(dataset)?;
        self.runs.get(&(dataset.clone(), run_id.clone()))
    }

    /// How many scans no model has explained yet, by the dataset that their paths name.
    pub fn n_waiting_scans(&self) -> &BTreeMap<Option<DatasetName>, usize> {
        &self.index.n_waiting
    }

    /// Scans whose paths name `dataset`, or none, and that no model has explained yet; in hash order.
    pub fn waiting_scans<'a>(&'a self, dataset: &Option<DatasetName>) -> impl Iterator<Item = &'a Scan> {
        let (first, last) = ((dataset.clone(), ContentHash::FIRST), (dataset.clone(), ContentHash::LAST));
        self.index.waiting.range(first..=last).filter_map(|key| self.scans.get(key))
    }

    /// The files that hold a content, whatever role they have: those of the strongest side first, and then by path.
    pub fn files_holding(&self, hash: ContentHash) -> impl Iterator<Item = &FileRecord> {
        let from = self.index.holders.range((hash, Reverse(Some(Split::Excluded)), String::new())..);
        from.take_while(move |(of, ..)| *of == hash).filter_map(|(.., path)| self.files.get(path))
    }

    /// The files under a folder, which ends in `/`; sorted.
    pub fn files_below<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a FileRecord> {
        let from = self.files.range::<str, _>((Bound::Included(folder), Bound::Unbounded));
        from.take_while(move |(path, _)| path.starts_with(folder)).map(|(_, file)| file)
    }

    /// Samples of each class on each side of the split; `None` counts the undecided.
    pub fn class_counts(&self, dataset: &DatasetName) -> BTreeMap<ClassName, BTreeMap<Option<Split>, u64>> {
        self.index.class_counts.get(dataset).cloned().unwrap_or_default()
    }
}

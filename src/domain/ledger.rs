//! What the program knows: a fold over events. The registry keeps both, the service reads this one.

mod index;
mod outdated;
mod records;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use rpds::{RedBlackTreeMapSync, RedBlackTreeSetSync, VectorSync};

use super::{ClassName, ContentHash, Counters, DatasetName, ModelRecord, RunId, Sample, Scan, Split};
use index::Index;

pub use records::{Decision, FileOutcome, FileRecord, FileStamp, LedgerEvent, ScanKey};

/// The classes that datasets have now; of a dataset that is not named nothing is known.
pub type CurrentClasses = BTreeMap<DatasetName, BTreeSet<ClassName>>;

/// Everything known, as of the last event. A copy shares what it holds with the original, so it costs next to nothing,
/// however much is known; it changes by [`Ledger::apply`] alone, but for what a registry reads back.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Ledger {
    /// By path relative to the inbox.
    pub files: RedBlackTreeMapSync<String, FileRecord>,
    /// By dataset and content.
    pub samples: RedBlackTreeMapSync<(DatasetName, ContentHash), Sample>,
    /// Samples that have no file left, as they were; by dataset and content.
    pub former_samples: RedBlackTreeMapSync<(DatasetName, ContentHash), Sample>,
    /// By the dataset named in the path, and content.
    pub scans: RedBlackTreeMapSync<ScanKey, Scan>,
    /// By dataset and run.
    pub runs: RedBlackTreeMapSync<(DatasetName, RunId), ModelRecord>,
    /// The promoted model of each dataset.
    pub best: BTreeMap<DatasetName, RunId>,
    /// In order of time.
    pub decisions: VectorSync<Decision>,
    /// Contents that are not taken in, because a person had them erased; each with the keyed hash of the number that DICOM gave
    /// the image, of which no other file is taken in either.
    pub forgotten: RedBlackTreeMapSync<ContentHash, Option<String>>,
    /// Of these, the contents whose erasure is not done.
    pub unerased: RedBlackTreeSetSync<ContentHash>,
    /// Files of unknown content that a person had erased, while that is not done; relative to the inbox.
    pub forgotten_files: RedBlackTreeSetSync<String>,
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
                self.former_samples.remove_mut(&key);
                self.samples.insert_mut(key, sample.clone());
            }
            LedgerEvent::FormerSample(sample) => {
                let key = (sample.dataset.clone(), sample.hash);
                self.remove_sample(&key);
                self.former_samples.insert_mut(key, sample.clone());
            }
            LedgerEvent::SampleGone { dataset, hash } => {
                let key = (dataset.clone(), *hash);
                self.remove_sample(&key);
                self.former_samples.remove_mut(&key);
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
            LedgerEvent::Forgotten { hash, instance } => {
                self.index.forgotten_changes(*hash, self.forgotten.get(hash), Some(instance));
                self.forgotten.insert_mut(*hash, instance.clone());
            }
            LedgerEvent::Readmitted { hash } => {
                self.index.forgotten_changes(*hash, self.forgotten.get(hash), None);
                self.forgotten.remove_mut(hash);
            }
            LedgerEvent::ErasureDue { hash } => self.unerased.insert_mut(*hash),
            LedgerEvent::ImageErased { hash } => {
                self.unerased.remove_mut(hash);
            }
            LedgerEvent::FileForgotten { path } => self.forgotten_files.insert_mut(path.clone()),
            LedgerEvent::FileErased { path } => {
                self.forgotten_files.remove_mut(path);
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

    fn remove_sample(&mut self, key: &(DatasetName, ContentHash)) {
        self.index.sample_changes(self.samples.get(key), None);
        self.samples.remove_mut(key);
    }

    /// Whether a person had an image with this number (keyed hash) erased.
    pub fn has_forgotten(&self, instance: &str) -> bool {
        let first = (instance.to_owned(), ContentHash::FIRST);
        self.index.forgotten_numbers.range(first..).next().is_some_and(|(number, _)| number == instance)
    }

    /// The number (keyed hash) that DICOM gave each image of which anything is recorded.
    pub fn numbered(&self) -> impl Iterator<Item = (ContentHash, &String)> {
        let samples = self.samples_ever().map(|sample| (sample.hash, sample.instance()));
        let scans = self.scans.values().map(|scan| (scan.hash, scan.instance()));
        let contested = self.files.values().filter_map(|file| match &file.outcome {
            FileOutcome::Quarantined { conflict, .. } => conflict.as_ref().map(|image| (image.hash, image.instance())),
            _ => None,
        });
        let forgotten = self.forgotten.iter().map(|(hash, instance)| (*hash, instance.as_ref()));
        let all = samples.chain(scans).chain(contested).chain(forgotten);
        all.filter_map(|(hash, instance)| Some((hash, instance?)))
    }

    /// The samples of every dataset, and those that have no file left.
    pub fn samples_ever(&self) -> impl Iterator<Item = &Sample> {
        self.samples.values().chain(self.former_samples.values())
    }

    /// Names of the datasets that have samples, sorted.
    pub fn datasets(&self) -> impl Iterator<Item = &DatasetName> {
        self.index.class_counts.keys()
    }

    /// Names of the datasets of which anything is known: images, models, or files below their folders.
    pub fn known_datasets(&self) -> BTreeSet<DatasetName> {
        let of_runs = self.runs.keys().map(|(dataset, _)| dataset.clone());
        // In the order of their paths, files of one dataset follow one another.
        let mut of_files: Vec<&str> = self.files_below("datasets/").filter_map(FileRecord::dataset_folder).collect();
        of_files.dedup();
        let of_files = of_files.into_iter().filter_map(|name| DatasetName::new(name).ok());
        self.datasets().cloned().chain(of_runs).chain(of_files).collect()
    }

    /// Whether a dataset has samples.
    pub fn has_samples(&self, dataset: &DatasetName) -> bool {
        self.index.class_counts.contains_key(dataset)
    }

    /// The sample with this content, unless it is forgotten.
    pub fn sample(&self, dataset: &DatasetName, hash: ContentHash) -> Option<&Sample> {
        self.samples.get(&(dataset.clone(), hash)).filter(|_| !self.forgotten.contains_key(&hash))
    }

    /// The samples of one dataset, in hash order; none that is forgotten, though its erasure may wait.
    pub fn samples_of<'a>(&'a self, dataset: &'a DatasetName) -> impl Iterator<Item = &'a Sample> {
        let (first, last) = ((dataset.clone(), ContentHash::FIRST), (dataset.clone(), ContentHash::LAST));
        let samples = self.samples.range(first..=last).map(|(_, sample)| sample);
        samples.filter(|sample| !self.forgotten.contains_key(&sample.hash))
    }

    /// The models of one dataset, oldest first.
    pub fn runs_of<'a>(&'a self, dataset: &'a DatasetName) -> impl Iterator<Item = &'a ModelRecord> {
        self.runs.values().filter(move |model| model.dataset == *dataset)
    }

    /// The model of a dataset's last training, whether it was promoted or not.
    pub fn last_trained(&self, dataset: &DatasetName) -> Option<&ModelRecord> {
        let runs = self.runs.values().filter(|model| model.dataset == *dataset && !model.is_imported());
        runs.max_by_key(|model| model.run_id.number())
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

    /// Scans whose paths name `dataset`, or none, and that no model has explained yet; in hash order, and none that is forgotten.
    pub fn waiting_scans<'a>(&'a self, dataset: &Option<DatasetName>) -> impl Iterator<Item = &'a Scan> {
        let (first, last) = ((dataset.clone(), ContentHash::FIRST), (dataset.clone(), ContentHash::LAST));
        let waiting = self.index.waiting.range(first..=last).filter(|(_, hash)| !self.forgotten.contains_key(hash));
        waiting.filter_map(|key| self.scans.get(key))
    }

    /// The files that hold a content, whatever role they have: those of the strongest side first, and then by path.
    pub fn files_holding(&self, hash: ContentHash) -> impl Iterator<Item = &FileRecord> {
        let from = self.index.holders.range((hash, Reverse(Some(Split::Excluded)), String::new())..);
        from.take_while(move |(of, ..)| *of == hash).filter_map(|(.., path)| self.files.get(path))
    }

    /// The files that repeat an image, whatever their paths name: `of` is the content that stands for it. Sorted.
    pub fn repeats_of(&self, of: ContentHash) -> impl Iterator<Item = &FileRecord> {
        let from = self.index.repeats.range((of, String::new())..);
        from.take_while(move |(content, _)| *content == of).filter_map(|(_, path)| self.files.get(path))
    }

    /// Samples of a dataset with this keyed hash of a DICOM number, in hash order.
    pub fn samples_numbered(&self, dataset: &DatasetName, instance: &str) -> impl Iterator<Item = &Sample> {
        let key = |hash| (dataset.clone(), instance.to_owned(), hash);
        let found = self.index.numbered_samples.range(key(ContentHash::FIRST)..=key(ContentHash::LAST));
        found.filter_map(|(dataset, _, hash)| self.samples.get(&(dataset.clone(), *hash)))
    }

    /// Scans whose paths name `dataset`, or none, with this keyed hash of a DICOM number, in hash order.
    pub fn scans_numbered(&self, dataset: Option<&DatasetName>, instance: &str) -> impl Iterator<Item = &Scan> {
        let key = |hash| (dataset.cloned(), instance.to_owned(), hash);
        let found = self.index.numbered_scans.range(key(ContentHash::FIRST)..=key(ContentHash::LAST));
        found.filter_map(|(dataset, _, hash)| self.scans.get(&(dataset.clone(), *hash)))
    }

    /// The files under a folder, which ends in `/`; sorted.
    pub fn files_below<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a FileRecord> {
        let from = self.files.range::<str, _>((Bound::Included(folder), Bound::Unbounded));
        from.take_while(move |(path, _)| path.starts_with(folder)).map(|(_, file)| file)
    }

    /// The classes of the datasets that have samples; none of those that were trained on here and have none any more.
    pub fn current_classes(&self) -> CurrentClasses {
        let empty = self.best.keys().filter(|dataset| !self.has_samples(dataset));
        let trained = empty.filter(|dataset| self.last_trained(dataset).is_some());
        let trained = trained.map(|dataset| (dataset.clone(), BTreeSet::new()));
        let classes = self.index.class_counts.iter();
        let present = classes.map(|(dataset, counts)| (dataset.clone(), counts.keys().cloned().collect()));
        trained.chain(present).collect()
    }

    /// Samples of each class on each side of the split; `None` counts the undecided.
    pub fn class_counts(&self, dataset: &DatasetName) -> BTreeMap<ClassName, BTreeMap<Option<Split>, u64>> {
        self.index.class_counts.get(dataset).cloned().unwrap_or_default()
    }
}

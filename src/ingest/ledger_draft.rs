//! The ledger as it will be: what one file after the other changes, in memory, written down as events.

mod quarantining;
mod repeating;

use std::collections::{BTreeMap, BTreeSet};

use super::Inspected;
use super::groups::GroupBook;
use super::label_conflicts::{LabelledImages, Rival, conflict_of, is_contested};
use super::role::{lists_groups, role_of};
use crate::domain::{
    ClassName, ContentHash, Counter, DatasetName, FileOutcome, FileRecord, FileStamp, LabelConflict, Ledger,
    LedgerEvent, Role, Sample, Scan, ScanState, Split,
};

/// A sample or a scan, as files refer to it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum DraftContent {
    Sample(DatasetName, ContentHash),
    Scan(Option<DatasetName>, ContentHash),
}

impl DraftContent {
    fn of(outcome: &FileOutcome) -> Option<Self> {
        match outcome {
            FileOutcome::Sample { dataset, hash } => Some(Self::Sample(dataset.clone(), *hash)),
            FileOutcome::Scan { dataset, hash } => Some(Self::Scan(dataset.clone(), *hash)),
            FileOutcome::Repeated { .. } | FileOutcome::Groups { .. } | FileOutcome::Quarantined { .. } => None,
        }
    }

    fn hash(&self) -> ContentHash {
        match self {
            Self::Sample(_, hash) | Self::Scan(_, hash) => *hash,
        }
    }

    fn outcome(&self) -> FileOutcome {
        match self.clone() {
            Self::Sample(dataset, hash) => FileOutcome::Sample { dataset, hash },
            Self::Scan(dataset, hash) => FileOutcome::Scan { dataset, hash },
        }
    }
}

/// What a file that was admitted turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Admission {
    /// An image that was not known in this role.
    New,
    /// One more file with the image that is also at this path.
    SameAs(String),
    /// Another file of the image that is also at this path, by the number that DICOM gave it.
    Repeats(String),
    /// The image was known, and this is its path now.
    Known,
}

/// Whether the file with this stamp is in the inbox, at this path, at this moment.
pub(super) type IsThere<'a> = dyn Fn(&str, FileStamp) -> bool + 'a;

/// A copy of the ledger that files are taken into one by one.
pub(super) struct LedgerDraft<'a> {
    ledger: Ledger,
    events: Vec<LedgerEvent>,
    groups: &'a GroupBook<'a>,
    /// What was moved or written over must not count as still lying where it was.
    is_there: &'a IsThere<'a>,
    /// Images whose label was given up, so that a conflict over it may be solved.
    freed: Vec<(DatasetName, LabelConflict)>,
    /// Files that repeated an image for which nothing stands any more.
    freed_repeats: BTreeSet<String>,
    labelled: LabelledImages,
}

impl<'a> LedgerDraft<'a> {
    pub(super) fn new(ledger: &Ledger, groups: &'a GroupBook<'a>, is_there: &'a IsThere<'a>) -> Self {
        Self {
            ledger: ledger.clone(),
            events: Vec::new(),
            groups,
            is_there,
            freed: Vec::new(),
            freed_repeats: BTreeSet::new(),
            labelled: LabelledImages::default(),
        }
    }

    /// What all that was taken in changes, in order.
    pub(super) fn into_events(self) -> Vec<LedgerEvent> {
        self.events
    }

    pub(super) fn record(&self, path: &str) -> Option<&FileRecord> {
        self.ledger.files.get(path)
    }

    /// Files that were quarantined because of a label that may be free now, or that repeated an image for which nothing stands
    /// any more; each is named once.
    pub(super) fn take_freed(&mut self) -> Vec<String> {
        let mut files: Vec<String> = std::mem::take(&mut self.freed_repeats).into_iter().collect();
        let mut freed: BTreeMap<DatasetName, Vec<LabelConflict>> = BTreeMap::new();
        for (dataset, image) in std::mem::take(&mut self.freed) {
            freed.entry(dataset).or_default().push(image);
        }
        for (dataset, images) in freed {
            let below = format!("datasets/{dataset}/");
            let contested = self.ledger.files_below(&below).filter(|file| is_contested(&file.outcome));
            // An older version did not keep what the file was.
            let is_one = |conflict: &LabelConflict| images.iter().any(|image| conflict.may_be(image));
            let freed = contested.filter(|file| conflict_of(file).is_none_or(is_one));
            files.extend(freed.map(|file| file.path.clone()));
        }
        files
    }

    /// Files of other classes of the dataset that may show the same image and are there: the same file, or one that looks
    /// like it.
    pub(super) fn rivals(
        &mut self,
        path: &str,
        dataset: &DatasetName,
        class: &ClassName,
        inspected: &Inspected,
    ) -> Vec<Rival> {
        let found = self.labelled.rivals(&self.ledger, dataset, class, inspected);
        let there = |rival: Rival| {
            let content = DraftContent::Sample(dataset.clone(), rival.image.hash);
            let mut files: Vec<&str> = vec![&rival.path];
            files.extend(self.others(&content, &rival.path));
            let there = files.into_iter().find(|file| *file != path && self.holds_on(file))?.to_owned();
            Some(Rival { path: there, ..rival })
        };
        found.into_iter().filter_map(there).collect()
    }

    /// The files of a sample, and what each of them is.
    pub(super) fn files_of(
        &self,
        dataset: &DatasetName,
        hash: ContentHash,
    ) -> (Vec<FileRecord>, Option<LabelConflict>) {
        let content = DraftContent::Sample(dataset.clone(), hash);
        let files = self.others(&content, "").filter_map(|path| self.record(path).cloned()).collect();
        let sample = self.ledger.samples.get(&(dataset.clone(), hash));
        (files, sample.map(Sample::as_conflict))
    }

    /// Takes in a file that could be read.
    pub(super) fn admit(&mut self, path: &str, role: &Role, inspected: &Inspected) -> Admission {
        if let Some((of, holder)) = self.repeated(path, role, inspected) {
            self.repeat(path, inspected.stamp, inspected.hash, &of);
            return Admission::Repeats(holder);
        }
        let (content, admission) = match role {
            Role::Sample { dataset, side, class } => {
                let admission = self.admit_sample(path, dataset, *side, class, inspected);
                (DraftContent::Sample(dataset.clone(), inspected.hash), admission)
            }
            Role::Scan { dataset } => {
                let content = DraftContent::Scan(dataset.clone(), inspected.hash);
                (content, self.admit_scan(path, dataset.as_ref(), inspected))
            }
        };
        self.put_file(path, inspected.stamp, content.outcome());
        admission
    }

    /// A known file has other metadata and the same bytes; `false` when it is not known any more.
    pub(super) fn touch(&mut self, path: &str, stamp: FileStamp) -> bool {
        let Some(outcome) = self.record(path).map(|record| record.outcome.clone()) else { return false };
        self.put_file(path, stamp, outcome);
        true
    }

    /// Forgets a file that is not there any more.
    pub(super) fn gone(&mut self, path: &str) {
        if self.record(path).is_some() {
            self.release(path);
            self.put(LedgerEvent::FileGone { path: path.to_owned() });
            if let Some(dataset) = lists_groups(path) {
                self.regroup(&dataset);
            }
        }
    }

    /// Takes in a list of groups that can be used; returns how many samples it puts into another group.
    pub(super) fn admit_list(&mut self, path: &str, stamp: FileStamp, dataset: &DatasetName) -> usize {
        self.put_file(path, stamp, FileOutcome::Groups { dataset: dataset.clone() });
        self.regroup(dataset)
    }

    /// Brings the samples' groups up to their list. A sample of another group is split anew.
    fn regroup(&mut self, dataset: &DatasetName) -> usize {
        let regrouped = |sample: &Sample| {
            let group = self.group_of(sample, &sample.path);
            (group != sample.group).then(|| Sample { group, split: None, ..sample.clone() })
        };
        let changed: Vec<Sample> = self.ledger.samples_of(dataset).filter_map(regrouped).collect();
        let n_changed = changed.len();
        for sample in changed {
            self.put(LedgerEvent::Sample(sample));
        }
        n_changed
    }

    fn admit_sample(
        &mut self,
        path: &str,
        dataset: &DatasetName,
        side: Option<Split>,
        class: &ClassName,
        inspected: &Inspected,
    ) -> Admission {
        let known = self.ledger.samples.get(&(dataset.clone(), inspected.hash)).cloned();
        let Some(known) = known else {
            let sample = Sample {
                dataset: dataset.clone(),
                class: class.clone(),
                hash: inspected.hash,
                path: path.to_owned(),
                group: self.groups.of(dataset, path, inspected.dicom.as_deref(), None),
                side,
                split: None,
                image: inspected.facts.clone(),
                perceptual_hash: inspected.perceptual_hash,
                border: Some(inspected.border),
                dicom: inspected.dicom.clone(),
            };
            self.put(LedgerEvent::Sample(sample));
            self.put(LedgerEvent::Counted { counter: Counter::Samples, n: 1 });
            return Admission::New;
        };
        let holder = self.holder(&DraftContent::Sample(dataset.clone(), inspected.hash), path);
        if let Some(holder) = holder {
            // Of two sides the stronger one has it: what is measured on may not be learned from.
            let path = if side > known.side { path } else { &known.path };
            self.put_changed(&known, self.moved(Sample { dicom: inspected.dicom.clone(), ..known.clone() }, path));
            return Admission::SameAs(holder);
        }
        if known.class != *class {
            self.free(&known);
        }
        // An older version did not keep the border and the facts.
        let (border, dicom) = (Some(inspected.border), inspected.dicom.clone());
        let sample = Sample { class: class.clone(), border, dicom, ..known.clone() };
        self.put_changed(&known, self.moved(sample, path));
        Admission::Known
    }

    fn admit_scan(&mut self, path: &str, dataset: Option<&DatasetName>, inspected: &Inspected) -> Admission {
        let known = self.ledger.scans.get(&(dataset.cloned(), inspected.hash)).cloned();
        let Some(known) = known else {
            let scan = Scan {
                dataset: dataset.cloned(),
                hash: inspected.hash,
                path: path.to_owned(),
                state: ScanState::Waiting,
                image: inspected.facts.clone(),
                perceptual_hash: inspected.perceptual_hash,
                dicom: inspected.dicom.clone(),
            };
            self.put(LedgerEvent::Scan(scan));
            return Admission::New;
        };
        let holder = self.holder(&DraftContent::Scan(dataset.cloned(), inspected.hash), path);
        let path = if holder.is_some() { &known.path } else { path };
        // An older version did not keep the facts.
        let (perceptual_hash, dicom) = (inspected.perceptual_hash, inspected.dicom.clone());
        let scan = Scan { path: path.to_owned(), perceptual_hash, dicom, ..known.clone() };
        if scan != known {
            self.put(LedgerEvent::Scan(scan));
        }
        holder.map_or(Admission::Known, Admission::SameAs)
    }

    /// The other files with this content in this role: those of the strongest side first.
    fn others<'s>(&'s self, content: &'s DraftContent, path: &'s str) -> impl Iterator<Item = &'s str> {
        let holding = self.ledger.files_holding(content.hash());
        let is_other = move |file: &&FileRecord| {
            file.path != path && DraftContent::of(&file.outcome).is_some_and(|of| of == *content)
        };
        holding.filter(is_other).map(|file| file.path.as_str())
    }

    /// Whether a file that is known is still there as it was.
    fn holds_on(&self, path: &str) -> bool {
        self.record(path).is_some_and(|record| (self.is_there)(path, record.stamp))
    }

    /// Another file that holds this content. When there is none, those that are not there any more are forgotten, so that a
    /// image that was moved does not count as a copy of itself; otherwise they are reported as gone later.
    fn holder(&mut self, content: &DraftContent, path: &str) -> Option<String> {
        let mut away = Vec::new();
        for other in self.others(content, path) {
            if self.holds_on(other) {
                return Some(other.to_owned());
            }
            away.push(other.to_owned());
        }
        for path in away {
            self.put(LedgerEvent::FileGone { path });
        }
        None
    }

    /// The content that `path` had is no longer there: the sample moves on to another file of it, or goes.
    fn release(&mut self, path: &str) {
        if let (Some(image), Ok(Role::Sample { dataset, .. })) =
            (self.record(path).and_then(conflict_of).cloned(), role_of(path))
        {
            self.freed.push((dataset, image));
        }
        let Some(content) = self.record(path).and_then(|record| DraftContent::of(&record.outcome)) else { return };
        let other = self.others(&content, path).next().map(str::to_owned);
        match content {
            DraftContent::Sample(dataset, hash) => self.release_sample(path, &dataset, hash, other),
            DraftContent::Scan(dataset, hash) => self.release_scan(path, dataset, hash, other),
        }
    }

    fn release_sample(&mut self, path: &str, dataset: &DatasetName, hash: ContentHash, other: Option<String>) {
        match (self.ledger.samples.get(&(dataset.clone(), hash)).cloned(), other) {
            (Some(sample), Some(other)) if sample.path == path => {
                self.put_changed(&sample, self.moved(sample.clone(), &other));
            }
            (Some(sample), None) => {
                self.free(&sample);
                self.free_repeats(&DraftContent::Sample(dataset.clone(), hash));
                self.put(LedgerEvent::FormerSample(sample));
            }
            _ => {}
        }
    }

    /// An explained scan stays known when its file goes: its report is still there.
    fn release_scan(&mut self, path: &str, dataset: Option<DatasetName>, hash: ContentHash, other: Option<String>) {
        if other.is_none() {
            self.free_repeats(&DraftContent::Scan(dataset.clone(), hash));
        }
        match (self.ledger.scans.get(&(dataset.clone(), hash)).cloned(), other) {
            (Some(scan), Some(other)) if scan.path == path => {
                self.put(LedgerEvent::Scan(Scan { path: other, ..scan }));
            }
            (Some(Scan { state: ScanState::Waiting, .. }), None) => self.put(LedgerEvent::ScanGone { dataset, hash }),
            _ => {}
        }
    }

    /// The sample at another path. It keeps its side, unless its new folder names another one, or its new name says that it
    /// belongs to another group.
    fn moved(&self, sample: Sample, path: &str) -> Sample {
        let (group, side) = (self.group_of(&sample, path), Split::of_path(path));
        let split = if (&group, side) == (&sample.group, sample.side) { sample.split } else { None };
        Sample { path: path.to_owned(), group, side, split, ..sample }
    }

    /// Its group if it lay at `path`.
    fn group_of(&self, sample: &Sample, path: &str) -> Option<String> {
        self.groups.of(&sample.dataset, path, sample.dicom.as_deref(), sample.group.as_ref())
    }

    /// A label of this image was given up.
    fn free(&mut self, sample: &Sample) {
        self.freed.push((sample.dataset.clone(), sample.as_conflict()));
    }

    fn put_changed(&mut self, old: &Sample, new: Sample) {
        if *old != new {
            self.put(LedgerEvent::Sample(new));
        }
    }

    fn put_file(&mut self, path: &str, stamp: FileStamp, outcome: FileOutcome) {
        if self.record(path).is_some_and(|record| record.outcome != outcome) {
            self.release(path);
        }
        self.put(LedgerEvent::File(FileRecord { path: path.to_owned(), stamp, outcome }));
    }

    /// Folds one event in, and keeps it.
    fn put(&mut self, event: LedgerEvent) {
        if let LedgerEvent::Sample(sample) = &event {
            self.labelled.add_sample(sample);
        }
        self.ledger.apply(&event);
        self.events.push(event);
    }
}

#[cfg(test)]
mod tests;

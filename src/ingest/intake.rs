//! A batch of arrivals taken in: read in parallel, decided one by one in their order. One failure never stops the others.

mod contest;
mod known;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::duplicates::{log_duplicates, warn_of_differing};
use super::groups::{GroupBook, check_list};
use super::inspect::{inspect_content, stamp_of};
use super::ledger_draft::{Admission, LedgerDraft};
use super::pseudonymize::dicom_facts;
use super::role::lists_groups;
use super::unchanged::is_unchanged;
use super::{Inspected, clear_reason, inspect, role_of, write_reason};
use crate::config::Settings;
use crate::content::{FileFailure, FileSnapshot, NoInputs, Reader, look_below, warn_of};
use crate::disk::Workspace;
use crate::domain::{
    Arrival, Clock, ContentHash, DatasetName, FileOutcome, FileRecord, FileStamp, Ledger, LedgerEvent, Role, StopFlag,
};
use crate::privacy::{SiteKey, know_datasets, shown};

/// The door through which files come in.
pub struct Intake {
    inbox: PathBuf,
    quarantine: PathBuf,
    reader: Reader,
    key: SiteKey,
    settings: Settings,
}

/// What became of a batch.
#[derive(Debug, Default)]
pub struct IntakeOutcome {
    /// What changes by it, to be committed as one. The reason files that it names are written.
    pub events: Vec<LedgerEvent>,
    /// Files that are still being written, or cannot be read now: the watcher has to reconsider them.
    pub unfinished: Vec<UnfinishedFile>,
    /// Datasets whose list of groups came, changed or went; one that cannot be used counts as none.
    pub listed: BTreeSet<DatasetName>,
}

/// A file that gets another try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnfinishedFile {
    /// Relative to the inbox.
    pub path: String,
    /// What was in the way.
    pub failure: FileFailure,
}

/// A batch that was read.
struct ReadBatch {
    read: Vec<ReadFile>,
    gone: Vec<String>,
}

/// A file that was read, or could not be.
struct ReadFile {
    path: String,
    /// As it was reported.
    stamp: FileStamp,
    last_try: bool,
    result: Result<FileContent, FileFailure>,
}

impl ReadFile {
    /// Why the file cannot be used, unless it is gone or gets another try.
    fn rejection(&self) -> Option<&FileFailure> {
        let failure = self.result.as_ref().err()?;
        let is_final = !failure.is_gone() && (!failure.may_pass || self.last_try);
        is_final.then_some(failure)
    }
}

/// What a file turned out to be.
enum FileContent {
    Picture(Role, Box<Inspected>),
    /// The groups of a dataset, in a list that can be used.
    Groups(DatasetName),
    /// The image that it was before: only its metadata are others.
    Unchanged(FileStamp),
    /// An image that a person had erased: it stays out, wherever it lies.
    Forgotten,
    /// A file that comes with images and is none to be used, such as a report in DICOM.
    NoInput(FileFailure),
}

impl Intake {
    /// For the inbox of these settings, with reason files in this workspace, whose key it is.
    pub fn new(settings: &Settings, workspace: &Workspace, key: SiteKey) -> Self {
        Self {
            inbox: settings.watch.inbox.clone(),
            quarantine: workspace.quarantine(),
            // What is kept of a file depends on no setting but the limits and the frame, so what is transparent is black here.
            reader: Reader::new(&settings.limits, 0).at_frame(settings.images.dicom_frame).below(&settings.watch.inbox),
            key,
            settings: settings.clone(),
        }
    }

    /// Takes a batch in: reads what has settled, in parallel, and decides on each file in its order, against what `ledger`
    /// knows. Once `stop` is raised the files that are not read yet are left out; they are reported again at the next start.
    /// Files that ended the program, `ended_program` times, are not read, and quarantined.
    pub fn take(
        &self,
        ledger: &Ledger,
        arrivals: Vec<Arrival>,
        ended_program: Option<u32>,
        stop: &StopFlag,
    ) -> IntakeOutcome {
        self.decide(ledger, self.read(ledger, arrivals, ended_program, stop))
    }

    fn read(&self, ledger: &Ledger, arrivals: Vec<Arrival>, ended_program: Option<u32>, stop: &StopFlag) -> ReadBatch {
        let (settled, gone): (Vec<_>, Vec<_>) =
            arrivals.into_iter().partition(|arrival| matches!(arrival, Arrival::Settled { .. }));
        // In the order of the arrivals, which does not depend on the number of threads.
        let read = settled.into_par_iter().filter_map(|arrival| match arrival {
            Arrival::Settled { path, stamp, last_try } if !stop.is_raised() => {
                let refused = ended_program.map(|n| Err(FileFailure::ended_program(&path, n)));
                let result = refused.unwrap_or_else(|| self.read_unless_forgotten(ledger, &path));
                // Nothing is decided on a file of which nothing is known.
                let last_try = last_try && !result.as_ref().is_err_and(FileFailure::is_unread);
                let reading = ReadFile { path, stamp, last_try, result };
                // Here, where many are written at a time; the event that names it comes later.
                if let Some(failure) = reading.rejection() {
                    self.note_reason(&reading.path, failure);
                }
                Some(reading)
            }
            _ => None,
        });
        ReadBatch { read: read.collect(), gone: gone.into_iter().map(|arrival| arrival.path().to_owned()).collect() }
    }

    fn decide(&self, ledger: &Ledger, readings: ReadBatch) -> IntakeOutcome {
        let is_there = |path: &str, stamp: FileStamp| {
            // Other permissions do not make it another file.
            let matches = |found: FileSnapshot| found.matches(&FileStamp { ctime_ns: None, ..stamp });
            // Nothing says that a file is gone that the system refuses to look at.
            look_below(&self.inbox, Path::new(path)).map_or(true, |found| found.is_some_and(matches))
        };
        let pattern_of = |dataset: &DatasetName| self.settings.of(dataset).split.group_pattern.as_ref();
        let groups = GroupBook::new(&self.inbox, &pattern_of);
        let mut ledger_draft = LedgerDraft::new(ledger, &groups, &is_there);
        let (mut unfinished, mut vanished, mut n_forgotten) = (Vec::new(), Vec::new(), 0_usize);
        let mut no_inputs = NoInputs::default();
        let mut same: Vec<(String, String)> = Vec::new();
        let mut listed: BTreeSet<DatasetName> = readings.gone.iter().filter_map(|path| lists_groups(path)).collect();
        for ReadFile { path, stamp, last_try, result } in readings.read {
            match result {
                Err(failure) if failure.is_gone() => {
                    vanished.push(failure.clone());
                    // The watcher says when it is gone for good; where nobody watches, it is gone now.
                    if last_try {
                        self.forget(&mut ledger_draft, &path);
                    } else {
                        unfinished.push(UnfinishedFile { path, failure });
                    }
                }
                Err(failure) if failure.may_pass && !last_try => {
                    tracing::debug!(reason = %failure, "File not finished yet");
                    unfinished.push(UnfinishedFile { path, failure });
                }
                Err(failure) => quarantine(&mut ledger_draft, &path, stamp, &failure),
                Ok(FileContent::Forgotten) => {
                    self.forget(&mut ledger_draft, &path);
                    n_forgotten += 1;
                }
                Ok(FileContent::NoInput(failure)) => {
                    self.forget(&mut ledger_draft, &path);
                    no_inputs.count(&failure);
                }
                Ok(FileContent::Groups(dataset)) => {
                    self.admit_list(&mut ledger_draft, &path, stamp, &dataset);
                    listed.insert(dataset);
                }
                Ok(FileContent::Unchanged(stamp)) => {
                    // Another file of the batch may have taken its place; then it is decided on as a new one.
                    if !ledger_draft.touch(&path, stamp) {
                        match self.admit_again(&mut ledger_draft, &path) {
                            Ok(other) => same.extend(other.map(|other| (path, other))),
                            Err(failure) => unfinished.push(UnfinishedFile { path, failure }),
                        }
                    }
                }
                Ok(FileContent::Picture(role, inspected)) => {
                    match self.admit(&mut ledger_draft, &path, &role, &inspected) {
                        Ok(other) => same.extend(other.map(|other| (path, other))),
                        Err(failure) => unfinished.push(UnfinishedFile { path, failure }),
                    }
                }
            }
        }
        warn_of("Not added", &vanished);
        log_duplicates(&same);
        if n_forgotten > 0 {
            tracing::info!(n_files = n_forgotten, "Forgotten images not taken in");
        }
        no_inputs.log();
        for path in &readings.gone {
            self.forget(&mut ledger_draft, path);
        }
        unfinished.extend(self.settle_conflicts(&mut ledger_draft));
        let events = ledger_draft.into_events().into_iter().map(|event| recorded(self.settings.clock, event)).collect();
        IntakeOutcome { events, unfinished, listed }
    }

    /// Also a file that cannot be used is known by its bytes, and by the number that DICOM gave its image.
    fn read_unless_forgotten(&self, ledger: &Ledger, path: &str) -> Result<FileContent, FileFailure> {
        let result = self.read_one(ledger, path);
        if ledger.forgotten.is_empty() {
            return result;
        }
        let known = match &result {
            Ok(FileContent::Picture(_, image)) => Some((image.hash, image.instance().cloned())),
            Ok(_) => None,
            Err(_) => self.reader.read(&self.inbox.join(path), None).ok().map(|content| {
                let facts = dicom_facts(&content.bytes, &self.reader.decoding, &self.key);
                (content.hash, facts.and_then(|facts| facts.instance))
            }),
        };
        let is_forgotten = |(hash, number): (ContentHash, Option<String>)| {
            ledger.forgotten.contains_key(&hash) || number.is_some_and(|number| ledger.has_forgotten(&number))
        };
        if known.is_some_and(is_forgotten) { Ok(FileContent::Forgotten) } else { result }
    }

    fn read_one(&self, ledger: &Ledger, path: &str) -> Result<FileContent, FileFailure> {
        if let Some(dataset) = lists_groups(path) {
            check_list(&self.inbox.join("datasets").join(dataset.as_str()))?;
            return Ok(FileContent::Groups(dataset));
        }
        // The path first: a file in the wrong place is reported as such, whatever it contains.
        let role = role_of(path)?;
        if let Role::Sample { dataset, .. } = &role {
            know_datasets([dataset]);
        }
        let file = self.inbox.join(path);
        let content = self.reader.read(&file, None).map_err(|failure| failure.at(path))?;
        if is_unchanged(ledger, path, &role, content.hash, &self.key) {
            return Ok(FileContent::Unchanged(stamp_of(&content)));
        }
        match inspect_content(&self.reader, &self.key, &file, &content) {
            Ok(inspected) => Ok(FileContent::Picture(role, Box::new(inspected))),
            Err(failure) if failure.is_no_input() => Ok(FileContent::NoInput(failure)),
            Err(failure) => Err(failure.at(path)),
        }
    }

    /// Reads a file once more and adds it, as [`Self::admit`].
    fn admit_again(&self, ledger_draft: &mut LedgerDraft, path: &str) -> Result<Option<String>, FileFailure> {
        let role = role_of(path)?;
        let inspected = inspect(&self.reader, &self.key, &self.inbox.join(path)).map_err(|failure| failure.at(path))?;
        self.admit(ledger_draft, path, &role, &inspected)
    }

    fn admit_list(&self, ledger_draft: &mut LedgerDraft, path: &str, stamp: FileStamp, dataset: &DatasetName) {
        if is_rejected(ledger_draft, path) {
            self.clear(path);
        }
        let n = ledger_draft.admit_list(path, stamp, dataset);
        tracing::info!(file = %shown(path), n_regrouped = n, "Group list read");
    }

    /// Adds a file; returns another one with the same image, if there is one. It fails while a file cannot be read that may
    /// show the image under another label.
    fn admit(
        &self,
        ledger_draft: &mut LedgerDraft,
        path: &str,
        role: &Role,
        inspected: &Inspected,
    ) -> Result<Option<String>, FileFailure> {
        if let Role::Sample { dataset, class, .. } = role
            && self.is_contested(ledger_draft, path, dataset, class, inspected)?
        {
            return Ok(None);
        }
        let was_rejected = is_rejected(ledger_draft, path);
        let admission = ledger_draft.admit(path, role, inspected);
        if was_rejected {
            self.clear(path);
        }
        Ok(match admission {
            Admission::New | Admission::Known => None,
            Admission::SameAs(other) => Some(other),
            Admission::Repeats(other) => {
                let looks = [inspected.perceptual_hash, ledger_draft.perceptual_hash(&other)];
                warn_of_differing(&self.reader, &self.inbox, [path, &other], looks);
                Some(other)
            }
        })
    }

    /// The reason file, before the event that names it; without the file the event still says all.
    fn note_reason(&self, path: &str, failure: &FileFailure) {
        if let Err(error) = write_reason(&self.quarantine, path, failure) {
            tracing::error!(file = %shown(path), %error, "Reason file not updated");
        }
    }

    fn forget(&self, ledger_draft: &mut LedgerDraft, path: &str) {
        if is_rejected(ledger_draft, path) {
            self.clear(path);
        }
        ledger_draft.gone(path);
    }

    fn clear(&self, path: &str) {
        if let Err(error) = clear_reason(&self.quarantine, path) {
            tracing::error!(file = %shown(path), %error, "Reason file not updated");
        }
    }
}

/// A file as `clock` lets it be recorded.
fn recorded(clock: Clock, event: LedgerEvent) -> LedgerEvent {
    match event {
        LedgerEvent::File(file) => LedgerEvent::File(FileRecord { stamp: clock.recorded(file.stamp), ..file }),
        other => other,
    }
}

/// Records that it cannot be used.
fn quarantine(ledger_draft: &mut LedgerDraft, path: &str, stamp: FileStamp, failure: &FileFailure) {
    if ledger_draft.reject(path, stamp, failure) {
        warn_of_quarantine(path, failure);
    }
}

fn warn_of_quarantine(path: &str, failure: &FileFailure) {
    tracing::warn!(file = %shown(path), code = failure.code, reason = %failure.sentence(), "Quarantined");
}

fn is_rejected(ledger_draft: &LedgerDraft, path: &str) -> bool {
    ledger_draft.record(path).is_some_and(|record| matches!(record.outcome, FileOutcome::Quarantined { .. }))
}

#[cfg(test)]
mod tests;

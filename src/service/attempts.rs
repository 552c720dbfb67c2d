//! What was begun and has not ended: a fold over the lines of the attempt log, so that a start knows what the program before it
//! was doing when it died.
//!
//! What was under way then is suspected: it is tried alone. What was under way alone at [`MAX_CRASHES`] ends of the program is
//! set aside. It knows no disk.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::{ContentHash, DatasetName, FileStamp, Ledger, ScanKey};

/// An input that was under way alone when the program ended so many times is tried no more.
pub(super) const MAX_CRASHES: u32 = 3;

/// What a job works on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(super) enum Attempted {
    /// A file of the inbox; another one when it is rewritten.
    File { path: String, stamp: FileStamp },
    /// A scan.
    Scan { dataset: Option<DatasetName>, hash: ContentHash },
    /// A training; another one when its images or settings are others.
    Training { dataset: DatasetName, job_hash: ContentHash },
    /// The gallery.
    Gallery,
}

impl Attempted {
    /// The scan with this key.
    pub(super) fn scan((dataset, hash): ScanKey) -> Self {
        Self::Scan { dataset, hash }
    }

    /// Whether it still is to be done, by what was recorded.
    pub(super) fn is_needed(&self, ledger: &Ledger) -> bool {
        match self {
            Self::File { path, stamp } => ledger.files.get(path).is_none_or(|known| !known.stamp.has_same_bytes(stamp)),
            Self::Scan { dataset, hash } => {
                let scan = ledger.scans.get(&(dataset.clone(), *hash));
                scan.is_some_and(|scan| ledger.awaits_report(scan))
            }
            Self::Training { dataset, job_hash } => {
                let is_done = ledger.runs.values().any(|run| run.dataset == *dataset && run.job_hash == *job_hash);
                ledger.has_samples(dataset) && !is_done
            }
            Self::Gallery => true,
        }
    }

    /// A training takes long, so that others work beside it, also when it is suspected.
    fn is_training(&self) -> bool {
        matches!(self, Self::Training { .. })
    }
}

/// Which worker: each has one job at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum AttemptSlot {
    Intake,
    Training,
    Scans,
}

/// An input that was under way when the program ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Suspect {
    #[serde(flatten)]
    of: Attempted,
    /// Ends of the program while nothing else was under way.
    n_crashes: u32,
}

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "kebab-case")]
pub(super) enum AttemptLine {
    /// A program of this version starts: what is under way died with the one before.
    Started { version: String },
    /// A worker begins a job, and so has ended the one before.
    Begun { slot: AttemptSlot, of: Vec<Attempted> },
    /// Its job ended, well or not.
    Ended { slot: AttemptSlot },
    /// Its job panicked, and the program lives.
    Panicked { slot: AttemptSlot },
    /// All that was known when the log was written anew.
    Kept { version: String, suspects: Vec<Suspect> },
}

/// What is under way, and what is suspected.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Attempts {
    under_way: BTreeMap<AttemptSlot, Vec<Attempted>>,
    /// With the ends of the program while it was under way alone.
    suspects: BTreeMap<Attempted, u32>,
    version: String,
}

impl Attempts {
    /// Takes in one line.
    pub(super) fn apply(&mut self, line: AttemptLine) {
        match line {
            AttemptLine::Started { version } => self.start(version),
            AttemptLine::Begun { slot, of } => self.begin(slot, of),
            AttemptLine::Ended { slot } => self.end(slot),
            AttemptLine::Panicked { slot } => {
                let lost = self.under_way.remove(&slot).unwrap_or_default();
                let blamed = if lost.len() == 1 { lost.first().cloned() } else { None };
                self.suspect(lost, blamed.as_ref());
            }
            AttemptLine::Kept { version, suspects } => {
                let suspects = suspects.into_iter().map(|Suspect { of, n_crashes }| (of, n_crashes)).collect();
                *self = Self { under_way: BTreeMap::new(), suspects, version };
            }
        }
    }

    /// The shortest log that says the same.
    pub(super) fn lines(&self) -> Vec<AttemptLine> {
        let suspects = self.suspects.iter().map(|(of, n)| Suspect { of: of.clone(), n_crashes: *n }).collect();
        let kept = AttemptLine::Kept { version: self.version.clone(), suspects };
        let begun = self.under_way.iter().map(|(slot, of)| AttemptLine::Begun { slot: *slot, of: of.clone() });
        std::iter::once(kept).chain(begun).collect()
    }

    /// Whether nothing is under way and nothing suspected.
    pub(super) fn is_empty(&self) -> bool {
        self.under_way.is_empty() && self.suspects.is_empty()
    }

    /// Whether a job on this may begin now. A suspect is tried while no other short job is under way, and none begins
    /// meanwhile: if the program ends, it is known by what.
    pub(super) fn may_begin(&self, slot: AttemptSlot, of: &[Attempted]) -> bool {
        let short = |attempted: &&Attempted| !attempted.is_training();
        let others = || self.under_way.iter().filter(|(other, _)| **other != slot).flat_map(|(_, of)| of).filter(short);
        let tries_suspect = of.iter().filter(short).any(|of| self.is_suspect(of));
        others().all(|other| !tries_suspect && !self.is_suspect(other))
    }

    /// Whether it was under way when the program ended, and has not been done since.
    pub(super) fn is_suspect(&self, of: &Attempted) -> bool {
        self.suspects.contains_key(of)
    }

    /// Whether it is tried no more.
    pub(super) fn is_set_aside(&self, of: &Attempted) -> bool {
        self.suspects.get(of).is_some_and(|n| *n >= MAX_CRASHES)
    }

    /// All that is tried no more.
    pub(super) fn set_aside(&self) -> impl Iterator<Item = &Attempted> {
        self.suspects.keys().filter(|of| self.is_set_aside(of))
    }

    /// What a worker is on.
    pub(super) fn under_way(&self, slot: AttemptSlot) -> &[Attempted] {
        self.under_way.get(&slot).map_or(&[], Vec::as_slice)
    }

    /// Workers with a job under way.
    pub(super) fn busy(&self) -> Vec<AttemptSlot> {
        self.under_way.keys().copied().collect()
    }

    /// Nobody needs what is not kept any more.
    pub(super) fn retain(&mut self, is_needed: impl Fn(&Attempted) -> bool) {
        self.suspects.retain(|of, _| is_needed(of));
    }

    fn start(&mut self, version: String) {
        if self.version != version {
            // Another program may do what the one before could not.
            self.suspects.values_mut().for_each(|n| *n = 0);
        }
        self.version = version;
        let lost: Vec<Attempted> = std::mem::take(&mut self.under_way).into_values().flatten().collect();
        let blamed = self.blamed(&lost).cloned();
        self.suspect(lost, blamed.as_ref());
    }

    /// What ended the program, if that is certain: it was alone, or it is a training that was suspected before, beside work that
    /// was not.
    fn blamed<'a>(&self, lost: &'a [Attempted]) -> Option<&'a Attempted> {
        if let [only] = lost {
            return Some(only);
        }
        let mut before = lost.iter().filter(|of| self.is_suspect(of));
        before.next().filter(|of| of.is_training() && before.next().is_none())
    }

    fn suspect(&mut self, lost: Vec<Attempted>, blamed: Option<&Attempted>) {
        for of in lost {
            let n_more = u32::from(blamed == Some(&of));
            *self.suspects.entry(of).or_default() += n_more;
        }
    }

    fn begin(&mut self, slot: AttemptSlot, of: Vec<Attempted>) {
        self.end(slot);
        if let [Attempted::Training { dataset, .. }] = &of[..] {
            // Of one dataset, only the training that is due counts.
            let is_older = |other: &Attempted| {
                *other != of[0] && matches!(other, Attempted::Training { dataset: its, .. } if its == dataset)
            };
            self.suspects.retain(|other, _| !is_older(other));
        }
        self.under_way.insert(slot, of);
    }

    fn end(&mut self, slot: AttemptSlot) {
        for of in self.under_way.remove(&slot).unwrap_or_default() {
            self.suspects.remove(&of);
        }
    }
}

#[cfg(test)]
mod tests;

//! A piece of work that failed and is not done, as users and scripts see it: what, where, why, remedy.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::content::FileFailure;

use super::explainer::ScanError;
use super::fault::Fault;

/// The kinds of work that can fail. The words are fixed: scripts rely on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Work {
    /// The whole run could not begin or go on.
    Run,
    /// A training of a dataset.
    Training,
    /// An image has not all of its copies.
    Augmentation,
    /// An image had no part in a training.
    Image,
    /// The sheet that shows originals beside their copies.
    ContactSheet,
    /// The page of a model.
    Page,
    /// The explanation of a scan.
    Scan,
    /// The gallery of reports.
    Gallery,
    /// Reading files from the inbox.
    Intake,
    /// Writing to the registry what was done.
    Record,
    /// The removal of forgotten images.
    Erasure,
    /// The removal of what exceeds the limits of `[retention]`.
    Retention,
}

impl Work {
    fn describe(self) -> &'static str {
        match self {
            Self::Run => "the run in",
            Self::Training => "the training of",
            Self::Augmentation => "the copies of",
            Self::Image => "training on",
            Self::ContactSheet => "the contact sheet of",
            Self::Page => "the page of model",
            Self::Scan => "the scan",
            Self::Gallery => "the gallery",
            Self::Intake => "reading files from",
            Self::Record => "the record in",
            Self::Erasure => "the removal of forgotten images from",
            Self::Retention => "the removal of what exceeds `[retention]` in",
        }
    }
}

/// Work that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedWork {
    /// What kind of work.
    pub what: Work,
    /// The dataset, model, file or folder that it was for.
    #[serde(rename = "where")]
    pub place: String,
    /// What went wrong, without a full stop.
    pub why: String,
    /// What to do, without a full stop.
    pub remedy: String,
    /// What kind of failure; the exit code follows from it.
    #[serde(rename = "kind")]
    pub fault: Fault,
}

impl FailedWork {
    /// Of an error that is of a kind by itself.
    pub fn of<'e, E: fmt::Display>(what: Work, place: impl fmt::Display, error: &'e E) -> Self
    where
        Fault: From<&'e E>,
    {
        Self::new(what, place, error.into(), error)
    }

    /// Every message of the program is one line that ends with the remedy, after a semicolon. A few system errors have
    /// none of their own.
    pub fn new(what: Work, place: impl fmt::Display, fault: Fault, message: impl fmt::Display) -> Self {
        let message = message.to_string();
        let (why, remedy) = message.rsplit_once("; ").unwrap_or((&message, usual_remedy(fault)));
        let (place, why, remedy) = (place.to_string(), why.to_owned(), remedy.to_owned());
        Self { what, place, why, remedy, fault }
    }
}

impl FailedWork {
    /// Logs it, where other work goes on as if nothing had been.
    pub fn warn(&self) {
        let Self { what, place, why, remedy, .. } = self;
        tracing::warn!(work = ?what, place, reason = why, remedy, "Work failed");
    }

    /// Logs it, where somebody must act.
    pub fn error(&self) {
        let Self { what, place, why, remedy, .. } = self;
        tracing::error!(work = ?what, place, reason = why, remedy, "Work failed");
    }

    /// Of a file that cannot be used.
    pub fn of_file(what: Work, failure: &FileFailure) -> Self {
        let FileFailure { reason, fix, .. } = failure;
        Self { what, place: failure.name(), why: reason.clone(), remedy: fix.clone(), fault: failure.into() }
    }

    /// Of the scan at `place`.
    pub fn of_scan(place: impl fmt::Display, error: &ScanError) -> Self {
        match error {
            ScanError::File(failure) => Self { place: place.to_string(), ..Self::of_file(Work::Scan, failure) },
            error => Self::of(Work::Scan, place, error),
        }
    }
}

impl fmt::Display for FailedWork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, place, why, remedy, .. } = self;
        write!(f, "{} `{place}`: {why}; {remedy}", what.describe())
    }
}

fn usual_remedy(fault: Fault) -> &'static str {
    match fault {
        Fault::Later => "run gradwatch again",
        Fault::Data => "replace the unusable file, then run gradwatch again",
        Fault::Missing => "create the file, or name another one",
        Fault::Device => "set compute.device to \"auto\"",
        Fault::Io => "check the disk and the permissions of that path",
        Fault::Program => "please report it with the log messages above",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::DiskError;

    #[test]
    fn a_message_is_parted_into_reason_and_remedy() {
        let full =
            DiskError::Io { doing: "write", path: "state/a; b".into(), source: std::io::ErrorKind::StorageFull.into() };
        let failed = FailedWork::of(Work::Training, "shapes", &full);
        assert!(failed.why.starts_with("cannot write `state/a; b`: "), "{}", failed.why);
        assert_eq!(failed.remedy, "free some space, finished work is kept");
        assert_eq!(failed.to_string(), format!("the training of `shapes`: {full}"));
        let odd = FailedWork::new(Work::Scan, "a.png", Fault::Io, "it is odd");
        assert_eq!((odd.why.as_str(), odd.remedy.as_str()), ("it is odd", usual_remedy(Fault::Io)));
    }

    #[test]
    fn its_json_has_the_keys_that_scripts_rely_on() {
        let failed = FailedWork::new(Work::ContactSheet, "shapes", Fault::Io, "why; do");
        let json = serde_json::json!(
            {"what": "contact-sheet", "where": "shapes", "why": "why", "remedy": "do", "kind": "io"}
        );
        assert_eq!(serde_json::to_value(&failed).unwrap(), json);
        assert_eq!(serde_json::from_value::<FailedWork>(json).unwrap(), failed);
    }
}

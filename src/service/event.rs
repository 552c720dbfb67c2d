//! Everything that can happen, in one closed list: whoever reads it sees all that drives the service.

use crate::domain::{DatasetName, Erased, LedgerEvent, Scan};
use crate::ingest::IntakeOutcome;
use crate::report::ReportError;
use crate::watch::{OnceSurvey, WatchError};
use crate::workflow::{
    Exceeding, ExplainedScan, FailedWork, FinishedTraining, Prepared, RetentionOutcome, ScanError, WorkflowError,
};

use super::attempts::AttemptSlot;
use super::commit::Commit;
use super::control::Request;
use super::gallery_look::GalleryLook;

/// What the conductor hears of.
pub(super) enum Event {
    /// Everything that is present, for `run --once`, or why it cannot be looked at.
    Surveyed(Result<OnceSurvey, WatchError>),
    /// Files were read and decided on.
    Read(IntakeOutcome),
    /// Datasets whose trainings are due from before this process.
    Due(Vec<DatasetName>),
    /// A training was prepared.
    Prepared(DatasetName, Prepared),
    /// Copies were written to the disk.
    Expanded(u64),
    /// A training ended, or was decided anew.
    Trained(DatasetName, Box<Result<FinishedTraining, WorkflowError>>),
    /// Something beside the model of a dataset's training was not made.
    PartFailed(DatasetName, FailedWork),
    /// A scan was dealt with.
    Explained(Box<Scan>, Box<Result<ExplainedScan, ScanError>>),
    /// Whether the pages of datasets were written, and what the gallery lists, or why it was not written; `None` when only pages
    /// were asked for.
    Gallery { pages: Result<(), ReportError>, look: Result<Option<GalleryLook>, ReportError> },
    /// It was looked what exceeds the limits of the retention, or that failed.
    Exceeding(Result<Exceeding, FailedWork>),
    /// What exceeds them was removed, as far as that was possible.
    Retained(RetentionOutcome),
    /// All that was made of forgotten images was removed, with what to record then; or that failed.
    Erased(Result<(Erased, Vec<LedgerEvent>), FailedWork>),
    /// Events were recorded, or not.
    Recorded(Box<Commit>),
    /// Another command asks.
    Asked(Request),
    /// A signal asked for the end.
    StopRequested,
    /// A worker panicked: a fault of the program, reported and survived.
    WorkerPanicked(WorkerRole),
}

/// The worker threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WorkerRole {
    /// Looks at the inbox for `run --once`.
    Survey,
    /// Reads and decides on files.
    Intake,
    /// Finds out what is due, splits and trains.
    Training,
    /// Explains scans and writes the gallery.
    Scans,
    /// Writes large commits.
    Record,
}

impl WorkerRole {
    /// Where the attempt log has its jobs; none where they depend on no input.
    pub(super) fn attempt_slot(self) -> Option<AttemptSlot> {
        match self {
            Self::Intake => Some(AttemptSlot::Intake),
            Self::Training => Some(AttemptSlot::Training),
            Self::Scans => Some(AttemptSlot::Scans),
            Self::Survey | Self::Record => None,
        }
    }

    pub(super) fn thread_name(self) -> &'static str {
        match self {
            Self::Survey => "gw-survey",
            Self::Intake => "gw-intake",
            Self::Training => "gw-train",
            Self::Scans => "gw-explain",
            Self::Record => "gw-record",
        }
    }
}

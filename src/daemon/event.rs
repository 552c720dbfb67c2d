//! Everything that can happen, in one closed list: whoever reads it sees all that drives the service.

use crate::domain::{Arrival, DatasetName, Scan};
use crate::ingest::Taken;
use crate::report::ReportError;
use crate::watch::WatchError;

use super::control::Request;
use super::failed_work::FailedWork;
use super::learn::LearnError;
use super::prepare::Prepared;
use super::recorder::Recorded;
use super::serve::{ServeError, Served};
use super::trained::Trained;

/// What the conductor hears of.
pub(super) enum Event {
    /// Everything that was present at the start, or why it cannot be looked at.
    Surveyed(Result<Vec<Arrival>, WatchError>),
    /// Files were read and decided on.
    Read(Taken),
    /// Datasets whose trainings are due from before this process.
    Due(Vec<DatasetName>),
    /// A training was prepared.
    Prepared(DatasetName, Prepared),
    /// Copies were written to the disk.
    Expanded(u64),
    /// A training ended, or was decided anew.
    Learned(DatasetName, Box<Result<Trained, LearnError>>),
    /// Something beside the model of a dataset's training was not made.
    PartFailed(DatasetName, FailedWork),
    /// A scan was dealt with.
    Served(Box<Scan>, Box<Result<Served, ServeError>>),
    /// How many reports the gallery lists, `None` when it was current; or why it was not written.
    Gallery(Result<Option<usize>, ReportError>),
    /// Events were recorded, or not.
    Recorded(Box<Recorded>),
    /// Another command asks.
    Asked(Request),
    /// A signal asked for the end.
    StopRequested,
    /// A worker panicked: a fault of the program, told and survived.
    WorkerPanicked(&'static str),
}

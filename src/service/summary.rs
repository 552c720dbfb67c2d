//! How long a run lives, and what it did.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::domain::{Counters, DatasetName, ModelRecord};
use crate::workflow::FailedWork;

/// How long the service lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Until a signal ends it.
    Service,
    /// Until everything that is present is processed.
    Once,
}

/// What a run did, and how things stand at its end.
#[derive(Debug, Clone)]
pub struct Summary {
    /// Whether a signal ended it.
    pub stopped: bool,
    /// Work done by this run.
    pub done: Counters,
    /// The promoted models.
    pub best: Vec<ModelRecord>,
    /// What cannot be done yet, though nothing failed: one clause each.
    pub waiting: Vec<String>,
    /// What lies in the inbox where inputs do, and is none: one sentence for each reason.
    pub skipped: Vec<String>,
    /// What a person should know of the datasets, one sentence each.
    pub warnings: BTreeMap<DatasetName, Vec<String>>,
    /// What failed and is not done, in the order of the failures.
    pub failures: Vec<FailedWork>,
    /// The gallery, when it was written.
    pub gallery: Option<PathBuf>,
}

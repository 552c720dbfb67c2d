//! What the service is doing, written to `status.json` and `gradwatch.prom`: whoever reads them needs no lock, and they are there
//! when the service is dead.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use serde::{Deserialize, Serialize};

use crate::disk::{DiskError, InstanceLock, Workspace};
use crate::domain::{ClassName, Counters, DatasetName, Ledger, RunId, Split};

use crate::registry::Registry;
use crate::workflow::{FailedWork, Fault, Work};

pub use super::end_reason::FailedEnd;
pub use super::erasure_status::ErasureStatus;
use super::error::ServiceError;
pub use super::service_state::ServiceState;

/// The whole of `status.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// Version of this record: `gradwatch.status/1`.
    pub schema: String,
    /// What the service is doing.
    pub state: ServiceState,
    /// Its process.
    pub pid: u32,
    /// Since when it is in this state: RFC 3339, UTC.
    pub since: String,
    /// When this was written: RFC 3339, UTC. A running service writes at least every ten seconds.
    pub updated: String,
    /// Of the program.
    pub version: String,
    /// The folder that is watched.
    pub inbox: String,
    /// On what the network runs and why; empty until that is known.
    pub device: String,
    /// The frozen network; empty until it is known.
    pub backbone: String,
    /// By name.
    pub datasets: BTreeMap<DatasetName, DatasetStatus>,
    /// What waits.
    pub queues: Queues,
    /// The long work in hand.
    pub phase: Option<PhaseStatus>,
    /// One sentence: what is waited for.
    pub waits_for: Option<String>,
    /// One line: the last thing that went wrong and is not done since.
    pub last_error: Option<String>,
    /// Why the service did not start or could not go on; `null` when it ended as it should, or runs.
    #[serde(default)]
    pub end: Option<FailedEnd>,
    /// Work that failed and is not done since, the latest failure first; `queues.failed` counts what is not listed.
    #[serde(default)]
    pub failures: Vec<FailedStatus>,
    /// What lies in the inbox where inputs do, and is none: one sentence for each reason.
    #[serde(default)]
    pub skipped: Vec<String>,
    /// The room on the disk of the state folder; `None` where it is unknown.
    #[serde(default)]
    pub disk: Option<DiskStatus>,
    /// Files that are not taken in yet, for longer than their turn: one sentence each, with the reason and the next try.
    #[serde(default)]
    pub waiting_files: Vec<String>,
    /// What `forget` has yet to erase; `null` when there is nothing.
    #[serde(default)]
    pub erasure: Option<ErasureStatus>,
    /// What was repaired when the registry was opened, one sentence each.
    pub repairs: Vec<String>,
    /// Work done since the state folder was made.
    pub counters: Counters,
}

/// The room on the disk of the state folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiskStatus {
    /// Bytes that can still be written.
    pub free_bytes: u64,
    /// Bytes of them that stay free: work that would leave less waits.
    pub reserve_bytes: u64,
}

/// One dataset.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct DatasetStatus {
    /// By name.
    pub classes: BTreeMap<ClassName, ClassStatus>,
    /// The promoted model.
    pub best: Option<BestModel>,
    /// Whether a training is due that has not begun, or that a stop cut short: the next start goes on with it.
    #[serde(default)]
    pub training_due: bool,
    /// What a person should know of its images, groups and folders: one sentence each.
    #[serde(default)]
    pub warnings: Vec<String>,
}

/// Samples of one class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ClassStatus {
    /// Learned from.
    pub train: u64,
    /// Measured on.
    pub validation: u64,
    /// Measured on once a model is made.
    #[serde(default)]
    pub test: u64,
    /// Left out, because it cannot be parted from what a folder puts on a side to measure on.
    #[serde(default, alias = "aside")]
    pub excluded: u64,
    /// The next training decides.
    pub undecided: u64,
}

/// The promoted model of a dataset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BestModel {
    /// Which.
    pub run_id: RunId,
    /// 0 to 1; `null` for a model that was not measured.
    pub val_accuracy: Option<f64>,
    /// RFC 3339, UTC.
    pub created: String,
}

/// What waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Queues {
    /// Files that arrived and are not read yet.
    pub arrivals: u64,
    /// Samples that came since the last training of their dataset began.
    pub untrained: u64,
    /// Scans that no model has explained yet.
    pub scans: u64,
    /// Scans whose report of an earlier model is to be replaced.
    #[serde(default)]
    pub explain_again: u64,
    /// Reports whose predicted class their dataset no longer has.
    #[serde(default)]
    pub obsolete_reports: u64,
    /// Work that failed and is not done since.
    #[serde(default)]
    pub failed: u64,
}

/// Work that failed, and when it is tried again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedStatus {
    /// What, where, why, remedy.
    #[serde(flatten)]
    pub work: FailedWork,
    /// How often it failed, one after the other.
    pub n_failures: u32,
    /// RFC 3339, UTC; the past when it is being tried; `None` when it is not tried again by itself.
    pub next_try: Option<String>,
}

/// How far the long work in hand is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PhaseStatus {
    /// `features`, `epochs`, ...
    pub name: String,
    /// What is counted.
    pub unit: String,
    /// Steps done.
    pub done: u64,
    /// Steps in all.
    pub total: u64,
    /// Seconds left at the speed so far.
    pub eta_seconds: Option<f64>,
    /// A short remark; empty when there is none.
    pub remark: String,
}

impl Status {
    /// The value of `schema` that this program writes and reads.
    pub const SCHEMA: &'static str = "gradwatch.status/1";

    /// Of a process that holds the state folder and has written nothing.
    fn unwritten(pid: u32) -> Self {
        let why = "its first status: it starts, is another command, or cannot write to the state folder; see its log";
        Self { pid, waits_for: Some(why.to_owned()), ..Self::starting("") }
    }

    /// A service that starts now, in this process.
    pub fn starting(inbox: impl Into<String>) -> Self {
        let now = now();
        Self {
            schema: Self::SCHEMA.to_owned(),
            state: ServiceState::Starting,
            pid: std::process::id(),
            since: now.clone(),
            updated: now,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            inbox: inbox.into(),
            device: String::new(),
            backbone: String::new(),
            datasets: BTreeMap::new(),
            queues: Queues::default(),
            phase: None,
            waits_for: None,
            last_error: None,
            end: None,
            failures: Vec::new(),
            skipped: Vec::new(),
            disk: None,
            waiting_files: Vec::new(),
            erasure: None,
            repairs: Vec::new(),
            counters: Counters::default(),
        }
    }

    /// The status of a folder in which no service has run yet.
    fn never_started() -> Self {
        Self { state: ServiceState::NeverStarted, pid: 0, ..Self::starting("") }
    }

    /// Takes over what an opened registry holds, and what had to be repaired in it.
    pub(super) fn open_with(&mut self, registry: &Registry) {
        self.look_at(registry.ledger());
        self.repairs = registry.repairs().iter().map(ToString::to_string).collect();
    }

    /// Takes over what the ledger knows: datasets, waiting scans, counters.
    pub fn look_at(&mut self, ledger: &Ledger) {
        self.counters = ledger.counters;
        self.queues.scans = ledger.n_waiting_scans().values().sum::<usize>() as u64;
        let names = ledger.datasets().chain(ledger.best.keys());
        self.datasets = names.map(|name| (name.clone(), DatasetStatus::of(ledger, name))).collect();
    }

    /// Nothing is being done until the next try of what failed for the whole service.
    pub(super) fn wait_for(&mut self, error: &ServiceError, state_dir: String, next_try: Instant) {
        let is_inbox = matches!(error, ServiceError::Watch(_));
        self.state = if is_inbox { ServiceState::Blocked } else { ServiceState::Waiting };
        let work = FailedWork::new(Work::Run, state_dir, Fault::Io, error);
        self.waits_for = Some(error.to_string());
        self.last_error = Some(work.to_string());
        self.queues.failed = 1;
        self.phase = None;
        let next_try = Some(timestamp(next_try, Instant::now()));
        self.failures = vec![FailedStatus { work, n_failures: 1, next_try }];
    }

    /// The service ended while it waited.
    pub(super) fn stop(&mut self) {
        (self.state, self.waits_for, self.phase) = (ServiceState::Stopped, None, None);
    }

    /// How long ago it was written; zero when the clock was set back since.
    pub fn age(&self) -> Duration {
        elapsed(&self.updated)
    }

    /// How long it has been in this state.
    pub fn lasting(&self) -> Duration {
        elapsed(&self.since)
    }
}

impl ClassStatus {
    fn of(counts: &BTreeMap<Option<Split>, u64>) -> Self {
        let n_on = |side| counts.get(&side).copied().unwrap_or_default();
        Self {
            train: n_on(Some(Split::Train)),
            validation: n_on(Some(Split::Validation)),
            test: n_on(Some(Split::Test)),
            excluded: n_on(Some(Split::Excluded)),
            undecided: n_on(None),
        }
    }
}

impl DatasetStatus {
    fn of(ledger: &Ledger, name: &DatasetName) -> Self {
        let classes = ledger.class_counts(name).into_iter();
        let best = ledger.best_model(name).map(|model| BestModel {
            run_id: model.run_id.clone(),
            val_accuracy: model.measured_accuracy(),
            created: model.created.clone(),
        });
        let classes = classes.map(|(class, counts)| (class, ClassStatus::of(&counts))).collect();
        Self { classes, best, training_due: false, warnings: Vec::new() }
    }
}

pub(super) fn now() -> String {
    humantime::format_rfc3339_millis(SystemTime::now()).to_string()
}

/// The moment `at`, to the second: RFC 3339, UTC.
pub(super) fn timestamp(at: Instant, now: Instant) -> String {
    let wall = SystemTime::now() + at.saturating_duration_since(now) - now.saturating_duration_since(at);
    humantime::format_rfc3339_seconds(wall + Duration::from_millis(500)).to_string()
}

fn elapsed(since: &str) -> Duration {
    let since = humantime::parse_rfc3339(since).unwrap_or_else(|_| SystemTime::now());
    since.elapsed().unwrap_or_default()
}

/// A status file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StatusError {
    /// It cannot be read.
    #[error(transparent)]
    Unreadable(DiskError),
    /// It is no status that this program knows.
    #[error("`{}` is not a status file of this version ({message}); use the version of gradwatch that runs as the service, or remove the file", path.display())]
    Unknown {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
}

/// The status of the service in `workspace`: as it was written, and whether the service is alive, by the lock it holds.
///
/// # Errors
/// [`StatusError`].
pub fn read(workspace: &Workspace) -> Result<Status, StatusError> {
    let holder = InstanceLock::holder(workspace.root());
    let written = written(workspace)?;
    Ok(match (holder, written) {
        (None, None) => Status::never_started(),
        (Some(pid), None) => Status::unwritten(pid),
        (Some(pid), Some(status)) if pid != status.pid => Status::unwritten(pid),
        (None, Some(status)) if status.state != ServiceState::Stopped => Status { state: ServiceState::Dead, ..status },
        (_, Some(status)) => status,
    })
}

/// The status as it was written last; `None` before the first one.
///
/// # Errors
/// [`StatusError`].
pub(super) fn written(workspace: &Workspace) -> Result<Option<Status>, StatusError> {
    let path = workspace.status();
    let bytes = match std::fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(StatusError::Unreadable(DiskError::Io { doing: "read", path, source })),
        Ok(bytes) => bytes,
    };
    let unknown = |message: String| StatusError::Unknown { path: path.clone(), message };
    let status: Status = serde_json::from_slice(&bytes).map_err(|error| unknown(error.to_string()))?;
    if status.schema != Status::SCHEMA {
        return Err(unknown(format!("its schema is `{}`", status.schema.escape_debug())));
    }
    Ok(Some(status))
}

#[cfg(test)]
mod tests;

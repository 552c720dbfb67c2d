//! Who writes the status, and how often: at every change of state or of an erasure, else at most once a second and at least every ten.

use std::time::{Duration, Instant};

use crate::disk::{self, DiskError, Room, Workspace};
use crate::domain::Reserve;

use super::metrics;
use super::status::{self, DiskStatus, Status};

/// Changes are written at most this often, unless the state changes.
const AT_MOST_EVERY: Duration = Duration::from_secs(1);
/// Without changes the status is written this often, as a sign of life.
const AT_LEAST_EVERY: Duration = Duration::from_secs(10);

/// Holds the status and writes its two files; kept by the conductor.
#[derive(Debug)]
pub(super) struct StatusWriter {
    workspace: Workspace,
    /// What stays free on its disk.
    reserve: Reserve,
    status: Status,
    /// As last written, and when.
    written: Option<(Status, Instant)>,
    /// A full disk is logged once, not every second.
    failed: bool,
}

impl StatusWriter {
    /// Begins with `status`, and writes it.
    pub(super) fn new(workspace: Workspace, reserve: Reserve, status: Status) -> Self {
        let mut board = Self { workspace, reserve, status, written: None, failed: false };
        board.report();
        board
    }

    /// Changes the status; writes it at once when the state or an erasure changed, else when it is due. Call it at least every second:
    /// with a change that changes nothing it is a sign of life.
    pub(super) fn update(&mut self, change: impl FnOnce(&mut Status)) {
        let state = self.status.state;
        change(&mut self.status);
        if self.status.state != state {
            self.status.since = status::now();
        }
        if self.is_due() {
            self.report();
        }
    }

    /// The status, as last changed.
    pub(super) fn status(&self) -> &Status {
        &self.status
    }

    fn is_due(&self) -> bool {
        let Some((written, at)) = &self.written else { return true };
        let age = at.elapsed();
        let is_obsolete = self.failed || *written != self.status;
        let is_urgent = written.state != self.status.state || written.erasure != self.status.erasure;
        is_urgent || age >= AT_LEAST_EVERY || (age >= AT_MOST_EVERY && is_obsolete)
    }

    fn report(&mut self) {
        self.status.updated = status::now();
        self.status.disk = self.disk();
        self.written = Some((self.status.clone(), Instant::now()));
        let outcome = self.write();
        match &outcome {
            Err(error) if !self.failed => tracing::warn!(%error, "Status not written"),
            Ok(()) if self.failed => tracing::info!("Status written again"),
            _ => {}
        }
        self.failed = outcome.is_err();
    }

    fn disk(&self) -> Option<DiskStatus> {
        let Room { size, free, .. } = disk::room(self.workspace.root()).ok()?;
        Some(DiskStatus { free_bytes: free, reserve_bytes: self.reserve.of(size) })
    }

    fn write(&self) -> Result<(), DiskError> {
        // Nothing is lost with it in a power cut, so it need not wait for the disk.
        let json = serde_json::to_vec_pretty(&self.status).unwrap_or_default();
        disk::create_dir(self.workspace.root())?;
        disk::write_in_batch(&self.workspace.status(), &json)?;
        disk::write_in_batch(&self.workspace.metrics(), metrics::text(&self.status).as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Counter;
    use crate::service::status::ServiceState;

    fn on_disk(workspace: &Workspace) -> Status {
        serde_json::from_slice(&std::fs::read(workspace.status()).unwrap()).unwrap()
    }

    #[test]
    fn a_new_state_is_told_at_once_and_the_rest_when_due() {
        let dir = tempfile::tempdir().unwrap();
        let workspace = Workspace::new(dir.path());
        let mut board = StatusWriter::new(workspace.clone(), Reserve::NONE, Status::starting("watch"));
        assert_eq!(on_disk(&workspace).state, ServiceState::Starting);
        board.update(|status| status.counters[Counter::Samples] = 7);
        assert_eq!(on_disk(&workspace).counters[Counter::Samples], 0, "within the same second");
        board.update(|status| status.state = ServiceState::Idle);
        assert_eq!(on_disk(&workspace), *board.status());
        assert_eq!(on_disk(&workspace).counters[Counter::Samples], 7);
        let metrics = std::fs::read_to_string(workspace.metrics()).unwrap();
        assert!(metrics.contains("gradwatch_samples_total 7\n"), "{metrics}");
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_survived() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("state"), b"a file").unwrap();
        let mut board =
            StatusWriter::new(Workspace::new(dir.path().join("state")), Reserve::NONE, Status::starting("watch"));
        assert!(board.failed);
        std::fs::remove_file(dir.path().join("state")).unwrap();
        board.update(|status| status.state = ServiceState::Idle);
        assert!(!board.failed);
    }
}

//! What is left for `status` when a service does not start, or cannot go on: the reason, so that it did not end unexpectedly.

use crate::disk::{InstanceLock, Workspace};
use crate::domain::Reserve;

use super::status::{self, FailedEnd, ServiceState, Status};
use super::status_writer::StatusWriter;

/// Notes in the state folder why the service ended. Where another gradwatch works there, the status is that one's; where the
/// folder cannot be written, a warning says so, and the log alone has the reason.
pub fn note_failed_end(workspace: &Workspace, reserve: Reserve, reason: &str, exit_code: u8, restarts: bool) {
    let Ok(_lock) = InstanceLock::take(workspace.root()) else { return };
    let known = status::written(workspace).ok().flatten().unwrap_or_else(|| Status::starting(""));
    let (pid, reason) = (std::process::id(), reason.to_owned());
    // A service that had started has noted its end itself, without the reason.
    let had_started = known.pid == pid && known.state == ServiceState::Stopped;
    let status = Status {
        state: ServiceState::Stopped,
        pid,
        since: status::now(),
        phase: None,
        waits_for: None,
        last_error: Some(reason.clone()),
        end: Some(FailedEnd { reason, exit_code, had_started, restarts }),
        ..known
    };
    drop(StatusWriter::new(workspace.clone(), reserve, status));
}

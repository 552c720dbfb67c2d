//! Why a service is not running, as `status.json` says it.

use serde::{Deserialize, Serialize};

/// Why the service is not running.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedEnd {
    /// One line: what, where, how to fix.
    pub reason: String,
    /// With which it ended.
    pub exit_code: u8,
    /// Whether it had started to work.
    pub had_started: bool,
    /// Whether a service manager started it, and starts it again.
    pub restarts: bool,
}

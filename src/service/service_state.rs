//! The words for what the service is doing, as people and scripts read them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What the service is doing. The words are fixed: scripts rely on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServiceState {
    /// Opening the registry, the network, the inbox.
    Starting,
    /// Everything is processed: nothing waits, nothing failed.
    Idle,
    /// Files arrived and are waited for, read and checked.
    Settling,
    /// Writing augmented copies.
    Augmenting,
    /// Computing features and fitting the head.
    Training,
    /// Explaining scans, or writing the gallery.
    Explaining,
    /// There is work that cannot begin yet, or that failed; `waits_for` says why.
    Waiting,
    /// Something outside stands in the way; `waits_for` says what.
    Blocked,
    /// The service ended as it should.
    Stopped,
    /// Set by readers only: the service ended unexpectedly.
    Dead,
    /// Set by readers only: no service has run here yet.
    NeverStarted,
}

impl ServiceState {
    /// All of them, in the order of a service's life.
    pub(super) const ALL: [Self; 11] = [
        Self::Starting,
        Self::Idle,
        Self::Settling,
        Self::Augmenting,
        Self::Training,
        Self::Explaining,
        Self::Waiting,
        Self::Blocked,
        Self::Stopped,
        Self::Dead,
        Self::NeverStarted,
    ];

    /// The fixed word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Idle => "idle",
            Self::Settling => "settling",
            Self::Augmenting => "augmenting",
            Self::Training => "training",
            Self::Explaining => "explaining",
            Self::Waiting => "waiting",
            Self::Blocked => "blocked",
            Self::Stopped => "stopped",
            Self::Dead => "dead",
            Self::NeverStarted => "never-started",
        }
    }
}

impl fmt::Display for ServiceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

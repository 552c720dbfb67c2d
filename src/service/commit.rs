//! One commit to the registry, which comes back with what became of it.

use crate::domain::LedgerEvent;
use crate::registry::{Registry, RegistryError};

/// A commit, done or failed.
pub(super) struct Commit {
    pub(super) registry: Registry,
    pub(super) events: Vec<LedgerEvent>,
    pub(super) outcome: Result<(), RegistryError>,
}

impl Commit {
    /// Records `events`.
    pub(super) fn new(mut registry: Registry, events: Vec<LedgerEvent>) -> Self {
        let outcome = registry.commit(&events);
        Self { registry, events, outcome }
    }
}

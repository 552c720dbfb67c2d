//! How a model that was made outside the service comes into the registry.

use super::failure::Failure;
use crate::daemon::Learned;
use crate::daemon::control::{self, Answer, ControlError, Question};
use crate::disk::Workspace;
use crate::domain::{Clock, Counter, LedgerEvent};
use crate::registry::{Registry, RegistryError};

/// Sees that a registry is there before a model's files are: one that comes after them, and holds nothing, takes them for
/// what is left of a lost one.
pub(super) fn prepare(workspace: &Workspace, clock: Clock) -> Result<(), Failure> {
    match Registry::open(workspace, clock) {
        Ok(mut registry) if registry.ledger().runs.is_empty() => {
            Ok(registry.commit([LedgerEvent::Counted { counter: Counter::Trainings, n: 0 }])?)
        }
        Ok(_) | Err(RegistryError::Locked(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Records it, or has the service that holds the registry do so; `work` is counted with it.
pub(super) fn record(
    workspace: &Workspace,
    clock: Clock,
    learned: &Learned,
    work: &[(Counter, u64)],
) -> Result<(), Failure> {
    match Registry::open(workspace, clock) {
        Ok(mut registry) => {
            let mut events = learned.clone().into_events();
            events.extend(work.iter().map(|(counter, n)| LedgerEvent::Counted { counter: *counter, n: *n }));
            Ok(registry.commit(events)?)
        }
        Err(RegistryError::Locked(_)) => {
            let question = Question::Adopt { learned: Box::new(learned.clone()), work: work.to_vec() };
            match control::ask(workspace, &question)? {
                Answer::Adopted => Ok(()),
                other => Err(ControlError::Unexpected(Box::new(other)).into()),
            }
        }
        Err(error) => Err(error.into()),
    }
}

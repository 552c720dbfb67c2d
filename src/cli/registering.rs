//! How a model that was made outside the service comes into the registry.

use super::failure::Failure;
use crate::disk::Workspace;
use crate::domain::{Clock, Counter, LedgerEvent};
use crate::registry::{Registry, RegistryError};
use crate::service::control::{self, Answer, ControlError, Question};
use crate::workflow::{Incumbent, TrainedModel};

/// Creates the registry before a model's files: an empty registry that is created after them would treat them as the
/// remains of a lost one.
pub(super) fn prepare(workspace: &Workspace, clock: Clock) -> Result<(), Failure> {
    match Registry::open(workspace, clock) {
        Ok(mut registry) if registry.ledger().runs.is_empty() => {
            Ok(registry.commit([LedgerEvent::Counted { counter: Counter::Trainings, n: 0 }])?)
        }
        Ok(_) | Err(RegistryError::Locked(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Records it, or has the service that holds the registry do so; `work` is counted with it. Where the best model is no
/// longer the one that it was decided against, `decide_again` decides against the one there is. Returns what is recorded.
pub(super) fn record(
    workspace: &Workspace,
    clock: Clock,
    mut trained: TrainedModel,
    work: &[(Counter, u64)],
    decide_again: &mut dyn FnMut(&Incumbent) -> Result<TrainedModel, Failure>,
) -> Result<TrainedModel, Failure> {
    while let Some(incumbent) = offer(workspace, clock, &trained, work)? {
        trained = decide_again(&incumbent)?;
    }
    Ok(trained)
}

/// Records it, unless it was decided against another best model than there is: then it returns the current one.
fn offer(
    workspace: &Workspace,
    clock: Clock,
    trained: &TrainedModel,
    work: &[(Counter, u64)],
) -> Result<Option<Incumbent>, Failure> {
    match Registry::open(workspace, clock) {
        Ok(registry) if !trained.decision_holds(registry.ledger()) => {
            Ok(Some(Incumbent::of(registry.ledger(), &trained.model.dataset)))
        }
        Ok(mut registry) => {
            let mut events = trained.clone().into_events();
            events.extend(work.iter().map(|(counter, n)| LedgerEvent::Counted { counter: *counter, n: *n }));
            registry.commit(events)?;
            Ok(None)
        }
        Err(RegistryError::Locked(_)) => {
            let question = Question::Adopt { trained: Box::new(trained.clone()), work: work.to_vec() };
            match control::ask(workspace, &question)? {
                Answer::Adopted => Ok(None),
                Answer::Outdated { incumbent } => Ok(Some(*incumbent)),
                other => Err(ControlError::Unexpected(Box::new(other)).into()),
            }
        }
        Err(error) => Err(error.into()),
    }
}

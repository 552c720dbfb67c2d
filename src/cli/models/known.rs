//! The models of a state folder, from the registry, or from the service while it holds the registry.

use crate::cli::failure::Failure;
use crate::disk::Workspace;
use crate::domain::{Clock, DatasetName};
use crate::registry::{Registry, RegistryError};
use crate::service::control::{self, Answer, ControlError, ListedModel, Question};

/// The models of the state folder; none where no gradwatch ever worked, and nothing is made there.
pub(in crate::cli) fn known(
    workspace: &Workspace,
    clock: Clock,
    dataset: Option<DatasetName>,
) -> Result<Vec<ListedModel>, Failure> {
    if !workspace.has_records()? {
        return Ok(Vec::new());
    }
    match Registry::open(workspace, clock) {
        Ok(registry) => Ok(control::models(registry.ledger(), workspace, dataset.as_ref())),
        Err(RegistryError::Locked(_)) => match control::ask(workspace, &Question::Models { dataset })? {
            Answer::Models { models } => Ok(models),
            other => Err(ControlError::Unexpected(Box::new(other)).into()),
        },
        Err(error) => Err(error.into()),
    }
}

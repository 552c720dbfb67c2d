//! What ends the service.

use std::io;

use crate::registry::RegistryError;
use crate::watch::WatchError;
use crate::workflow::WorkflowError;

/// Why the service cannot start or go on. Trouble with one file, scan or training never comes this far.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The registry cannot be opened or written.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The inbox cannot be watched.
    #[error(transparent)]
    Watch(#[from] WatchError),
    /// libtorch does not compute here, or not on the configured device.
    #[error(transparent)]
    Libtorch(#[from] WorkflowError),
    /// The control socket cannot be made.
    #[error("cannot open the control socket: {0}; check the permissions of the state folder")]
    Control(io::Error),
    /// A thread or signal handler cannot be made.
    #[error("cannot start a thread: {0}; raise the limit of processes for this user")]
    Threads(io::Error),
    /// A thread the service cannot do without is gone.
    #[error("internal error: the {0} thread has ended; start gradwatch again, finished work is kept")]
    ThreadGone(&'static str),
    /// A worker was asked for what it cannot do in its state.
    #[error(transparent)]
    IllegalTransition(#[from] IllegalTransition),
}

/// A fault of the program: a state machine was asked for a transition that its state does not have. Nothing has changed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "internal error: `{transition}` while the {worker} worker is {state}; start gradwatch again, finished work is kept, and please report this error"
)]
pub struct IllegalTransition {
    /// Whose state.
    pub worker: &'static str,
    /// The state it is in.
    pub state: &'static str,
    /// The transition.
    pub transition: &'static str,
}

//! What ends the service.

use std::io;

use crate::nn::NnError;
use crate::registry::RegistryError;
use crate::watch::WatchError;

/// Why the service cannot start or go on. Trouble with one file, scan or training never comes this far.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// The registry cannot be opened or written.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The inbox cannot be watched.
    #[error(transparent)]
    Watch(#[from] WatchError),
    /// libtorch does not compute here.
    #[error(transparent)]
    Libtorch(#[from] NnError),
    /// The control socket cannot be made.
    #[error("cannot open the control socket: {0}")]
    Control(io::Error),
    /// A thread or signal handler cannot be made.
    #[error("cannot start a thread: {0}; raise the limit of processes for this user")]
    Threads(io::Error),
    /// A thread the service cannot do without is gone.
    #[error("internal error: the {0} thread is gone; start gradwatch again, finished work is kept")]
    ThreadGone(&'static str),
}

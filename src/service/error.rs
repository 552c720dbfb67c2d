//! What ends the service.

use std::io;
use std::path::PathBuf;

use crate::privacy::KeyError;
use crate::registry::RegistryError;
use crate::watch::WatchError;
use crate::workflow::WorkflowError;

/// Why the service cannot start or go on. Trouble with one file, scan or training never comes this far.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The registry cannot be opened or written.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The state folder of the last life is not there: a disk that went away, or a folder that another one covers.
    #[error(
        "the state folder `{}` has no journal any more; mount it again, or restart the service to begin without it", .0.display()
    )]
    StateAway(PathBuf),
    /// The inbox cannot be watched.
    #[error(transparent)]
    Watch(#[from] WatchError),
    /// libtorch does not compute here, or not on the configured device.
    #[error(transparent)]
    Libtorch(#[from] WorkflowError),
    /// The control socket cannot be made.
    #[error("cannot open the control socket: {0}; check the permissions of the state folder")]
    Control(io::Error),
    /// The key of the state folder cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
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

impl ServiceError {
    /// Whether its cause lies outside and may pass, so that the service may begin anew by itself.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Registry(error) => error.may_pass(),
            Self::Key(KeyError::Disk(_) | KeyError::Unreadable { .. })
            | Self::StateAway(_)
            | Self::Watch(_)
            | Self::Control(_)
            | Self::Threads(_) => true,
            Self::Key(KeyError::Damaged { .. })
            | Self::Libtorch(_)
            | Self::ThreadGone(_)
            | Self::IllegalTransition(_) => false,
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::DiskError;

    fn refused() -> DiskError {
        DiskError::Io { doing: "sync", path: "journal".into(), source: io::Error::from_raw_os_error(5) }
    }

    #[test]
    fn what_a_disk_an_inbox_or_a_limit_refuses_may_pass() {
        let store =
            RegistryError::Store { doing: "write", path: "registry".into(), message: "no space left".to_owned() };
        let unreadable =
            WatchError::Unreadable { path: "inbox".into(), source: io::ErrorKind::PermissionDenied.into() };
        for error in [
            RegistryError::Disk(refused()).into(),
            RegistryError::Unsynced(refused()).into(),
            store.into(),
            RegistryError::Behind.into(),
            WatchError::Missing("inbox".into()).into(),
            ServiceError::StateAway("state".into()),
            WatchError::Unmounted { path: "inbox".into(), n_known: 3 }.into(),
            unreadable.into(),
            WatchError::Thread(io::ErrorKind::WouldBlock.into()).into(),
            ServiceError::Control(io::Error::from_raw_os_error(24)),
            ServiceError::Threads(io::ErrorKind::WouldBlock.into()),
            KeyError::Disk(refused()).into(),
        ] {
            assert!(error.may_pass(), "{error}");
        }
    }

    #[test]
    fn what_only_a_person_or_another_program_can_change_does_not_pass() {
        let locked = DiskError::Locked { path: "state".into(), pid: Some(1) };
        let newer = RegistryError::NewerSchema { path: "journal".into(), found: 2, known: 1 };
        let damaged = KeyError::Damaged { path: "site.key".into() };
        let illegal = IllegalTransition { worker: "scan", state: "idle", transition: "finish" };
        for error in [
            RegistryError::Locked(locked).into(),
            newer.into(),
            damaged.into(),
            ServiceError::ThreadGone("watching"),
            illegal.into(),
        ] {
            assert!(!error.may_pass(), "{error}");
        }
    }
}

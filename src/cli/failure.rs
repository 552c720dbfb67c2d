//! Why a command failed, in one line, and the exit code that says so to a script (sysexits).

use std::fmt;
use std::process::ExitCode;

use crate::config::ConfigError;
use crate::content::FileFailure;
use crate::daemon::control::ControlError;
use crate::daemon::status::StatusError;
use crate::daemon::{DaemonError, LearnError};
use crate::disk::DiskError;
use crate::nn::NnError;
use crate::registry::RegistryError;
use crate::report::ReportError;

/// Documented exit codes; the README lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// The arguments are wrong.
    Usage = 64,
    /// Input data, a model or the registry cannot be used.
    Data = 65,
    /// A file or folder that was named is not there.
    NoInput = 66,
    /// A device or service is not there.
    Unavailable = 69,
    /// A fault of the program.
    Software = 70,
    /// Reading or writing failed.
    Io = 74,
    /// Try again later: another gradwatch works here, or the work was stopped on request.
    TryLater = 75,
    /// The configuration is wrong.
    Config = 78,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// One line for the user, and a code for the script.
#[derive(Debug)]
pub(super) struct Failure {
    exit: Exit,
    message: String,
}

impl Failure {
    pub(super) fn new(exit: Exit, message: impl fmt::Display) -> Self {
        Self { exit, message: message.to_string() }
    }

    pub(super) fn exit(&self) -> Exit {
        self.exit
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        let exit = if matches!(error, ConfigError::NotAnOverride(_)) { Exit::Usage } else { Exit::Config };
        Self::new(exit, error)
    }
}

impl From<FileFailure> for Failure {
    fn from(failure: FileFailure) -> Self {
        let exit = match failure.code {
            FileFailure::VANISHED => Exit::NoInput,
            FileFailure::UNREADABLE => Exit::Io,
            _ => Exit::Data,
        };
        Self::new(exit, failure)
    }
}

impl From<DiskError> for Failure {
    fn from(error: DiskError) -> Self {
        let is_taken = matches!(error, DiskError::Locked { .. } | DiskError::Training { .. });
        let exit = if is_taken { Exit::TryLater } else { Exit::Io };
        Self::new(exit, error)
    }
}

impl From<RegistryError> for Failure {
    fn from(error: RegistryError) -> Self {
        let exit = match error {
            RegistryError::Locked(_) => Exit::TryLater,
            RegistryError::Disk(_) | RegistryError::Store { .. } | RegistryError::Behind => Exit::Io,
            RegistryError::NewerSchema { .. } | RegistryError::Unknown { .. } => Exit::Data,
            RegistryError::Unwritable(_) => Exit::Software,
        };
        Self::new(exit, error)
    }
}

impl From<StatusError> for Failure {
    fn from(error: StatusError) -> Self {
        let exit = if matches!(error, StatusError::Unreadable(_)) { Exit::Io } else { Exit::Data };
        Self::new(exit, error)
    }
}

impl From<ControlError> for Failure {
    fn from(error: ControlError) -> Self {
        let exit = match error {
            ControlError::NotServed { .. } => Exit::TryLater,
            ControlError::Io { .. } => Exit::Unavailable,
            ControlError::Unknown(_) | ControlError::Unexpected(_) => Exit::Software,
            ControlError::Refused(_) => Exit::Data,
        };
        Self::new(exit, error)
    }
}

impl From<NnError> for Failure {
    fn from(error: NnError) -> Self {
        let exit = match error {
            NnError::Stopped(_) => Exit::TryLater,
            NnError::NoSuchDevice { .. } => Exit::Unavailable,
            _ => Exit::Data,
        };
        Self::new(exit, error)
    }
}

impl From<ReportError> for Failure {
    fn from(error: ReportError) -> Self {
        Self::new(Exit::Io, error)
    }
}

impl From<DaemonError> for Failure {
    fn from(error: DaemonError) -> Self {
        match error {
            DaemonError::Registry(error) => error.into(),
            DaemonError::Watch(error) => Self::new(Exit::NoInput, error),
            DaemonError::Control(_) | DaemonError::Threads(_) => Self::new(Exit::Io, error),
            DaemonError::ThreadGone(_) => Self::new(Exit::Software, error),
        }
    }
}

impl From<LearnError> for Failure {
    fn from(error: LearnError) -> Self {
        match error {
            LearnError::Stopped(_) => Self::new(Exit::TryLater, error),
            LearnError::Augment(error) => error.into(),
            LearnError::Lock(error) => error.into(),
            LearnError::Network(error) => error.into(),
            LearnError::Train(_) | LearnError::NothingInCommon | LearnError::Unfoldable { .. } => {
                Self::new(Exit::Data, error)
            }
            LearnError::NothingToLeaveOut => Self::new(Exit::Config, error),
        }
    }
}

//! Why a command failed, in one line, and the exit code that says so to a script (sysexits).

use std::fmt;
use std::process::ExitCode;

use crate::config::ConfigError;
use crate::content::FileFailure;
use crate::disk::DiskError;
use crate::head::HeadError;
use crate::ingest::FolderError;
use crate::nn::NnError;
use crate::privacy::KeyError;
use crate::registry::RegistryError;
use crate::report::ReportError;
use crate::service::ServiceError;
use crate::service::control::ControlError;
use crate::service::status::StatusError;
use crate::watch::WatchError;
use crate::weights::WeightsError;
use crate::workflow::{FailedWork, Fault, ForgetError, Work, WorkflowError};

/// Documented exit codes; docs/COMMANDS.md lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// The arguments are wrong.
    Usage = 64,
    /// Input data, a model or the registry cannot be used.
    Data = 65,
    /// A file or folder that was named does not exist.
    NoInput = 66,
    /// A device or service is not available.
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

impl Exit {
    /// Whether a start that ended so is in vain until a person changes something: the unit's `RestartPreventExitStatus`.
    pub(super) fn is_final(self) -> bool {
        matches!(self, Self::Usage | Self::Data | Self::Config)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl From<Fault> for Exit {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Later => Self::TryLater,
            Fault::Data => Self::Data,
            Fault::Missing => Self::NoInput,
            Fault::Device => Self::Unavailable,
            Fault::Io => Self::Io,
            Fault::Program => Self::Software,
        }
    }
}

/// One line for the user, and a code for the script.
#[derive(Debug)]
pub(super) struct Failure {
    exit: Exit,
    message: String,
    /// A document on stdout lists it already.
    is_listed: bool,
}

impl Failure {
    pub(super) fn new(exit: Exit, message: impl fmt::Display) -> Self {
        Self { exit, message: message.to_string(), is_listed: false }
    }

    /// The same, once a document on stdout lists it.
    pub(super) fn listed(self) -> Self {
        Self { is_listed: true, ..self }
    }

    /// The same, with what a person has to know besides.
    pub(super) fn noting(self, note: &str) -> Self {
        Self { message: format!("{self} ({note})"), ..self }
    }

    pub(super) fn is_listed(&self) -> bool {
        self.is_listed
    }

    /// Of work that failed beside work that was done: the most severe of `failures` gives the code and the line.
    pub(super) fn of_work(failures: &[FailedWork]) -> Option<Self> {
        let worst = failures.iter().rev().max_by_key(|work| work.fault)?;
        let more =
            if failures.len() > 1 { format!(" (and {} more failures)", failures.len() - 1) } else { String::new() };
        let how = if worst.fault == Fault::Later { "not finished" } else { "failed" };
        Some(Self::new(worst.fault.into(), format!("{how}: {worst}{more}")))
    }

    /// As one piece of work that failed, for a document that lists such.
    pub(super) fn as_work(&self, what: Work, place: impl fmt::Display) -> FailedWork {
        let fault = match self.exit {
            Exit::TryLater => Fault::Later,
            Exit::NoInput => Fault::Missing,
            Exit::Unavailable => Fault::Device,
            Exit::Io => Fault::Io,
            Exit::Software => Fault::Program,
            Exit::Data | Exit::Usage | Exit::Config => Fault::Data,
        };
        FailedWork::new(what, place, fault, &self.message)
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
        Self::new(Fault::from(&failure).into(), failure)
    }
}

impl From<DiskError> for Failure {
    fn from(error: DiskError) -> Self {
        Self::new(Fault::from(&error).into(), error)
    }
}

impl From<RegistryError> for Failure {
    fn from(error: RegistryError) -> Self {
        let exit = match error {
            RegistryError::Locked(_) => Exit::TryLater,
            RegistryError::Disk(_)
            | RegistryError::Unsynced(_)
            | RegistryError::Store { .. }
            | RegistryError::Behind => Exit::Io,
            RegistryError::NewerSchema { .. } | RegistryError::OldLayout { .. } | RegistryError::Unknown { .. } => {
                Exit::Data
            }
            RegistryError::Unwritable(_) => Exit::Software,
        };
        Self::new(exit, error)
    }
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        let exit = match &error {
            KeyError::Disk(error) => Fault::from(error).into(),
            KeyError::Unreadable { .. } => Exit::Io,
            KeyError::Damaged { .. } => Exit::Data,
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
            ControlError::NotServed { .. } | ControlError::Closed { .. } => Exit::TryLater,
            ControlError::Io { .. } => Exit::Unavailable,
            ControlError::Unknown(_) | ControlError::Unexpected(_) => Exit::Software,
            ControlError::Refused { fault, .. } => fault.into(),
        };
        Self::new(exit, error)
    }
}

impl From<WeightsError> for Failure {
    fn from(error: WeightsError) -> Self {
        Self::new(Fault::from(&error).into(), error)
    }
}

impl From<HeadError> for Failure {
    fn from(error: HeadError) -> Self {
        Self::new(Fault::from(&error).into(), error)
    }
}

impl From<NnError> for Failure {
    fn from(error: NnError) -> Self {
        Self::new(Fault::from(&error).into(), error)
    }
}

impl From<ReportError> for Failure {
    fn from(error: ReportError) -> Self {
        Self::new(Fault::from(&error).into(), error)
    }
}

impl From<ForgetError> for Failure {
    fn from(error: ForgetError) -> Self {
        Self::new(Fault::from(&error).into(), error)
    }
}

impl From<FolderError> for Failure {
    fn from(error: FolderError) -> Self {
        let exit = match &error {
            FolderError::Stopped(_) => Exit::TryLater,
            FolderError::Threads(_) => Exit::Io,
            FolderError::NoClasses { .. } => Exit::Data,
        };
        Self::new(exit, error)
    }
}

impl From<ServiceError> for Failure {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::Registry(error) => error.into(),
            ServiceError::Key(error) => error.into(),
            ServiceError::Watch(error @ (WatchError::Missing(_) | WatchError::Unmounted { .. })) => {
                Self::new(Exit::NoInput, error)
            }
            ServiceError::Watch(error) => Self::new(Exit::Io, error),
            ServiceError::StateAway(_) | ServiceError::Control(_) | ServiceError::Threads(_) => {
                Self::new(Exit::Io, error)
            }
            ServiceError::Libtorch(error) => error.into(),
            ServiceError::ThreadGone(_) | ServiceError::IllegalTransition(_) => Self::new(Exit::Software, error),
        }
    }
}

impl From<WorkflowError> for Failure {
    fn from(error: WorkflowError) -> Self {
        match error {
            WorkflowError::Augment(error) => error.into(),
            WorkflowError::Lock(error) => error.into(),
            WorkflowError::NothingToLeaveOut => Self::new(Exit::Config, error),
            _ => Self::new(Fault::from(&error).into(), error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_failures_the_most_severe_gives_the_code() {
        let failed = |fault| FailedWork::new(Work::Training, "shapes", fault, "why; remedy");
        let code = |faults: &[Fault]| {
            let failures: Vec<_> = faults.iter().copied().map(failed).collect();
            Failure::of_work(&failures).map(|failure| failure.exit as u8)
        };
        assert_eq!(code(&[]), None);
        assert_eq!(code(&[Fault::Later]), Some(75));
        assert_eq!(code(&[Fault::Later, Fault::Data]), Some(65));
        assert_eq!(code(&[Fault::Data, Fault::Io, Fault::Later]), Some(74));
        assert_eq!(code(&[Fault::Io, Fault::Program, Fault::Data]), Some(70));
    }

    #[test]
    fn one_line_says_the_most_severe_and_counts_the_others() {
        let data = FailedWork::new(Work::Scan, "a.png", Fault::Data, "it is odd; replace it");
        let io = FailedWork::new(Work::Gallery, "reports", Fault::Io, "the disk is full; free some space");
        let message = Failure::of_work(&[data.clone(), io, data]).unwrap().to_string();
        assert_eq!(message, "failed: the gallery `reports`: the disk is full; free some space (and 2 more failures)");
    }
}

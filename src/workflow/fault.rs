//! What kind of failure an error is: the exit code follows from it, and whether another try can help.

use std::io::ErrorKind;

use serde::{Deserialize, Serialize};

use crate::augment::AugmentError;
use crate::content::FileFailure;
use crate::disk::DiskError;
use crate::explain::ExplainError;
use crate::head::HeadError;
use crate::ingest::GroupsError;
use crate::nn::NnError;
use crate::privacy::KeyError;
use crate::report::ReportError;
use crate::train::TrainError;
use crate::weights::WeightsError;

use super::error::WorkflowError;
use super::explainer::ScanError;
use super::forget::ForgetError;

/// The kinds of failures, the least severe first: of several, the greatest gives the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// Stopped on request, locked by another gradwatch, or rewritten meanwhile: the next run does it.
    Later,
    /// A model, a weights file, a dataset or an image cannot be used.
    Data,
    /// A file that was named is not there.
    Missing,
    /// A device that was asked for is not there.
    Device,
    /// Reading or writing failed.
    Io,
    /// A fault of the program.
    Program,
}

impl From<&DiskError> for Fault {
    fn from(error: &DiskError) -> Self {
        match error {
            DiskError::Io { .. } | DiskError::NoRoom { .. } => Self::Io,
            DiskError::Locked { .. } | DiskError::Training { .. } | DiskError::Busy { .. } => Self::Later,
        }
    }
}

impl From<&KeyError> for Fault {
    fn from(error: &KeyError) -> Self {
        match error {
            KeyError::Disk(error) => error.into(),
            KeyError::Unreadable { .. } => Self::Io,
            KeyError::Damaged { .. } => Self::Data,
        }
    }
}

impl From<&WeightsError> for Fault {
    fn from(error: &WeightsError) -> Self {
        match error {
            WeightsError::Unreadable { source, .. } if source.kind() == ErrorKind::NotFound => Self::Missing,
            WeightsError::Unreadable { .. } => Self::Io,
            WeightsError::Disk(error) => error.into(),
            WeightsError::Unwritable { .. } => Self::Program,
            _ => Self::Data,
        }
    }
}

impl From<&HeadError> for Fault {
    fn from(error: &HeadError) -> Self {
        match error {
            // A head that is gone makes its model unusable; nobody named the file.
            HeadError::Unreadable { source, .. } if source.kind() == ErrorKind::NotFound => Self::Data,
            HeadError::Unreadable { .. } => Self::Io,
            HeadError::Weights(error) => error.into(),
            HeadError::Foreign { .. } | HeadError::Unusable { .. } | HeadError::NoFeatures { .. } => Self::Data,
        }
    }
}

impl From<&NnError> for Fault {
    fn from(error: &NnError) -> Self {
        match error {
            NnError::Stopped(_) | NnError::ArithmeticChanged => Self::Later,
            NnError::NoSuchDevice { .. } | NnError::DeviceFailed { .. } | NnError::OnGpusAlone { .. } => Self::Device,
            NnError::NoThreads { .. } | NnError::NoMemory { .. } => Self::Io,
            NnError::Weights(error) => error.into(),
            NnError::Disk(error) => error.into(),
            NnError::Torch { .. }
            | NnError::NoLibtorch { .. }
            | NnError::SelfTest { .. }
            | NnError::Panicked { .. }
            | NnError::EngineGone
            | NnError::WrongInput { .. } => Self::Program,
            NnError::BeyondHalf | NnError::NoWeights { .. } | NnError::SmallInput { .. } => Self::Data,
        }
    }
}

impl From<&TrainError> for Fault {
    fn from(error: &TrainError) -> Self {
        match error {
            TrainError::Stopped(_) => Self::Later,
            TrainError::Head(error) => error.into(),
            TrainError::Nn(error) => error.into(),
            TrainError::Disk(error) => error.into(),
            TrainError::Features { .. } | TrainError::LostCopies { .. } | TrainError::Unread { .. } => Self::Io,
            TrainError::Record(_) | TrainError::Save(_) => Self::Program,
            _ => Self::Data,
        }
    }
}

impl From<&AugmentError> for Fault {
    fn from(error: &AugmentError) -> Self {
        match error {
            AugmentError::Stopped(_) => Self::Later,
            AugmentError::Disk(error) => error.into(),
            AugmentError::Threads(_) => Self::Io,
            AugmentError::Encode(_) => Self::Program,
            AugmentError::OtherDataset { .. } | AugmentError::Manifest { .. } => Self::Data,
        }
    }
}

impl From<&ReportError> for Fault {
    fn from(error: &ReportError) -> Self {
        match error {
            ReportError::Disk(error) => error.into(),
            ReportError::InTheWay { .. } | ReportError::List { .. } | ReportError::Unread(_) => Self::Io,
            ReportError::Unfit { .. } => Self::Data,
            ReportError::Encode(_) | ReportError::Json { .. } | ReportError::Plot(_) | ReportError::Table(_) => {
                Self::Program
            }
        }
    }
}

impl From<&ForgetError> for Fault {
    fn from(error: &ForgetError) -> Self {
        match error {
            ForgetError::Disk(error) => error.into(),
            ForgetError::Report(error) => error.into(),
            ForgetError::Left(_) => Self::Data,
        }
    }
}

impl From<&WorkflowError> for Fault {
    fn from(error: &WorkflowError) -> Self {
        match error {
            WorkflowError::Stopped(_) => Self::Later,
            WorkflowError::Augment(error) => error.into(),
            WorkflowError::Lock(error) => error.into(),
            WorkflowError::Network(error) => error.into(),
            WorkflowError::Train(error) | WorkflowError::OtherModel(error) => error.into(),
            WorkflowError::NothingToLeaveOut
            | WorkflowError::Unfoldable { .. }
            | WorkflowError::NothingInCommon
            | WorkflowError::NoScores { .. } => Self::Data,
        }
    }
}

impl From<&ScanError> for Fault {
    fn from(error: &ScanError) -> Self {
        match error {
            ScanError::File(failure) => failure.into(),
            ScanError::Network(error) => error.into(),
            ScanError::Head(error) => error.into(),
            ScanError::Report(error) => error.into(),
            ScanError::Key(error) => error.into(),
            ScanError::Explain(_) => Self::Data,
        }
    }
}

impl From<&FileFailure> for Fault {
    fn from(failure: &FileFailure) -> Self {
        match failure.code {
            "changed" | "changing" => Self::Later,
            FileFailure::VANISHED => Self::Missing,
            FileFailure::UNREADABLE | "in-the-way" => Self::Io,
            _ => Self::Data,
        }
    }
}

impl From<&GroupsError> for Fault {
    fn from(error: &GroupsError) -> Self {
        match error {
            GroupsError::Unreadable(_) => Self::Io,
            GroupsError::Unusable { .. } => Self::Data,
        }
    }
}

impl WorkflowError {
    /// Whether the same training may end otherwise without new images or settings: its cause lies in files, disks and
    /// devices, not in what is learned.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Augment(error) => !matches!(error, AugmentError::Encode(_)),
            Self::Lock(_) => true,
            Self::Network(error) | Self::Train(TrainError::Nn(error)) => network_may_pass(error),
            Self::Train(TrainError::Head(error)) => head_may_pass(error),
            Self::Train(error) => {
                matches!(
                    error,
                    TrainError::Disk(_)
                        | TrainError::Features { .. }
                        | TrainError::LostCopies { .. }
                        | TrainError::Unread { .. }
                )
            }
            _ => false,
        }
    }
}

impl ScanError {
    /// Whether the same scan may be explained later by the same model.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::File(failure) => failure.may_pass || Fault::from(failure) == Fault::Later,
            Self::Explain(error) => matches!(error, ExplainError::ForeignHead { .. }),
            Self::Network(error) => network_may_pass(error),
            Self::Head(error) => head_may_pass(error),
            Self::Report(error) => Fault::from(error) == Fault::Io,
            Self::Key(error) => Fault::from(error) == Fault::Io,
        }
    }

    /// Whether the weights of the model are gone.
    pub fn lacks_weights(&self) -> bool {
        matches!(self, Self::Network(NnError::NoWeights { .. }))
    }

    /// Whether the next scan of the same dataset would most likely fail by it as well.
    pub fn may_be_shared(&self) -> bool {
        matches!(self, Self::Network(_) | Self::Head(_) | Self::Report(ReportError::Disk(_)))
    }
}

/// Files can be repaired, memory and devices come back; a bug stays.
fn network_may_pass(error: &NnError) -> bool {
    match error {
        NnError::Weights(error) => weights_may_pass(error),
        other => !matches!(other, NnError::Panicked { .. } | NnError::WrongInput { .. } | NnError::SmallInput { .. }),
    }
}

fn head_may_pass(error: &HeadError) -> bool {
    !matches!(error, HeadError::Weights(error) if !weights_may_pass(error))
}

fn weights_may_pass(error: &WeightsError) -> bool {
    !matches!(error, WeightsError::Unwritable { .. })
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn of_several_the_most_severe_is_the_greatest() {
        let order = [Fault::Later, Fault::Data, Fault::Missing, Fault::Device, Fault::Io, Fault::Program];
        assert!(order.is_sorted());
        assert_eq!([Fault::Io, Fault::Later, Fault::Data].into_iter().max(), Some(Fault::Io));
    }

    fn full() -> DiskError {
        DiskError::Io { doing: "write", path: "x".into(), source: io::ErrorKind::StorageFull.into() }
    }

    #[test]
    fn a_full_disk_is_input_output_wherever_it_is_met_and_may_pass() {
        for error in [
            WorkflowError::Augment(AugmentError::Disk(full())),
            WorkflowError::Network(NnError::Disk(full())),
            WorkflowError::Train(TrainError::Nn(NnError::Disk(full()))),
            WorkflowError::Train(TrainError::Disk(full())),
        ] {
            assert_eq!((Fault::from(&error), error.may_pass()), (Fault::Io, true), "{error}");
        }
        let error = ScanError::Report(ReportError::Disk(full()));
        assert_eq!((Fault::from(&error), error.may_pass(), error.may_be_shared()), (Fault::Io, true, true));
    }

    #[test]
    fn what_the_data_decide_is_not_tried_again() {
        let diverged = WorkflowError::Train(TrainError::Diverged { monitor: "loss" });
        assert_eq!((Fault::from(&diverged), diverged.may_pass()), (Fault::Data, false));
        let panicked = WorkflowError::Network(NnError::Panicked { cause: String::new() });
        assert_eq!((Fault::from(&panicked), panicked.may_pass()), (Fault::Program, false));
    }

    #[test]
    fn a_weights_file_that_is_named_and_not_there_is_missing() {
        let absent =
            |kind: io::ErrorKind| NnError::Weights(WeightsError::Unreadable { path: "w".into(), source: kind.into() });
        assert_eq!(Fault::from(&absent(io::ErrorKind::NotFound)), Fault::Missing);
        assert_eq!(Fault::from(&absent(io::ErrorKind::PermissionDenied)), Fault::Io);
    }

    #[test]
    fn a_head_that_is_gone_makes_its_model_unusable() {
        let gone = |kind: io::ErrorKind| HeadError::Unreadable { path: "head".into(), source: kind.into() };
        assert_eq!(Fault::from(&gone(io::ErrorKind::NotFound)), Fault::Data);
        assert_eq!(Fault::from(&gone(io::ErrorKind::PermissionDenied)), Fault::Io);
        let bug = HeadError::Weights(WeightsError::Unwritable { cause: String::new() });
        assert_eq!(Fault::from(&bug), Fault::Program);
        assert!(!ScanError::Head(bug).may_pass() && ScanError::Head(gone(io::ErrorKind::NotFound)).may_pass());
    }
}

//! Why an erasure was not finished.

use crate::disk::DiskError;
use crate::report::ReportError;

/// Why an erasure was not finished; another call goes on.
#[derive(Debug, thiserror::Error)]
pub enum ForgetError {
    /// A file cannot be read, written or removed; or another program trains.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// A page cannot be written.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// A name stands where nothing may be removed.
    #[error("`{0}` still has a name of a forgotten image; remove it from this file, then run `gradwatch forget` again")]
    Left(String),
}

//! What can go wrong with a file.

use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

/// A file operation that failed: what was tried, on which path, and why.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    /// The system refused.
    #[error("cannot {doing} `{}`: {source}{}", path.display(), hint(doing, source))]
    Io {
        /// `write`, `create folder`, ...
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another gradwatch works in this state folder.
    #[error("`{}` is in use by another gradwatch{}: stop it first, or set another storage.state_dir", path.display(), holder(*pid))]
    Locked {
        /// The state folder.
        path: PathBuf,
        /// The process that holds it, when it could be read.
        pid: Option<u32>,
    },
    /// Another gradwatch writes copies into this folder.
    #[error("another gradwatch is writing into `{}`: wait until it has ended, or name another folder", path.display())]
    Busy {
        /// The folder.
        path: PathBuf,
    },
    /// Less than the reserve would be free.
    #[error(
        "cannot write to `{}`: the disk has {} free, and {} have to be, with {} kept as reserve (storage.reserve_gib, storage.reserve_percent); free some space, or lower the reserve",
        path.display(), amount(*free), amount(needed.saturating_add(*reserve)), amount(*reserve)
    )]
    NoRoom {
        /// Where it was to be written.
        path: PathBuf,
        /// Bytes.
        free: u64,
        /// Bytes.
        needed: u64,
        /// Bytes.
        reserve: u64,
    },
    /// Another gradwatch trains on this dataset, in the same state folder.
    #[error("dataset `{dataset}` is being trained by another gradwatch{}: wait until it has ended, or stop it", holder(*pid))]
    Training {
        /// Its name.
        dataset: String,
        /// The process that holds it, when it could be read.
        pid: Option<u32>,
    },
}

impl DiskError {
    pub(super) fn io<'a>(doing: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> Self + use<'a> {
        move |source| Self::Io { doing, path: path.to_owned(), source }
    }
}

fn hint(doing: &str, source: &io::Error) -> &'static str {
    if source.raw_os_error() == Some(Errno::MFILE.raw_os_error()) {
        return "; raise the limit of open files (ulimit -n, or LimitNOFILE= in the unit)";
    }
    match source.kind() {
        io::ErrorKind::QuotaExceeded => "; free some space within the quota or have it raised, finished work is kept",
        io::ErrorKind::PermissionDenied if matches!(doing, "read" | "look at") => {
            "; run this as the service's user, or join its group (usermod --append --groups GROUP USER, then log in again)"
        }
        io::ErrorKind::PermissionDenied => "; give the user that runs gradwatch write access to it",
        io::ErrorKind::StorageFull => "; free some space, finished work is kept",
        io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => {
            "; a file stands where a folder is needed, move it away"
        }
        io::ErrorKind::IsADirectory => "; a folder stands where a file is needed, move it away",
        io::ErrorKind::ReadOnlyFilesystem => "; set storage.state_dir to a folder on a writable file system",
        _ => "; check the disk and the permissions of that path",
    }
}

/// Bytes as people read them: `51.2 KiB`, `7.0 MiB`, `1.5 GiB`.
pub fn amount(bytes: u64) -> String {
    let in_units = |unit: u32| bytes as f64 / f64::from(unit);
    match bytes {
        0..0x1_9999 => format!("{:.1} KiB", in_units(1 << 10)),
        0x1_9999..0x4000_0000 => format!("{:.1} MiB", in_units(1 << 20)),
        _ => format!("{:.1} GiB", in_units(1 << 30)),
    }
}

fn holder(pid: Option<u32>) -> String {
    pid.map_or_else(String::new, |pid| format!(" (process {pid})"))
}

//! Why a file cannot be used: a stable word, one sentence why, one sentence what to do.

use std::{fmt, io};

use crate::imaging::DecodeError;

/// The same picture under two classes of one dataset.
pub(super) const LABEL_CONFLICT: &str = "label-conflict";
const TOO_LARGE: &str = "too-large";
const UNREADABLE: &str = "unreadable";
const UNUSABLE_LIST: &str = "unusable-list";

/// A file that cannot be used as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// A stable word, for scripts: `truncated`, `not-an-image`, `label-conflict`, ...
    pub code: &'static str,
    /// What is wrong, one sentence without its full stop.
    pub reason: String,
    /// What to do, one sentence without its full stop.
    pub fix: String,
    /// It may be fine later, without anybody doing anything: it is still being written.
    pub unfinished: bool,
}

impl Rejection {
    pub(super) fn new(code: &'static str, reason: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { code, reason: reason.into(), fix: fix.into(), unfinished: false }
    }

    /// The file holds more bytes than `limits.max_file_mib` allows.
    pub(super) fn too_many_bytes(n_bytes: u64, max_file_mib: u64) -> Self {
        let reason = format!("the file has {} MiB, the limit is {max_file_mib}", n_bytes.div_ceil(1 << 20));
        Self::new(TOO_LARGE, reason, "save it smaller, or raise limits.max_file_mib")
    }

    /// The file was written to while it was read.
    pub(super) fn changing() -> Self {
        let fix = "copy it under another name such as `x.png.part`, and rename it when it is whole";
        Self { unfinished: true, ..Self::new("changing", "the file changed while it was read", fix) }
    }

    /// The system refuses to read the file. It is tried again, because permissions change without changing the file.
    pub(super) fn unreadable(error: &io::Error) -> Self {
        let fix = match error.kind() {
            io::ErrorKind::PermissionDenied => "give the user that runs gradwatch read access to it",
            _ => "check the disk or network share that it lies on, and copy it again",
        };
        Self { unfinished: true, ..Self::new(UNREADABLE, format!("the file cannot be read: {error}"), fix) }
    }

    /// A list of groups makes no sense, or cannot be read.
    pub(super) fn unusable_list(reason: String, fix: &str) -> Self {
        Self::new(UNUSABLE_LIST, reason, fix)
    }

    /// Whether a file set aside with this word may have become usable without having changed: limits were raised,
    /// permissions given.
    pub(super) fn may_have_passed(code: &str) -> bool {
        [TOO_LARGE, UNREADABLE, UNUSABLE_LIST].contains(&code)
    }
}

impl From<DecodeError> for Rejection {
    fn from(error: DecodeError) -> Self {
        let unfinished = matches!(error, DecodeError::Truncated { .. });
        Self { unfinished, ..Self::new(error.code(), error.to_string(), error.fix()) }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.reason, self.fix)
    }
}

//! Why a file cannot be used: a stable word, one sentence why, one sentence what to do.

use std::io;
use std::path::PathBuf;

use super::skipped::names;
use crate::imaging::DecodeError;
use crate::privacy::shown;

const TOO_LARGE: &str = "too-large";
const UNUSABLE_LIST: &str = "unusable-list";

/// A file that cannot be used as it is. The same in every command and in the service.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` ({code}): {reason}; {fix}", self.name())]
pub struct FileFailure {
    /// Which file, as the user knows it. Texts have its [`Self::name`].
    pub path: PathBuf,
    /// A stable word, for scripts: `truncated`, `not-an-image`, `vanished`, `label-conflict`, ...
    pub code: &'static str,
    /// What is wrong, one sentence without its full stop.
    pub reason: String,
    /// What to do, one sentence without its full stop.
    pub fix: String,
    /// It may be fine later without anybody changing the file: it is still being written, or cannot be read now.
    pub may_pass: bool,
}

impl FileFailure {
    /// The code of what is a link, a folder, a pipe, a socket or a device.
    pub const NOT_A_FILE: &str = "not-a-file";
    /// The code of what the system refuses to read.
    pub const UNREADABLE: &str = "unreadable";
    /// The code of what was written to while it was read.
    const CHANGING: &str = "changing";
    /// The code of what holds another content than it must.
    const CHANGED: &str = "changed";
    /// The code of a DICOM file that has no pixels.
    const NO_IMAGE: &str = "no-image";
    /// The code of a DICOM file that gradwatch wrote.
    const OWN_RESULT: &str = "own-result";
    /// The code that DICOM files had while they were not read.
    const DICOM: &str = "dicom";
    /// The code of what is not there.
    pub const VANISHED: &str = "vanished";

    /// One that stays until somebody does something.
    pub fn new(
        path: impl Into<PathBuf>,
        code: &'static str,
        reason: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self { path: path.into(), code, reason: reason.into(), fix: fix.into(), may_pass: false }
    }

    /// The system refuses to read the file, or it is not there.
    pub fn unreadable(path: impl Into<PathBuf>, error: &io::Error) -> Self {
        let fix = match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => return Self::vanished(path),
            io::ErrorKind::PermissionDenied => "give the user that runs gradwatch read access to it",
            _ => "check its disk or network share, and copy it again",
        };
        Self { may_pass: true, ..Self::new(path, Self::UNREADABLE, format!("the file cannot be read: {error}"), fix) }
    }

    /// The bytes are no image.
    pub fn undecodable(path: impl Into<PathBuf>, error: &DecodeError) -> Self {
        let may_pass = matches!(error, DecodeError::Truncated { .. });
        Self { may_pass, ..Self::new(path, error.code(), error.to_string(), error.fix()) }
    }

    /// A list of groups makes no sense, or cannot be read.
    pub fn unusable_list(path: impl Into<PathBuf>, reason: String, fix: &str) -> Self {
        Self::new(path, UNUSABLE_LIST, reason, fix)
    }

    fn vanished(path: impl Into<PathBuf>) -> Self {
        let fix = "restore it, or ignore this; files that no longer exist are not used";
        Self { may_pass: true, ..Self::new(path, Self::VANISHED, "it no longer exists", fix) }
    }

    /// It is there, but no regular file.
    pub(super) fn not_a_file(path: impl Into<PathBuf>, what: &str) -> Self {
        Self::new(path, Self::NOT_A_FILE, format!("it is {what}, not a file"), "replace it by the image file itself")
    }

    /// The file holds more bytes than `limits.max_file_mib` allows.
    pub(super) fn too_many_bytes(path: impl Into<PathBuf>, n_bytes: u64, max_bytes: u64) -> Self {
        let reason = format!("the file has {} MiB, the limit is {} MiB", n_bytes.div_ceil(1 << 20), max_bytes >> 20);
        Self::new(path, TOO_LARGE, reason, "save it smaller, or raise limits.max_file_mib")
    }

    /// The file was written to while it was read.
    pub(super) fn changing(path: impl Into<PathBuf>) -> Self {
        let fix = "copy it under another name such as `x.png.part`, and rename it when it is complete";
        Self { may_pass: true, ..Self::new(path, Self::CHANGING, "the file changed while it was read", fix) }
    }

    /// The file holds another content than it must.
    pub(super) fn changed(path: impl Into<PathBuf>) -> Self {
        let fix = "the service reads it again when it no longer changes; repeat other commands then";
        Self::new(path, Self::CHANGED, "its content has changed since it was found", fix)
    }

    /// Reading the file ended the program, so many times.
    pub fn ended_program(path: impl Into<PathBuf>, n_times: u32) -> Self {
        let reason = format!("reading it ended the program {n_times} times");
        let fix = "replace the file, and please report it with the log messages";
        Self::new(path, "ends-program", reason, fix)
    }

    /// The same failure under the name that the user knows the file by.
    #[must_use]
    pub fn at(self, path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), ..self }
    }

    /// What is wrong and what to do, without the file's name.
    pub fn sentence(&self) -> String {
        format!("{}; {}", self.reason, self.fix)
    }

    /// What the file is called in one line of text: control characters are escaped, and it may be hidden.
    pub fn name(&self) -> String {
        shown(&self.path).escape_debug().to_string()
    }

    /// Whether the disk, a share or a permission is in the way, and not what the file holds.
    pub fn is_refused(&self) -> bool {
        self.code == Self::UNREADABLE
    }

    /// What was read; `None` for a file that is gone or cannot be used.
    ///
    /// # Errors
    /// The failure where the disk, a share or a permission is in the way: nothing is known of the file then.
    pub fn unless_refused<T>(read: Result<T, Self>) -> Result<Option<T>, Self> {
        match read {
            Err(failure) if failure.is_refused() => Err(failure),
            read => Ok(read.ok()),
        }
    }

    /// Whether the file is there and could not be read, or not to its end.
    pub fn is_unread(&self) -> bool {
        self.is_refused() || self.code == Self::CHANGING
    }

    /// Whether it is a file that comes with images and is none to be used, such as a report: nothing is wrong with it.
    pub fn is_no_input(&self) -> bool {
        self.code == Self::NO_IMAGE || self.is_own_result()
    }

    /// Whether it is a result that this program wrote.
    pub fn is_own_result(&self) -> bool {
        self.code == Self::OWN_RESULT
    }

    /// Whether the file is not there.
    pub fn is_gone(&self) -> bool {
        self.code == Self::VANISHED
    }

    /// Whether the file was not read, so that nothing is known of what it holds now: another reading may give what was
    /// expected.
    pub fn is_of_reading(&self) -> bool {
        [Self::UNREADABLE, Self::VANISHED, Self::CHANGING, Self::CHANGED].contains(&self.code)
    }

    /// Whether a file that was quarantined with this word may have become usable without having changed: limits were
    /// raised, permissions given, a format is read now.
    pub fn may_have_passed(code: &str) -> bool {
        [TOO_LARGE, Self::UNREADABLE, UNUSABLE_LIST, Self::DICOM].contains(&code)
    }
}

/// One line for each failure; files that vanished are together in one.
pub fn lines<'a>(failures: impl IntoIterator<Item = &'a FileFailure>) -> Vec<String> {
    let (gone, others): (Vec<_>, Vec<_>) = failures.into_iter().partition(|failure| failure.is_gone());
    let mut lines: Vec<String> = others.into_iter().map(ToString::to_string).collect();
    if !gone.is_empty() {
        let n = gone.len();
        let what =
            if n == 1 { "file that vanished since it was found" } else { "files that vanished since they were found" };
        lines.push(format!("{n} {what}: {}", names(gone.iter().map(|failure| failure.name()))));
    }
    lines
}

/// Logs these lines as warnings; `what` is the message.
pub fn warn_of<'a>(what: &str, failures: impl IntoIterator<Item = &'a FileFailure>) {
    for line in lines(failures) {
        tracing::warn!(reason = %line, "{what}");
    }
}

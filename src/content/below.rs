//! Opening below a folder: no part of the way may be a link, so that nothing outside the folder is ever reached.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path};
use std::sync::Once;

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, ResolveFlags, openat, openat2, statat};
use rustix::io::Errno;

use crate::domain::FileStamp;

/// One look at a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileSnapshot {
    /// What is remembered of it.
    pub stamp: FileStamp,
    /// Nanoseconds since the epoch; unlike the time of writing, no copying tool can set it back.
    pub ctime_ns: i64,
}

/// Looks at the file at `relative` below `root`; `None` when no regular file is there, or the way to it leads through a link.
pub fn snapshot_below(root: &Path, relative: &Path) -> Option<FileSnapshot> {
    let file = File::from(open_below(root, relative, OFlags::PATH | OFlags::NOFOLLOW).ok()?);
    let metadata = file.metadata().ok().filter(std::fs::Metadata::is_file)?;
    let ctime_ns = metadata.ctime().saturating_mul(1_000_000_000).saturating_add(metadata.ctime_nsec());
    Some(FileSnapshot { stamp: FileStamp::from(&metadata), ctime_ns })
}

/// Opens `relative` below `root`, which may itself be a link. [`Errno::LOOP`] when any part of `relative` is one.
pub(super) fn open_below(root: &Path, relative: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
    let root = openat(CWD, root, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
    match openat2(&root, relative, flags | OFlags::CLOEXEC, Mode::empty(), resolve) {
        // A kernel before 5.6, or a sandbox that does not know the call.
        Err(errno @ (Errno::NOSYS | Errno::PERM)) => {
            log_fallback(errno);
            walk(root, relative, flags)
        }
        // Something was renamed while the kernel looked.
        Err(Errno::AGAIN) => walk(root, relative, flags),
        other => other,
    }
}

fn log_fallback(errno: Errno) {
    static ONCE: Once = Once::new();
    let error = io::Error::from(errno);
    ONCE.call_once(|| {
        tracing::info!(
            %error,
            "openat2 is not available; paths are opened folder by folder, without following links"
        );
    });
}

/// The same, one folder after the other.
pub(super) fn walk(root: OwnedFd, relative: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
    let mut folder = root;
    let mut parts = relative.components().filter(|part| *part != Component::CurDir).peekable();
    while let Some(part) = parts.next() {
        let Component::Normal(name) = part else { return Err(Errno::XDEV) };
        if parts.peek().is_none() {
            return openat(&folder, name, flags | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty());
        }
        folder = step(&folder, name)?;
    }
    Err(Errno::ISDIR)
}

fn step(folder: &OwnedFd, name: &OsStr) -> Result<OwnedFd, Errno> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(folder, name, flags, Mode::empty()).map_err(|errno| {
        let is_link = || {
            let found = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW);
            found.is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Symlink)
        };
        if errno == Errno::NOTDIR && is_link() { Errno::LOOP } else { errno }
    })
}

//! Opening below a folder: no part of the way may be a link, so that nothing outside the folder is ever reached.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::fd::OwnedFd;
use std::path::{Component, Path};
use std::sync::Once;

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, ResolveFlags, openat, openat2, statat};
use rustix::io::Errno;

use super::file_system::remote_kind_of;
use crate::domain::FileStamp;

/// One look at a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileSnapshot {
    /// What is remembered of it.
    pub stamp: FileStamp,
    /// Whether it lies on a network file system, as [`super::remote_kind`].
    pub is_remote: bool,
}

impl FileSnapshot {
    /// Whether the file is as it was at an earlier look, or reading.
    pub fn matches(&self, known: &FileStamp) -> bool {
        self.stamp.matches(known, self.is_remote)
    }
}

/// Looks at the file at `relative` below `root`, which lies on a network file system or not; `None` when no regular file is
/// there, or the way to it leads through a link.
///
/// # Errors
/// When the system refuses to say what is there.
pub fn snapshot_below(root: &Path, relative: &Path, is_remote: bool) -> io::Result<Option<FileSnapshot>> {
    let Some(file) = find_below(root, relative)? else { return Ok(None) };
    let metadata = Some(file.metadata()?).filter(std::fs::Metadata::is_file);
    Ok(metadata.map(|metadata| FileSnapshot { stamp: FileStamp::from(&metadata), is_remote }))
}

/// The same for one file of which nothing is known: on a network file system its ends are read.
///
/// # Errors
/// As [`snapshot_below`].
pub fn look_below(root: &Path, relative: &Path) -> io::Result<Option<FileSnapshot>> {
    let Some(file) = find_below(root, relative)? else { return Ok(None) };
    let is_remote = remote_kind_of(&file).is_some();
    let mut snapshot = snapshot_below(root, relative, is_remote)?;
    if let Some(FileSnapshot { stamp, is_remote: true }) = &mut snapshot {
        // One that cannot be read is as its metadata say; whoever reads it finds out why.
        stamp.sample = sample_below(root, relative).ok();
    }
    Ok(snapshot)
}

fn find_below(root: &Path, relative: &Path) -> io::Result<Option<File>> {
    match open_below(root, relative, OFlags::PATH | OFlags::NOFOLLOW) {
        Ok(found) => Ok(Some(File::from(found))),
        Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::XDEV | Errno::ISDIR) => Ok(None),
        Err(errno) => Err(errno.into()),
    }
}

fn sample_below(root: &Path, relative: &Path) -> io::Result<u64> {
    let mut file = File::from(open_below(root, relative, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY)?);
    let limit = FileStamp::SAMPLED as u64;
    let (mut first, mut last) = (Vec::new(), Vec::new());
    file.by_ref().take(limit).read_to_end(&mut first)?;
    file.seek(SeekFrom::Start(file.metadata()?.len().saturating_sub(limit)))?;
    file.take(limit).read_to_end(&mut last)?;
    Ok(FileStamp::sample_of(&first, &last))
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

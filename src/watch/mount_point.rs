//! Whether a file system is mounted at a folder, also a bind mount of the same one, and which.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags, statx};

use super::file_system_id::FileSystemId;

/// What is mounted at `folder`; `None` when nothing is, or no folder is there.
///
/// # Errors
/// When the system refuses to say: a share that went away may still be mounted.
pub(super) fn mounted_at(folder: &Path) -> io::Result<Option<FileSystemId>> {
    if is_mount_point(folder)? { Ok(Some(FileSystemId::of(folder)?)) } else { Ok(None) }
}

/// Whether something is mounted at `folder`; `false` when no folder is there.
///
/// # Errors
/// When the system refuses to say: a share that went away may still be mounted.
pub(super) fn is_mount_point(folder: &Path) -> io::Result<bool> {
    let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT;
    match statx(CWD, folder, flags, StatxFlags::BASIC_STATS) {
        Ok(found) if found.stx_attributes_mask.contains(StatxAttributes::MOUNT_ROOT) => {
            Ok(found.stx_attributes.contains(StatxAttributes::MOUNT_ROOT))
        }
        // A kernel before 5.8 does not say; one before 4.11, or a sandbox, does not know the call.
        Ok(_) | Err(rustix::io::Errno::NOSYS | rustix::io::Errno::PERM) => absent_is_none(is_on_another_device(folder)),
        Err(errno) => absent_is_none(Err(errno.into())),
    }
}

fn is_on_another_device(folder: &Path) -> io::Result<bool> {
    let parent = fs::canonicalize(folder)?.parent().map(Path::to_owned);
    let device = |path: &Path| fs::symlink_metadata(path).map(|metadata| metadata.dev());
    parent.map_or(Ok(true), |parent| Ok(device(folder)? != device(&parent)?))
}

fn absent_is_none(found: io::Result<bool>) -> io::Result<bool> {
    match found {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(false),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mount_points_and_folders_are_distinguished() {
        let dir = tempfile::tempdir().unwrap();
        for (folder, expected) in [(Path::new("/"), true), (Path::new("/proc"), true), (dir.path(), false)] {
            assert_eq!(is_mount_point(folder).unwrap(), expected, "{}", folder.display());
            assert_eq!(is_on_another_device(folder).unwrap(), expected, "{}", folder.display());
        }
        assert!(!is_mount_point(&dir.path().join("absent")).unwrap());
    }
}

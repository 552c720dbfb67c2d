//! Whether a disk has room for what is to be written, and for the reserve that stays free.

use std::path::Path;

use rustix::fs::statvfs;

use super::DiskError;
use crate::domain::Reserve;

/// A file system's size and what is free of it, for the user that runs gradwatch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Bytes in all.
    pub size: u64,
    /// Bytes that can still be written.
    pub free: u64,
    /// Files that can still be made; `None` where the file system sets no number.
    pub free_files: Option<u64>,
}

/// The room on the file system of `folder`, or of the nearest folder above it that exists.
///
/// # Errors
/// [`DiskError::Io`].
pub fn room(folder: &Path) -> Result<Room, DiskError> {
    let present = folder.ancestors().find(|path| path.exists()).unwrap_or(Path::new("."));
    let found = statvfs(present).map_err(|errno| DiskError::io("find the free space of", present)(errno.into()))?;
    Ok(Room {
        size: found.f_blocks.saturating_mul(found.f_frsize),
        free: found.f_bavail.saturating_mul(found.f_frsize),
        free_files: (found.f_files > 0).then_some(found.f_favail),
    })
}

/// Refuses to write `n_bytes` more into `folder` where less than `reserve` would then be free.
///
/// # Errors
/// [`DiskError::NoRoom`], [`DiskError::Io`].
pub fn require_room(folder: &Path, n_bytes: u64, reserve: Reserve) -> Result<(), DiskError> {
    let Room { size, free, .. } = room(folder)?;
    let kept = reserve.of(size);
    // Without a reserve the write itself finds out.
    if kept == 0 || free >= kept.saturating_add(n_bytes) {
        return Ok(());
    }
    Err(DiskError::NoRoom { path: folder.to_owned(), free, needed: n_bytes, reserve: kept })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_that_would_leave_less_than_the_reserve_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let Room { size, free, .. } = room(&dir.path().join("not/there/yet")).unwrap();
        assert!(0 < free && free <= size);
        let all = Reserve { percent: 100.0, bytes: size };
        let error = require_room(dir.path(), 1, all).unwrap_err();
        assert!(matches!(error, DiskError::NoRoom { reserve, .. } if reserve == size), "{error:?}");
        let little = Reserve { percent: 100.0, bytes: 1 };
        require_room(dir.path(), 1, little).unwrap();
        assert!(require_room(dir.path(), size, little).is_err(), "what is written counts");
        require_room(dir.path(), size, Reserve::NONE).unwrap();
    }

    #[test]
    fn the_message_says_how_much_is_free_and_what_to_do() {
        let error = DiskError::NoRoom { path: "state".into(), free: 1 << 30, needed: 1 << 29, reserve: 2 << 30 };
        assert_eq!(
            error.to_string(),
            "cannot write to `state`: the disk has 1.0 GiB free, and 2.5 GiB have to be, with 2.0 GiB kept as reserve \
             (storage.reserve_gib, storage.reserve_percent); free some space, or lower the reserve"
        );
    }
}

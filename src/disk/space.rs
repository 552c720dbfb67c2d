//! How much a file system still takes.

use std::path::Path;

use super::DiskError;

/// Of the file system that a folder lies on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FreeSpace {
    /// Bytes that this user may still write.
    pub bytes: u64,
    /// Bytes in all.
    pub total: u64,
    /// Files that may still be made; `None` where the file system has no such limit.
    pub files: Option<u64>,
}

/// # Errors
/// [`DiskError::Io`].
pub fn free_space(folder: &Path) -> Result<FreeSpace, DiskError> {
    let found = rustix::fs::statvfs(folder).map_err(|errno| DiskError::io("look at", folder)(errno.into()))?;
    Ok(FreeSpace {
        bytes: found.f_bavail.saturating_mul(found.f_frsize),
        total: found.f_blocks.saturating_mul(found.f_frsize),
        files: (found.f_files > 0).then_some(found.f_favail),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_some_of_all_and_an_absent_one_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let found = free_space(dir.path()).unwrap();
        assert!(0 < found.bytes && found.bytes <= found.total, "{found:?}");
        assert!(free_space(&dir.path().join("absent")).is_err());
    }
}

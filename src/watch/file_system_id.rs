//! Which file system is mounted at a folder, so that another one in its place is noticed.

use std::fs;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, StatxFlags, statfs, statvfs, statx};
use serde::{Deserialize, Serialize};

/// Kind and number of a file system, and the inode of its folder that is mounted; of one without a number, as a network
/// share, the address that it was mounted from. The same after a restart for ext4, btrfs and shares; others may change theirs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSystemId(String);

impl FileSystemId {
    /// Of what is mounted at `folder`.
    ///
    /// # Errors
    /// When the system refuses to say.
    pub(super) fn of(folder: &Path) -> rustix::io::Result<Self> {
        let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT;
        let found = statx(CWD, folder, flags, StatxFlags::INO | StatxFlags::MNT_ID)?;
        let (kind, number) = (statfs(folder)?.f_type, statvfs(folder)?.f_fsid);
        let name = match number {
            0 => source(&fs::read_to_string("/proc/self/mountinfo").unwrap_or_default(), found.stx_mnt_id),
            number => format!("{number:x}"),
        };
        Ok(Self(format!("{kind:x} {name} {}", found.stx_ino)))
    }

    /// In a list that an older version wrote, folders have none.
    pub(super) fn is_unknown(&self) -> bool {
        self.0.is_empty()
    }

    /// One by name, for tests.
    #[cfg(test)]
    pub(super) fn named(name: &str) -> Self {
        Self(name.to_owned())
    }
}

/// What the mount with this number was mounted from, by a list as in proc_pid_mountinfo(5); `""` if it is not in it.
fn source(mounts: &str, id: u64) -> String {
    let fields = mounts.lines().filter_map(|line| line.split_once(" - "));
    let mut own = fields.filter(|(mount, _)| mount.split(' ').next() == Some(&id.to_string()));
    own.find_map(|(_, of)| of.split(' ').nth(1)).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_the_same_each_time_and_others_have_others() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let id = |folder: &Path| FileSystemId::of(folder).unwrap();
        assert_eq!(id(one.path()), id(one.path()));
        assert_ne!(id(one.path()), id(two.path()), "another folder of the same file system may be mounted");
        assert_ne!(id(Path::new("/proc")), id(Path::new("/sys")));
        assert!(FileSystemId::of(&one.path().join("absent")).is_err());
    }

    #[test]
    fn a_share_is_named_by_its_address() {
        let mounts = "36 35 0:40 / /in rw,relatime shared:1 - nfs4 pacs:/export/xray rw,vers=4.2\n\
            37 35 0:41 / /other rw - cifs //server/share rw\n";
        assert_eq!([36, 37, 3].map(|id| source(mounts, id)), ["pacs:/export/xray", "//server/share", ""]);
    }
}

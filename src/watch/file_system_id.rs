//! Which file system is mounted at a folder, so that another one in its place is noticed.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, StatxFlags, major, minor, statfs, statvfs, statx};
use serde::{Deserialize, Serialize};

use crate::content::remote_kind;

/// Kinds whose number is made of an identity of their own, or of a disk that is not exchanged; as in `linux/magic.h`: ext2 to
/// ext4, btrfs, XFS, ZFS, overlayfs, tmpfs. That of others is the number of the slot that a disk is plugged into.
const LASTING: [u32; 6] = [0xEF53, 0x9123_683E, 0x5846_5342, 0x2FC1_2FC1, 0x794C_7630, 0x0102_1994];

/// Instead of a name: it may be any.
const NAMELESS: &str = "?";

/// Kind and name of a file system, and the inode of its folder that is mounted. The name is the UUID, as udev says it, the
/// number that the kernel gives it, or the address of a network share.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSystemId(String);

impl FileSystemId {
    /// Of what is mounted at `folder`.
    ///
    /// # Errors
    /// When the system refuses to say.
    pub(super) fn of(folder: &Path) -> io::Result<Self> {
        let (metadata, number) = (fs::symlink_metadata(folder)?, statvfs(folder)?.f_fsid);
        let kind = u32::try_from(statfs(folder)?.f_type).unwrap_or(0);
        let numbered = || (number != 0 && LASTING.contains(&kind)).then(|| format!("{number:x}"));
        let name = uuid(metadata.dev()).or_else(numbered).or_else(|| address(folder));
        Ok(Self(format!("{kind:x} {} {}", name.as_deref().unwrap_or(NAMELESS), metadata.ino())))
    }

    /// Whether this is sure to be what was there `before`. In a list that an older version wrote, folders have none.
    pub(super) fn is_same_as(&self, before: &Self) -> bool {
        before.0.is_empty() || (self == before && !self.0.split(' ').any(|part| part == NAMELESS))
    }

    /// One by name, for tests.
    #[cfg(test)]
    pub(super) fn named(name: &str) -> Self {
        Self(name.to_owned())
    }
}

/// The UUID of the file system on a disk.
fn uuid(device: u64) -> Option<String> {
    let about = fs::read_to_string(format!("/run/udev/data/b{}:{}", major(device), minor(device))).ok()?;
    about.lines().find_map(|line| line.strip_prefix("E:ID_FS_UUID=")).map(str::to_owned)
}

/// Where a network share was mounted from.
fn address(folder: &Path) -> Option<String> {
    remote_kind(folder)?;
    let found = statx(CWD, folder, AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT, StatxFlags::MNT_ID).ok()?;
    let source = source(&fs::read_to_string("/proc/self/mountinfo").ok()?, found.stx_mnt_id)?;
    // A disk whose driver is a program, as ntfs-3g.
    (!source.starts_with("/dev/")).then_some(source)
}

/// What the mount with this number was mounted from, by a list as in `proc_pid_mountinfo(5)`.
fn source(mounts: &str, id: u64) -> Option<String> {
    let fields = mounts.lines().filter_map(|line| line.split_once(" - "));
    let mut own = fields.filter(|(mount, _)| mount.split(' ').next() == Some(&id.to_string()));
    own.find_map(|(_, of)| of.split(' ').nth(1)).map(str::to_owned)
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
    fn one_without_a_name_may_be_any() {
        let proc = FileSystemId::of(Path::new("/proc")).unwrap();
        assert!(!proc.is_same_as(&proc), "{proc:?}");
        let [disk, other] = ["ef53 1f 2", "ef53 2f 2"].map(FileSystemId::named);
        assert!(disk.is_same_as(&disk) && !disk.is_same_as(&other));
        assert!(disk.is_same_as(&FileSystemId::default()), "of an older version");
    }

    #[test]
    fn a_share_is_named_by_its_address() {
        let mounts = "36 35 0:40 / /in rw,relatime shared:1 - nfs4 pacs:/export/xray rw,vers=4.2\n\
            37 35 0:41 / /other rw - cifs //server/share rw\n";
        let expected = [Some("pacs:/export/xray".to_owned()), Some("//server/share".to_owned()), None];
        assert_eq!([36, 37, 3].map(|id| source(mounts, id)), expected);
    }
}

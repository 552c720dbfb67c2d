//! Which file systems are shared with other machines: they report no changes made there, and their inodes are not to be relied on.

use std::fs::File;
use std::path::Path;

use rustix::fs::{fstatfs, statfs};

/// The name of the network file system that `path` lies on; `None` when it is a local one, or nothing is there.
pub fn remote_kind(path: &Path) -> Option<&'static str> {
    kind(u32::try_from(statfs(path).ok()?.f_type).ok()?)
}

/// The same for a file that is open.
pub(super) fn remote_kind_of(file: &File) -> Option<&'static str> {
    kind(u32::try_from(fstatfs(file).ok()?.f_type).ok()?)
}

/// Numbers as in `linux/magic.h` and in statfs(2).
fn kind(magic: u32) -> Option<&'static str> {
    match magic {
        0x6969 => Some("NFS"),
        0x517B | 0xFF53_4D42 | 0xFE53_4D42 => Some("SMB"),
        0x6573_5546 => Some("FUSE"),
        0x0102_1997 => Some("9P"),
        0x00C3_6400 => Some("Ceph"),
        0x5346_414F | 0x6B41_4653 => Some("AFS"),
        0x0BD0_0BD0 => Some("Lustre"),
        0x4750_4653 => Some("GPFS"),
        0x1983_0326 => Some("BeeGFS"),
        0x786F_4256 => Some("a VirtualBox share"),
        0xBACB_ACBC => Some("a VMware share"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_and_network_file_systems_are_distinguished() {
        assert_eq!(kind(0xEF53), None, "ext4");
        assert_eq!(kind(0x0102_1994), None, "tmpfs");
        assert_eq!(kind(0xFF53_4D42), Some("SMB"));
        assert_eq!(remote_kind(Path::new("/proc")), None);
        assert_eq!(remote_kind(Path::new("/absent")), None);
    }
}

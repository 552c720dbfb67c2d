//! Files on a network file system whose metadata say that nothing changed: some of them are looked into after each survey.
//!
//! A rewrite that keeps size and time shows at once where the share reports `ctime` (NFS, SMB, 9P). Where it makes that up
//! (sshfs), only the bytes show it. Reading the ends of 100,000 files at every survey would cost gigabytes; 32 files are 4 MiB.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::settle::FileSnapshot;

/// Files that are looked into after one survey.
const CHECKED: usize = 32;

/// Where the next look begins.
#[derive(Debug, Default)]
pub(super) struct RemoteCheck {
    last: String,
}

impl RemoteCheck {
    /// The next files in the order of their paths; after the last one it begins anew.
    pub(super) fn next(&mut self, files: &BTreeMap<String, FileSnapshot>) -> Vec<String> {
        let after = (Bound::Excluded(self.last.as_str()), Bound::Unbounded);
        let remote = files.range::<str, _>(after).filter(|(_, snapshot)| snapshot.is_remote);
        let next: Vec<String> = remote.take(CHECKED).map(|(path, _)| path.clone()).collect();
        self.last = next.last().filter(|_| next.len() == CHECKED).cloned().unwrap_or_default();
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::FileStamp;

    #[test]
    fn every_remote_file_has_its_turn() {
        let snapshot = |n: usize| FileSnapshot { stamp: FileStamp::NONE, is_remote: n != 0 };
        let files: BTreeMap<_, _> = (0..CHECKED + 10).map(|n| (format!("{n:03}"), snapshot(n))).collect();
        let mut check = RemoteCheck::default();
        assert_eq!((check.next(&files).len(), check.next(&files).len()), (CHECKED, 9));
        assert_eq!(check.next(&files).first().unwrap(), "001");
        assert_eq!(check.next(&BTreeMap::new()), [""; 0]);
    }
}

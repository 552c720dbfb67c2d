//! Folders of the inbox that are mounted, and what to believe of one that is mounted no more. Pure: whoever asks looks.
//!
//! An empty folder in the place of a mounted one says nothing about the files, so they stay known. A folder that holds files
//! is believed, and so is one below which nothing was known.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What was found at a folder that was mounted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MountState {
    /// It is mounted.
    Mounted,
    /// It is mounted, or may be, and cannot be read.
    Unreadable,
    /// It is an ordinary folder, or none, and a file lies below it.
    InUse,
    /// It is an ordinary folder without a file, or there is none.
    Empty,
}

/// Folders that were mounted, by path relative to the inbox; `""` is the inbox itself, and a folder above it has its whole
/// path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Mounts {
    seen: BTreeSet<String>,
    /// Those whose files cannot be seen now, and how they were found.
    away: BTreeMap<String, MountState>,
}

impl Mounts {
    /// Those that were seen before.
    pub(super) fn new(seen: BTreeSet<String>) -> Self {
        Self { seen, away: BTreeMap::new() }
    }

    /// All that were seen and are not given up.
    pub(super) fn seen(&self) -> &BTreeSet<String> {
        &self.seen
    }

    /// A survey found these folders `mounted`, and each that was seen before at its `place`; `is_known` says whether files
    /// below a folder are known.
    pub(super) fn judge(
        &mut self,
        mounted: &BTreeSet<String>,
        place: impl Fn(&str) -> MountState,
        is_known: impl Fn(&str) -> bool,
    ) {
        self.away.clear();
        for folder in std::mem::take(&mut self.seen) {
            match place(&folder) {
                MountState::Mounted => drop(self.seen.insert(folder)),
                found @ (MountState::Unreadable | MountState::Empty) if is_known(&folder) => {
                    self.seen.insert(folder.clone());
                    self.away.insert(folder, found);
                }
                MountState::InUse | MountState::Unreadable | MountState::Empty => {}
            }
        }
        self.seen.extend(mounted.iter().cloned());
    }

    /// Whether a file with this path may be there unseen.
    pub(super) fn is_away(&self, path: &str) -> bool {
        let is_above = |folder: &String| folder.is_empty() || folder.starts_with('/');
        self.away.keys().any(is_above) || folders(path).any(|folder| self.away.contains_key(folder))
    }

    /// Whether any of them is away.
    pub(super) fn any_away(&self) -> bool {
        !self.away.is_empty()
    }

    /// Those that are away.
    pub(super) fn away(&self) -> BTreeSet<String> {
        self.away.keys().cloned().collect()
    }

    /// Whether a folder is not as the last survey found it. `None`: the system refuses to say whether it is mounted.
    pub(super) fn is_changed(&self, is_mounted: impl Fn(&str) -> Option<bool>) -> bool {
        let was = |folder: &str| match self.away.get(folder) {
            None => Some(true),
            Some(MountState::Unreadable) => None,
            Some(_) => Some(false),
        };
        self.seen.iter().any(|folder| is_mounted(folder) != was(folder))
    }

    /// What to do, one sentence for each that is away.
    pub(super) fn sentences(&self, inbox: &Path) -> Vec<String> {
        let way_out =
            "or, if it is retired for good, stop the service, remove `mounts.json` from the state folder, and start it";
        let sentence = |(folder, place): (&String, &MountState)| {
            let folder = if folder.is_empty() { inbox.to_owned() } else { inbox.join(folder) };
            let what = match place {
                MountState::Unreadable => "is a mounted folder and cannot be read now",
                _ => "was a mounted folder and is now empty or missing",
            };
            format!("`{}` {what}, its files are kept as known; mount it again, {way_out}", folder.display())
        };
        self.away.iter().map(sentence).collect()
    }
}

/// Each folder of the inbox above `path`.
fn folders(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn judged(place: MountState, is_known: bool) -> Mounts {
        let mut mounts = Mounts::new(set(&["datasets/x"]));
        mounts.judge(&set(&[]), |_| place, |_| is_known);
        mounts
    }

    #[test]
    fn only_a_mount_that_went_away_is_not_believed() {
        let mut mounts = Mounts::default();
        mounts.judge(&set(&["datasets/x"]), |_| MountState::Mounted, |_| true);
        assert_eq!((mounts.seen(), mounts.any_away()), (&set(&["datasets/x"]), false));
        for (place, is_known, is_away, is_seen) in [
            (MountState::Mounted, true, false, true),
            (MountState::Empty, true, true, true),
            (MountState::Unreadable, true, true, true),
            (MountState::InUse, true, false, false),
            (MountState::Empty, false, false, false),
        ] {
            let mounts = judged(place, is_known);
            assert_eq!(mounts.is_away("datasets/x/c/a.png"), is_away, "{place:?}");
            assert_eq!(mounts.seen().contains("datasets/x"), is_seen, "{place:?}");
        }
    }

    #[test]
    fn what_lies_elsewhere_is_believed() {
        let mounts = judged(MountState::Empty, true);
        for path in ["datasets/xy/c/a.png", "datasets/y/c/a.png", "scans/a.png"] {
            assert!(!mounts.is_away(path), "{path}");
        }
        for whole in ["", "/in"] {
            let mut inbox = Mounts::new(set(&[whole]));
            inbox.judge(&set(&[]), |_| MountState::Empty, |_| true);
            assert!(inbox.is_away("scans/a.png"), "{whole}");
        }
    }

    #[test]
    fn a_change_is_noticed_both_ways() {
        let away = judged(MountState::Empty, true);
        assert!(!away.is_changed(|_| Some(false)) && away.is_changed(|_| Some(true)) && away.is_changed(|_| None));
        let there = judged(MountState::Mounted, true);
        assert!(there.is_changed(|_| Some(false)) && !there.is_changed(|_| Some(true)) && there.is_changed(|_| None));
        assert!(!judged(MountState::Unreadable, true).is_changed(|_| None));
    }

    #[test]
    fn the_sentence_names_the_folder_and_both_ways_out() {
        let sentences = judged(MountState::Empty, true).sentences(Path::new("/in"));
        let expected = "`/in/datasets/x` was a mounted folder and is now empty or missing, its files are kept as known; \
            mount it again, or, if it is retired for good, stop the service, remove `mounts.json` from the state folder, \
            and start it";
        assert_eq!(sentences, [expected]);
    }
}

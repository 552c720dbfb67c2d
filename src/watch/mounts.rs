//! Folders of the inbox that are mounted, and what to believe of what is now in their place. Pure: whoever asks looks.
//!
//! An empty folder in the place of a mounted one, or another file system, says nothing about the files, so they stay known.
//! What holds one of the known files is believed, and so is the same file system without any: it was emptied.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::file_system_id::FileSystemId;
use crate::privacy::shown_in_inbox;

/// Folders that were seen to be mounted, by path relative to the inbox, and which file system; `""` is the inbox itself, and
/// a folder above it has its whole path.
pub type SeenMounts = BTreeMap<String, FileSystemId>;

/// How a folder is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum MountLook {
    /// This is mounted there.
    Mounted(FileSystemId),
    /// It is an ordinary folder, or none.
    Unmounted,
    /// The system refuses to say.
    Refused,
}

/// How each of them is.
pub(super) type MountLooks = BTreeMap<String, MountLook>;

/// What a survey found at a folder that is or was mounted.
#[derive(Debug, Clone)]
pub(super) struct FolderEvidence {
    pub(super) look: MountLook,
    /// It, or a folder above it, could not be read.
    pub(super) is_hidden: bool,
    pub(super) files: FilesBelow,
}

/// What was found of the files that are known below a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FilesBelow {
    /// None is known.
    Unknown,
    /// One is there and looks as it did.
    Recognised,
    /// Only others are there.
    Others,
    /// No file is there.
    Missing,
}

/// Why the files of a folder cannot be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Absence {
    Unreadable,
    Empty,
    OtherFiles,
    OtherFileSystem,
}

/// What is known of the mounted folders of an inbox.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Mounts {
    /// `None` when nobody remembers: then what is mounted is believed.
    seen: Option<SeenMounts>,
    /// As the last survey found them.
    looks: MountLooks,
    /// Those whose files cannot be seen now.
    away: BTreeMap<String, Absence>,
}

impl Mounts {
    /// Those that were seen before.
    pub(super) fn new(seen: Option<SeenMounts>) -> Self {
        Self { seen, ..Self::default() }
    }

    /// All that were seen and are not given up; `None` before the first survey when nobody remembers.
    pub(super) fn seen(&self) -> Option<&SeenMounts> {
        self.seen.as_ref()
    }

    /// All that a change would matter of.
    pub(super) fn folders(&self) -> impl Iterator<Item = &String> {
        let seen = self.seen.iter().flat_map(SeenMounts::keys);
        seen.chain(self.looks.keys()).collect::<BTreeSet<_>>().into_iter()
    }

    /// A survey found file systems at the folders `mounted`, and this at each of them and of those that were seen before.
    pub(super) fn judge(&mut self, mut mounted: BTreeSet<String>, evidence: impl Fn(&str) -> FolderEvidence) {
        let remembered = self.seen.take();
        let mut seen = SeenMounts::new();
        (self.looks, self.away) = (BTreeMap::new(), BTreeMap::new());
        mounted.extend(remembered.iter().flat_map(SeenMounts::keys).cloned());
        for folder in mounted {
            let (found, before) = (evidence(&folder), remembered.as_ref().and_then(|seen| seen.get(&folder)));
            self.looks.insert(folder.clone(), found.look.clone());
            let is_same = |id: &FileSystemId| before.map_or(remembered.is_none(), |before| id.is_same_as(before));
            match (absence(&found, is_same), found.look) {
                (Some(absence), _) => {
                    // The one that is awaited, not the one that is there.
                    seen.extend(before.map(|id| (folder.clone(), id.clone())));
                    self.away.insert(folder, absence);
                }
                (None, MountLook::Mounted(id)) => drop(seen.insert(folder, id)),
                (None, MountLook::Unmounted | MountLook::Refused) => {}
            }
        }
        self.seen = Some(seen);
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

    /// Those whose files cannot be seen now.
    pub(super) fn away(&self) -> BTreeSet<String> {
        self.away.keys().cloned().collect()
    }

    /// Whether a folder is not as the last survey found it.
    pub(super) fn is_changed(&self, look: impl Fn(&str) -> MountLook) -> bool {
        self.folders().any(|folder| self.looks.get(folder) != Some(&look(folder)))
    }

    /// What to do, one sentence for each that is away.
    pub(super) fn sentences(&self, inbox: &Path) -> Vec<String> {
        let sentence = |(folder, absence): (&String, &Absence)| {
            let what = match absence {
                Absence::Unreadable => "is a mounted folder and cannot be read now",
                Absence::Empty => "was a mounted folder and is now empty or missing",
                Absence::OtherFiles => {
                    "was a mounted folder, is now an ordinary one, and holds none of the known files"
                }
                Absence::OtherFileSystem => "may be another file system than before and holds none of the known files",
            };
            format!(
                "`{}` {what}; its files are kept as known; mount it again, or, if what is there now is to count, stop \
                the service, remove `mounts.json` from the state folder, and start it",
                shown_in_inbox(inbox, folder).display()
            )
        };
        self.away.iter().map(sentence).collect()
    }
}

/// Why what is found at a folder is not to be believed, if it is not; `is_same` says whether a file system is the one that
/// was mounted there, or nobody remembers which was.
fn absence(found: &FolderEvidence, is_same: impl Fn(&FileSystemId) -> bool) -> Option<Absence> {
    match (&found.look, found.files) {
        (_, FilesBelow::Unknown) => None,
        (MountLook::Refused, _) => Some(Absence::Unreadable),
        (MountLook::Mounted(_), _) if found.is_hidden => Some(Absence::Unreadable),
        (_, FilesBelow::Recognised) => None,
        (MountLook::Mounted(id), _) if is_same(id) => None,
        (MountLook::Mounted(_), _) => Some(Absence::OtherFileSystem),
        (MountLook::Unmounted, FilesBelow::Others) => Some(Absence::OtherFiles),
        (MountLook::Unmounted, FilesBelow::Missing) => Some(Absence::Empty),
    }
}

/// Each folder of the inbox above `path`.
fn folders(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOLDER: &str = "datasets/x";

    fn id(name: &str) -> FileSystemId {
        FileSystemId::named(name)
    }

    fn seen(names: &[&str]) -> SeenMounts {
        names.iter().map(|name| ((*name).to_owned(), id("disk"))).collect()
    }

    fn mounted(name: &str) -> MountLook {
        MountLook::Mounted(id(name))
    }

    /// Files are known, and none of them is there.
    fn found(look: MountLook) -> FolderEvidence {
        FolderEvidence { look, is_hidden: false, files: FilesBelow::Missing }
    }

    fn judged(before: impl Into<Option<SeenMounts>>, evidence: &FolderEvidence) -> Mounts {
        let (mut mounts, is_mounted) = (Mounts::new(before.into()), matches!(evidence.look, MountLook::Mounted(_)));
        let folders = if is_mounted { BTreeSet::from([FOLDER.to_owned()]) } else { BTreeSet::new() };
        mounts.judge(folders, |_| evidence.clone());
        mounts
    }

    fn id_after(mounts: &Mounts) -> Option<&FileSystemId> {
        mounts.seen().unwrap().get(FOLDER)
    }

    #[test]
    fn what_was_mounted_and_is_not_there_is_awaited() {
        let disk = id("disk");
        let strange = FolderEvidence { files: FilesBelow::Others, ..found(MountLook::Unmounted) };
        let hidden = FolderEvidence { is_hidden: true, ..found(mounted("disk")) };
        for (evidence, why) in [
            (found(MountLook::Unmounted), Absence::Empty),
            (strange, Absence::OtherFiles),
            (found(MountLook::Refused), Absence::Unreadable),
            (hidden, Absence::Unreadable),
            (found(mounted("other")), Absence::OtherFileSystem),
        ] {
            let mut mounts = judged(seen(&[FOLDER]), &evidence);
            assert_eq!((mounts.away.get(FOLDER), id_after(&mounts)), (Some(&why), Some(&disk)), "{evidence:?}");
            assert!(mounts.is_away("datasets/x/c/a.png") && mounts.any_away());
            // Another survey changes nothing, until nothing is known there any more.
            mounts.judge(BTreeSet::new(), |_| evidence.clone());
            assert!(mounts.any_away(), "{evidence:?}");
            mounts.judge(BTreeSet::new(), |_| FolderEvidence { files: FilesBelow::Unknown, ..evidence.clone() });
            assert!(!mounts.any_away(), "{evidence:?}");
        }
    }

    #[test]
    fn a_known_file_or_the_same_file_system_is_believed() {
        let recognised = |look| FolderEvidence { files: FilesBelow::Recognised, ..found(look) };
        for (before, evidence, after) in [
            (Some(seen(&[FOLDER])), found(mounted("disk")), Some("disk")),
            (Some(seen(&[FOLDER])), recognised(mounted("other")), Some("other")),
            (Some(seen(&[FOLDER])), recognised(MountLook::Unmounted), None),
            (None, found(mounted("disk")), Some("disk")),
            (Some([(FOLDER.to_owned(), FileSystemId::default())].into()), found(mounted("disk")), Some("disk")),
        ] {
            let mounts = judged(before, &evidence);
            assert!(!mounts.any_away() && !mounts.is_away("datasets/x/c/a.png"), "{evidence:?}");
            assert_eq!(id_after(&mounts), after.map(id).as_ref(), "{evidence:?}");
        }
    }

    #[test]
    fn a_file_system_that_hides_known_files_is_not_believed_until_it_goes() {
        let mut mounts = judged(seen(&[]), &found(mounted("disk")));
        assert_eq!((mounts.away.get(FOLDER), id_after(&mounts)), (Some(&Absence::OtherFileSystem), None));
        assert!(mounts.is_changed(|_| MountLook::Unmounted), "it is looked at");
        mounts.judge(BTreeSet::new(), |_| unreachable!("it is not mounted and never was"));
        assert!(!mounts.any_away());
    }

    #[test]
    fn what_lies_elsewhere_is_believed() {
        let mounts = judged(seen(&[FOLDER]), &found(MountLook::Unmounted));
        for path in ["datasets/xy/c/a.png", "datasets/y/c/a.png", "scans/a.png"] {
            assert!(!mounts.is_away(path), "{path}");
        }
        for whole in ["", "/in"] {
            assert!(judged(seen(&[whole]), &found(MountLook::Unmounted)).is_away("scans/a.png"), "{whole}");
        }
    }

    #[test]
    fn a_change_is_noticed_both_ways() {
        let looks = [MountLook::Unmounted, MountLook::Refused, mounted("disk"), mounted("other")];
        assert!(Mounts::new(Some(seen(&[FOLDER]))).is_changed(|_| mounted("disk")), "none was surveyed yet");
        for before in &looks {
            let mounts = judged(seen(&[FOLDER]), &found(before.clone()));
            for now in &looks {
                assert_eq!(mounts.is_changed(|_| now.clone()), now != before, "{before:?} {now:?}");
            }
        }
    }

    #[test]
    fn the_sentence_names_the_folder_and_both_ways_out() {
        let sentences = judged(seen(&[FOLDER]), &found(mounted("other"))).sentences(Path::new("/in"));
        let expected = "`/in/datasets/x` may be another file system than before and holds none of the known files; its files \
            are kept as known; mount it again, or, if what is there now is to count, stop the service, remove \
            `mounts.json` from the state folder, and start it";
        assert_eq!(sentences, [expected]);
    }

    #[test]
    fn a_folder_that_may_be_called_like_a_patient_is_not_named() {
        let folder = "scans/DOE^JANE";
        let mut mounts = Mounts::new(Some(seen(&[folder])));
        mounts.judge(BTreeSet::new(), |_| found(MountLook::Unmounted));
        let [sentence] = mounts.sentences(Path::new("/in")).try_into().unwrap();
        assert!(sentence.starts_with("`/in/scans/folder-") && !sentence.contains("DOE"), "{sentence}");
        for whole in ["", "/in"] {
            let sentence = judged(seen(&[whole]), &found(MountLook::Unmounted)).sentences(Path::new("/in")).join("");
            assert!(sentence.starts_with("`/in` was"), "{sentence}");
        }
    }
}

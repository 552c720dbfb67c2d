//! What a walk through folders leaves out: the one policy for links, pipes, sockets, devices and folders that cannot be read.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use crate::privacy::{shown_folder, shown_in, shown_unseen_in};

/// Names that are listed before the rest is counted.
const SHOWN: usize = 3;

/// Why something in a folder is no input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Skip {
    /// A symbolic link, to whatever.
    Link,
    /// A pipe, a socket or a device.
    Special,
    /// Its name is not UTF-8.
    Name,
    /// An image, or a folder with some, that lies where the inbox has no inputs.
    Outside,
    /// This user may not look into it.
    Forbidden,
    /// The disk or share refuses.
    Unreadable,
}

impl Skip {
    /// Why a folder's content is not seen; `None` when it went in the meantime.
    pub fn of(error: Option<&io::Error>) -> Option<Self> {
        match error.map(io::Error::kind) {
            Some(io::ErrorKind::NotFound) => None,
            Some(io::ErrorKind::PermissionDenied) => Some(Self::Forbidden),
            _ => Some(Self::Unreadable),
        }
    }

    /// Whether files may lie below it that are not seen.
    pub fn hides(self) -> bool {
        matches!(self, Self::Forbidden | Self::Unreadable)
    }

    /// What it is, for one and for several; and what to do.
    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Link => ("link", "links", "links are not followed; replace them by the files themselves"),
            Self::Special => {
                ("pipe, socket or device", "pipes, sockets or devices", "only regular files are read; remove them")
            }
            Self::Name => ("name that is not UTF-8", "names that are not UTF-8", "rename them"),
            Self::Outside => (
                "image or folder of images outside `datasets` and `scans`",
                "images or folders of images outside `datasets` and `scans`",
                "move labelled images to datasets/<dataset>/<class>/ and images to be explained to scans/",
            ),
            Self::Forbidden => (
                "folder without read permission",
                "folders without read permission",
                "give the user that runs gradwatch read access to them",
            ),
            Self::Unreadable => {
                let several = "folders or files that cannot be looked at";
                ("folder or file that cannot be looked at", several, "check their disk or network share")
            }
        }
    }
}

/// What was left out, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Skipped(BTreeMap<String, Skip>);

impl Skipped {
    /// Notes one.
    pub fn add(&mut self, name: impl Into<String>, why: Skip) {
        self.0.insert(name.into(), why);
    }

    /// Whether nothing was left out.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a file with this name (`/`-separated) may be there unseen.
    pub fn may_hide(&self, name: &str) -> bool {
        let folders = name.match_indices('/').map(|(at, _)| &name[..at]);
        folders.chain(["", name]).any(|folder| self.0.get(folder).is_some_and(|why| why.hides()))
    }

    /// The files and folders that cannot be looked at, each with the reason and what to do.
    pub fn hidden(&self) -> impl Iterator<Item = (String, String)> {
        let hidden = self.0.iter().filter(|(_, why)| why.hides());
        hidden.map(|(name, why)| {
            let (what, _, fix) = why.words();
            (name.clone(), format!("{what}; {fix}"))
        })
    }

    /// Whether a disk or share refuses anything, of whose return no event tells.
    pub fn awaits_disk(&self) -> bool {
        self.0.values().any(|why| *why == Skip::Unreadable)
    }

    /// What is not in `before`, or was there for another reason.
    #[must_use]
    pub fn new_since(&self, before: &Self) -> Self {
        let is_new = |(name, why): &(&String, &Skip)| before.0.get(*name) != Some(*why);
        Self(self.0.iter().filter(is_new).map(|(name, why)| (name.clone(), *why)).collect())
    }

    /// One line for each reason: how many there are in `folder`, the first names, what to do.
    pub fn lines(&self, folder: &Path) -> BTreeMap<Skip, String> {
        let mut by_reason: BTreeMap<Skip, Vec<&str>> = BTreeMap::new();
        for (name, why) in &self.0 {
            by_reason.entry(*why).or_default().push(name);
        }
        let line = |(why, members): (Skip, Vec<&str>)| {
            let (one, several, fix) = why.words();
            let what = if members.len() == 1 { one } else { several };
            let shown =
                if why.hides() || matches!(why, Skip::Outside | Skip::Link) { shown_unseen_in } else { shown_in };
            let named = names(members.iter().map(|name| shown(folder, name).escape_debug().to_string()));
            (why, format!("{} {what} in `{}`: {named}; {fix}", members.len(), shown_folder(folder)))
        };
        by_reason.into_iter().map(line).collect()
    }

    /// Logs these lines as warnings.
    pub fn warn(&self, folder: &Path) {
        for line in self.lines(folder).values() {
            tracing::warn!(reason = %line, "Skipped");
        }
    }
}

/// The first names in backticks, and how many more there are.
pub fn names(all: impl ExactSizeIterator<Item = String>) -> String {
    let n_more = all.len().saturating_sub(SHOWN);
    let first = all.take(SHOWN).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if n_more == 0 { first } else { format!("{first} and {n_more} more") }
}

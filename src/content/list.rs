//! The files that a user's path stands for.

use std::fs;
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use super::skipped::{Skip, Skipped};

/// What lies at or below a path.
#[derive(Debug, Default)]
pub struct Listing {
    /// Regular files, sorted by their paths' parts; and the path itself when it is no folder, whatever it is.
    pub files: Vec<PathBuf>,
    /// What was left out, by its path below the one that was named.
    pub skipped: Skipped,
}

/// Lists `named`, which may itself be a link. Hidden files and folders are left out silently.
pub fn list(named: &Path) -> Listing {
    let mut listing = Listing::default();
    if fs::metadata(named).is_ok_and(|metadata| !metadata.is_dir()) {
        listing.files.push(named.to_owned());
        return listing;
    }
    let is_shown = |entry: &DirEntry| entry.depth() == 0 || !entry.file_name().to_string_lossy().starts_with('.');
    for entry in WalkDir::new(named).sort_by_file_name().into_iter().filter_entry(is_shown) {
        match entry {
            Ok(entry) => listing.add(named, entry),
            Err(error) => {
                if let Some(why) = Skip::of(error.io_error()) {
                    listing.skip(named, error.path().unwrap_or(named), why);
                }
            }
        }
    }
    listing
}

/// All that lies at or below `folder`, whatever it is: also links, hidden files and empty folders, and nothing that a link leads to.
/// What cannot be read is left out.
pub fn all_below(folder: &Path) -> impl Iterator<Item = PathBuf> {
    WalkDir::new(folder).into_iter().filter_map(Result::ok).map(DirEntry::into_path)
}

impl Listing {
    fn add(&mut self, named: &Path, entry: DirEntry) {
        let kind = entry.file_type();
        if kind.is_file() {
            self.files.push(entry.into_path());
        } else if !kind.is_dir() && entry.depth() > 0 {
            self.skip(named, entry.path(), if kind.is_symlink() { Skip::Link } else { Skip::Special });
        }
    }

    fn skip(&mut self, named: &Path, path: &Path, why: Skip) {
        let below = path.strip_prefix(named).ok().filter(|below| *below != Path::new(""));
        self.skipped.add(below.unwrap_or(path).to_string_lossy(), why);
    }
}

//! The copies that lie in a folder, as far as retention asks: how many, how large.

use std::collections::HashSet;
use std::path::Path;

use walkdir::WalkDir;

use super::error::AugmentError;
use super::existing::{remove_stale, source_in};
use super::options::FOLDER;

/// How many copies an expansion in `folder` has, and their bytes together.
pub fn stored_copies(folder: &Path) -> (u64, u64) {
    let files = WalkDir::new(folder.join(FOLDER)).min_depth(2).max_depth(2).into_iter().filter_map(Result::ok);
    let copies = files.filter(|file| file.file_name().to_str().is_some_and(|name| source_in(name).is_some()));
    let sizes = copies.filter_map(|copy| copy.metadata().ok()).filter(std::fs::Metadata::is_file);
    sizes.fold((0, 0), |(n, bytes), copy| (n + 1, bytes + copy.len()))
}

/// Removes the copies of an expansion; its manifest stays, by which they are made again as they were. Files of others stay.
///
/// # Errors
/// [`AugmentError`]; what was not removed yet is removed by the next call.
pub fn remove_copies(folder: &Path) -> Result<(), AugmentError> {
    remove_stale(&folder.join(FOLDER), &HashSet::new()).map(drop)
}

//! What already lies in the destination: which files are copies of this program, and which of them still belong.

use std::collections::HashSet;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use super::error::AugmentError;
use crate::content::{FileFailure, open_file};
use crate::disk::{self, DiskError};
use crate::domain::ContentHash;
use crate::imaging::{is_whole, read_tag};

/// What stands where a copy belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    /// This very copy, whole.
    Current,
    /// Nothing, or a torn or outdated copy: it may be written.
    Replaceable,
    /// A file that this program did not write.
    Foreign,
}

/// Looks at the first and last bytes of the file; its pixels are not decoded.
pub(super) fn look(path: &Path, identity: &ContentHash) -> Presence {
    let (start, end) = match ends_of(path) {
        Ok(ends) => ends,
        Err(failure) if failure.code == FileFailure::NOT_A_FILE => return Presence::Foreign,
        Err(_) => return Presence::Replaceable,
    };
    match read_tag(&start) {
        Some(tag) if tag == identity.to_string() && is_whole(&start, &end) => Presence::Current,
        Some(_) => Presence::Replaceable,
        // After a power failure a file may have its length and none of its bytes.
        None if start.iter().all(|&byte| byte == 0) => Presence::Replaceable,
        None => Presence::Foreign,
    }
}

/// Whether a file of others stands there.
pub(super) fn is_foreign(path: &Path, identity: &ContentHash) -> bool {
    look(path, identity) == Presence::Foreign
}

/// The first 160 and the last 16 bytes.
fn ends_of(path: &Path) -> Result<(Vec<u8>, Vec<u8>), FileFailure> {
    let mut file = open_file(path)?;
    let mut read = || -> io::Result<_> {
        let (mut start, mut end) = (Vec::new(), Vec::new());
        file.by_ref().take(160).read_to_end(&mut start)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(16)))?;
        file.read_to_end(&mut end)?;
        Ok((start, end))
    };
    read().map_err(|error| FileFailure::unreadable(path, &error))
}

/// Removes what a killed run left unfinished, and every copy below `root` that is not `planned`; files of others stay.
/// A class folder that is empty afterwards goes too. Returns how many copies were removed.
pub(super) fn remove_stale(root: &Path, planned: &HashSet<PathBuf>) -> Result<usize, AugmentError> {
    let mut n_removed = 0;
    for folder in entries(root)?.into_iter().filter(|path| path.is_dir()) {
        disk::sweep_temporaries(&folder)?;
        let mut n_here = 0;
        for path in entries(&folder)?.into_iter().filter(|path| !planned.contains(path)) {
            if is_copy(&path)? {
                disk::remove_file(&path)?;
                n_here += 1;
            }
        }
        if n_here > 0 {
            disk::remove_dir_if_empty(&folder)?;
        }
        n_removed += n_here;
    }
    Ok(n_removed)
}

/// How many copies lie below `root`, when not one of them is `planned`: they are of another dataset.
pub(super) fn strangers(root: &Path, planned: &HashSet<PathBuf>) -> Result<usize, DiskError> {
    let mut n_strangers = 0;
    for folder in entries(root)?.into_iter().filter(|path| path.is_dir()) {
        for path in entries(&folder)? {
            match is_copy(&path)? {
                true if planned.contains(&path) => return Ok(0),
                is_stranger => n_strangers += usize::from(is_stranger),
            }
        }
    }
    Ok(n_strangers)
}

/// Named like a copy, and tagged as one. What the system refuses to read may be one, and is an error.
pub(super) fn is_copy(path: &Path) -> Result<bool, DiskError> {
    if !path.file_name().and_then(|name| name.to_str()).is_some_and(is_copy_name) {
        return Ok(false);
    }
    let refused = |FileFailure { reason, .. }| DiskError::Io {
        doing: "read",
        path: path.to_owned(),
        source: io::Error::other(reason),
    };
    let ends = FileFailure::unless_refused(ends_of(path)).map_err(refused)?;
    Ok(ends.is_some_and(|(start, _)| read_tag(&start).is_some()))
}

/// `<stem>-<hash8>-c<NN>.png` or `.jpg`
fn is_copy_name(name: &str) -> bool {
    source_in(name).is_some()
}

/// The first digits of the source's hash in the name of a copy; `None` for other names.
pub(super) fn source_in(name: &str) -> Option<&str> {
    let (name, _) = name.rsplit_once('.').filter(|(_, extension)| ["png", "jpg"].contains(extension))?;
    let (rest, number) = name.rsplit_once("-c")?;
    let (_, hash) = rest.rsplit_once('-')?;
    let digits = number.len() >= 2 && number.bytes().all(|b| b.is_ascii_digit());
    (digits && hash.len() == 8 && hash.bytes().all(|b| b.is_ascii_hexdigit())).then_some(hash)
}

/// What lies in a folder; nothing in one that is not there.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, DiskError> {
    let entries = WalkDir::new(folder).min_depth(1).max_depth(1).into_iter().filter_map(disk::listed);
    entries.map(|entry| entry.map(DirEntry::into_path)).collect()
}

#[cfg(test)]
mod tests {
    use super::is_copy_name;

    #[test]
    fn copies_are_known_by_their_names() {
        assert!(is_copy_name("a-b.c-0123abcd-c07.png"));
        assert!(is_copy_name("a-0123abcd-c123.jpg"));
        for other in ["a.png", "a-0123abcd-c07.gif", "a-0123abcx-c07.png", "a-0123abcd-cx.png", "0123abcd-c07.png"] {
            assert!(!is_copy_name(other), "{other}");
        }
    }
}

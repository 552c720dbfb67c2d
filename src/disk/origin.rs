//! Where the files lie that another was made from, noted beside its bytes and not in them: bytes must not depend on places.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{XattrFlags, getxattr, setxattr};

/// An extended attribute, which file systems keep with a file and `cp -a`, `rsync -X` and `tar --xattrs` take along.
const ATTRIBUTE: &str = "user.gradwatch.sources";
/// Longer paths than this cannot be opened anyway.
const MAX_PATH: usize = 4096;

/// Notes that `file` was made from files below `folder`. A file system without extended attributes keeps no note; who
/// needs it then has to be told.
pub fn note_origin(file: &Path, folder: &Path) {
    if origin(file).as_deref() == Some(folder) {
        return;
    }
    if let Err(error) = setxattr(file, ATTRIBUTE, folder.as_os_str().as_bytes(), XattrFlags::empty()) {
        tracing::debug!(file = %file.display(), %error, "Folder of the sources not recorded");
    }
}

/// The folder that [`note_origin`] noted.
pub fn origin(file: &Path) -> Option<PathBuf> {
    let mut buffer = vec![0; MAX_PATH];
    let length = getxattr(file, ATTRIBUTE, &mut buffer).ok()?;
    Some(PathBuf::from(OsStr::from_bytes(buffer.get(..length)?)))
}

/// The folder whose path is all that the file `note` holds.
pub fn noted_folder(note: &Path) -> Option<PathBuf> {
    let bytes = std::fs::read(note).ok().filter(|bytes| !bytes.is_empty())?;
    Some(PathBuf::from(OsStr::from_bytes(&bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_kept_beside_the_bytes() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("made");
        std::fs::write(&file, b"bytes").unwrap();
        assert_eq!(origin(&file), None);
        note_origin(&file, Path::new("/some/where"));
        note_origin(&file, Path::new("/else/where"));
        // Not every file system keeps such notes.
        let keeps_notes = setxattr(&file, "user.gradwatch.test", b"1", XattrFlags::empty()).is_ok();
        assert_eq!(origin(&file), keeps_notes.then(|| PathBuf::from("/else/where")));
        assert_eq!(std::fs::read(&file).unwrap(), b"bytes");
        assert_eq!(origin(&dir.path().join("absent")), None);
    }
}

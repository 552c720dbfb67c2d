//! Files appear whole or not at all: temporary in the same folder, then rename.

#![expect(clippy::disallowed_methods, reason = "this is the room that the lint points everybody else to")]

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::SystemTime;

use super::DiskError;
use super::temporaries::temporary_beside;

/// What files may be readable by, before the umask takes from it.
const EVERYBODY: u32 = 0o666;
const OWNER_AND_GROUP: u32 = 0o640;

/// Writes what cannot be made again (model, report, record): synced to the disk before it appears under its name.
///
/// # Errors
/// [`DiskError::Io`]; the old file, if any, is then still whole.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), DiskError> {
    write_durable(path, |file| file.write_all(bytes), EVERYBODY)
}

/// As [`write_atomic`], for what names patients: only its owner may write it, only the owner's group may read it too.
///
/// # Errors
/// [`DiskError::Io`]; the old file, if any, is then still whole.
pub fn write_atomic_confidential(path: &Path, bytes: &[u8]) -> Result<(), DiskError> {
    write_durable(path, |file| file.write_all(bytes), OWNER_AND_GROUP)
}

/// As [`write_atomic`], for what is too large to be held: `print` writes it piece by piece, through a buffer.
///
/// # Errors
/// [`DiskError::Io`]; the old file, if any, is then still whole.
pub fn write_atomic_with(path: &Path, print: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), DiskError> {
    let buffered = |file: &mut File| {
        let mut buffer = BufWriter::new(file);
        print(&mut buffer)?;
        buffer.flush()
    };
    write_durable(path, buffered, EVERYBODY)
}

/// Writes what can be made again (copies, cached features): appears whole, reaches the disk with [`sync_batch`].
/// The folder must exist.
///
/// # Errors
/// [`DiskError::Io`]; the old file, if any, is then still whole.
pub fn write_in_batch(path: &Path, bytes: &[u8]) -> Result<(), DiskError> {
    place(path, |file| file.write_all(bytes), EVERYBODY, false).map_err(DiskError::io("write", path))
}

/// Brings everything written so far on `folder`'s file system to the disk, in one call.
///
/// # Errors
/// [`DiskError::Io`] when the folder cannot be opened or the disk failed.
pub fn sync_batch(folder: &Path) -> Result<(), DiskError> {
    let dir = File::open(folder).map_err(DiskError::io("open", folder))?;
    rustix::fs::syncfs(&dir).map_err(|errno| DiskError::io("sync", folder)(errno.into()))
}

/// Brings one file to the disk that a library wrote and only believes to be there.
///
/// # Errors
/// [`DiskError::Io`].
pub fn sync_file(path: &Path) -> Result<(), DiskError> {
    File::open(path).and_then(|file| file.sync_all()).map_err(DiskError::io("sync", path))
}

/// Sets who may read and write `path`, as in `chmod`.
///
/// # Errors
/// [`DiskError::Io`].
pub fn set_mode(path: &Path, mode: u32) -> Result<(), DiskError> {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(DiskError::io("set the permissions of", path))
}

/// Sets when a file was last modified; its bytes stay.
///
/// # Errors
/// [`DiskError::Io`].
pub fn touch(path: &Path, time: SystemTime) -> Result<(), DiskError> {
    File::open(path).and_then(|file| file.set_modified(time)).map_err(DiskError::io("set the time of", path))
}

/// Makes a folder and those above it.
///
/// # Errors
/// [`DiskError::Io`].
pub fn create_dir(folder: &Path) -> Result<(), DiskError> {
    fs::create_dir_all(folder).map_err(DiskError::io("create folder", folder))
}

/// Removes a file; one that is not there is no error.
///
/// # Errors
/// [`DiskError::Io`].
pub fn remove_file(path: &Path) -> Result<(), DiskError> {
    absent_is_fine(fs::remove_file(path)).map_err(DiskError::io("remove", path))
}

/// Removes a folder and all in it; one that is not there is no error.
///
/// # Errors
/// [`DiskError::Io`].
pub fn remove_dir(folder: &Path) -> Result<(), DiskError> {
    absent_is_fine(fs::remove_dir_all(folder)).map_err(DiskError::io("remove folder", folder))
}

/// Removes a folder that holds nothing; one that does, or is not there, is no error.
///
/// # Errors
/// [`DiskError::Io`].
pub fn remove_dir_if_empty(folder: &Path) -> Result<(), DiskError> {
    match fs::remove_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(()),
        other => absent_is_fine(other).map_err(DiskError::io("remove folder", folder)),
    }
}

fn write_durable(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>, mode: u32) -> Result<(), DiskError> {
    let folder = parent(path);
    create_dir(folder)?;
    place(path, write, mode, true).map_err(DiskError::io("write", path))?;
    sync_folder(folder)
}

/// Brings the names in a folder to the disk.
pub(super) fn sync_folder(folder: &Path) -> Result<(), DiskError> {
    File::open(folder).and_then(|dir| dir.sync_all()).map_err(DiskError::io("sync", folder))
}

fn place(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>, mode: u32, durable: bool) -> io::Result<()> {
    let temporary = temporary_beside(path);
    let opened = OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&temporary);
    let placed = opened.and_then(|mut file| {
        // It says that somebody writes here; a file system without locks has another way to know.
        let _ = file.try_lock();
        write(&mut file)?;
        if durable {
            file.sync_all()?;
        }
        fs::rename(&temporary, path)
    });
    if placed.is_err() {
        // The error that matters is the first one; a leftover is swept at the next start.
        let _ = fs::remove_file(&temporary);
    }
    placed
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn absent_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_replaces_and_leaves_no_temporary() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b/file.txt");
        write_atomic(&path, b"one").unwrap();
        write_atomic(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_failed_write_keeps_the_old_file_and_names_the_path() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("occupied");
        fs::create_dir_all(path.join("child")).unwrap();
        let error = write_atomic(&path, b"x").unwrap_err().to_string();
        assert!(error.starts_with(&format!("cannot write `{}`", path.display())), "{error}");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "the temporary is gone");
    }

    #[test]
    fn what_is_printed_piece_by_piece_appears_whole_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lines");
        write_atomic_with(&path, |out| (0..3).try_for_each(|i| writeln!(out, "{i}"))).unwrap();
        let failing = |out: &mut dyn Write| writeln!(out, "half").and(Err(io::ErrorKind::Other.into()));
        assert!(write_atomic_with(&path, failing).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "0\n1\n2\n");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "the temporary is gone");
    }

    #[test]
    fn only_an_empty_folder_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("folder");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("kept"), b"x").unwrap();
        remove_dir_if_empty(&folder).unwrap();
        assert!(folder.exists());
        remove_file(&folder.join("kept")).unwrap();
        remove_dir_if_empty(&folder).unwrap();
        remove_dir_if_empty(&folder).unwrap();
        assert!(!folder.exists());
    }

    #[test]
    fn a_batch_can_be_synced() {
        let dir = tempfile::tempdir().unwrap();
        write_in_batch(&dir.path().join("copy.png"), b"x").unwrap();
        sync_batch(dir.path()).unwrap();
    }
}

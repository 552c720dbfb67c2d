//! A file that is written once, and that only its owner may read.

#![expect(clippy::disallowed_methods, reason = "this is the room that the lint points everybody else to")]

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::atomic::sync_folder;
use super::temporaries::temporary_beside;
use super::{DiskError, create_dir};

/// Writes a secret, with mode 0600, synced, unless there is one; returns whether it was written. Of two programs that do
/// so at the same time only one does. It appears whole; on a file system without hard links (exFAT, some of CIFS), one that
/// is read while it is written may be seen half.
///
/// # Errors
/// [`DiskError::Io`]; there is then no new file at `path`.
pub fn write_secret_once(path: &Path, secret: &[u8]) -> Result<bool, DiskError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    create_dir(folder)?;
    match write_linked(path, secret, |from, to| fs::hard_link(from, to)) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        other => {
            other.map_err(DiskError::io("write", path))?;
            sync_folder(folder).map(|()| true)
        }
    }
}

/// Under another name first, and then linked, which fails if there is a file; where links do not work, in place.
fn write_linked(path: &Path, secret: &[u8], link: impl Fn(&Path, &Path) -> io::Result<()>) -> io::Result<()> {
    let temporary = temporary_beside(path);
    let written = write_private(&temporary, secret).and_then(|()| match link(&temporary, path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => write_in_place(path, secret),
        other => other,
    });
    // What is left of it is removed at the next start.
    let _ = fs::remove_file(&temporary);
    written
}

fn write_in_place(path: &Path, secret: &[u8]) -> io::Result<()> {
    let written = write_private(path, secret);
    if written.as_ref().is_err_and(|error| error.kind() != io::ErrorKind::AlreadyExists) {
        // Half a secret would be taken for a damaged one.
        let _ = fs::remove_file(path);
    }
    written
}

/// Random bytes of the system.
///
/// # Errors
/// [`DiskError::Io`] on a system without them.
pub fn random<const N: usize>() -> Result<[u8; N], DiskError> {
    let path = Path::new("/dev/urandom");
    let mut bytes = [0; N];
    File::open(path)
        .and_then(|mut file| io::Read::read_exact(&mut file, &mut bytes))
        .map_err(DiskError::io("read", path))
        .map(|()| bytes)
}

fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    // It says that somebody writes here; a file system without locks has another way to know.
    let _ = file.try_lock();
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn it_is_written_once_for_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state/secret");
        assert!(write_secret_once(&path, b"one").unwrap());
        assert!(!write_secret_once(&path, b"two").unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "the temporary is gone");
    }

    #[test]
    fn it_is_written_once_where_the_file_system_has_no_hard_links() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        for kind in [io::ErrorKind::PermissionDenied, io::ErrorKind::Unsupported, io::ErrorKind::Other] {
            let write = |secret: &[u8]| write_linked(&path, secret, |_, _| Err(kind.into()));
            write(b"one").unwrap();
            assert_eq!(write(b"two").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
            assert_eq!(fs::read(&path).unwrap(), b"one");
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "the temporary is gone");
            fs::remove_file(&path).unwrap();
        }
    }

    #[test]
    fn of_programs_that_begin_together_one_writes_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        let written: Vec<bool> = std::thread::scope(|scope| {
            let begun: Vec<_> = (0..8_u8)
                .map(|n| {
                    scope.spawn({
                        let path = &path;
                        move || write_secret_once(path, &[n]).unwrap()
                    })
                })
                .collect();
            begun.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(written.iter().filter(|&&is_written| is_written).count(), 1);
        assert_ne!(random::<32>().unwrap(), random::<32>().unwrap());
    }
}

//! One program a state folder. The lock goes with the process, however it ends.

#![expect(clippy::disallowed_methods, reason = "this is the room that the lint points everybody else to")]

use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::Path;

use super::{DiskError, create_dir};

/// Held as long as the program works in the state folder.
#[derive(Debug)]
pub struct InstanceLock {
    _file: File,
}

impl InstanceLock {
    /// Takes the lock of the state folder, and writes this process's id into it.
    ///
    /// # Errors
    /// [`DiskError::Locked`] when another process holds it; [`DiskError::Io`].
    pub fn take(state_dir: &Path) -> Result<Self, DiskError> {
        create_dir(state_dir)?;
        let path = state_dir.join("lock");
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(DiskError::io("open", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(locked(state_dir, &path)),
            Err(TryLockError::Error(error)) => return Err(DiskError::io("lock", &path)(error)),
        }
        file.set_len(0)
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .map_err(DiskError::io("write", &path))?;
        Ok(Self { _file: file })
    }
}

fn locked(state_dir: &Path, lock: &Path) -> DiskError {
    let pid = std::fs::read_to_string(lock).ok().and_then(|text| text.trim().parse().ok());
    DiskError::Locked { path: state_dir.to_owned(), pid }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_holder_is_refused_with_the_first_ones_pid() {
        let dir = tempfile::tempdir().unwrap();
        let first = InstanceLock::take(dir.path()).unwrap();
        let error = InstanceLock::take(dir.path()).unwrap_err().to_string();
        assert!(error.contains(&format!("(process {})", std::process::id())), "{error}");
        drop(first);
        InstanceLock::take(dir.path()).unwrap();
    }
}

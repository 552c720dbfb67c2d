//! One program a state folder, and one training a dataset. A lock goes with the process, however it ends.

#![expect(clippy::disallowed_methods, reason = "this is the room that the lint points everybody else to")]

use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use super::{DiskError, Workspace, create_dir};
use crate::domain::DatasetName;

/// Held as long as the program works in the state folder.
///
/// Two files, so that looking is never in the way of taking: who takes `lock` does not wait, who looks only touches `alive`.
/// Clones hold the same lock; it ends with the last of them.
#[derive(Debug, Clone)]
pub struct InstanceLock {
    lock: Arc<File>,
    _alive: Arc<File>,
}

impl InstanceLock {
    /// Takes the lock of the state folder, and writes this process's id into it.
    ///
    /// # Errors
    /// [`DiskError::Locked`] when another process holds it; [`DiskError::Io`].
    pub fn take(state_dir: &Path) -> Result<Self, DiskError> {
        create_dir(state_dir)?;
        let path = state_dir.join(LOCK);
        let Some(lock) = try_lock_or_see(state_dir, &path)? else { return Err(locked(state_dir, &path)) };
        let path = state_dir.join(ALIVE);
        let alive = open(&path)?;
        // Only those who look can hold it now, each for an instant.
        alive.lock().map_err(DiskError::io("lock", &path))?;
        Ok(Self { lock: Arc::new(lock), _alive: Arc::new(alive) })
    }

    /// Whether it still locks `state_dir`, as far as that can be seen: the folder may have been removed, replaced or mounted
    /// over since.
    pub fn is_of(&self, state_dir: &Path) -> bool {
        let identity = |metadata: &Metadata| (metadata.dev(), metadata.ino());
        match (self.lock.metadata(), std::fs::metadata(state_dir.join(LOCK))) {
            (Ok(held), Ok(there)) => identity(&held) == identity(&there),
            (_, Err(error)) => error.kind() != io::ErrorKind::NotFound,
            (Err(_), Ok(_)) => true,
        }
    }

    /// The process that works in the state folder now; `None` when there is none, or the lock was never taken.
    pub fn holder(state_dir: &Path) -> Option<u32> {
        let alive = File::open(state_dir.join(ALIVE)).ok()?;
        match alive.try_lock_shared() {
            Err(TryLockError::WouldBlock) => pid_in(&state_dir.join(LOCK)),
            Ok(()) | Err(TryLockError::Error(_)) => None,
        }
    }
}

/// Held while a program trains on a dataset: two at once would remove each other's copies and write into one run's folder.
#[derive(Debug)]
pub struct TrainingLock {
    _lock: File,
}

impl TrainingLock {
    /// Takes the lock of `dataset` in the state folder, and writes this process's id into it.
    ///
    /// # Errors
    /// [`DiskError::Training`] when another process holds it; [`DiskError::Io`].
    pub fn take(workspace: &Workspace, dataset: &DatasetName) -> Result<Self, DiskError> {
        let path = workspace.training_lock(dataset);
        path.parent().map_or(Ok(()), create_dir)?;
        match try_lock(&path)? {
            Some(lock) => Ok(Self { _lock: lock }),
            None => Err(DiskError::Training { dataset: dataset.to_string(), pid: pid_in(&path) }),
        }
    }
}

/// Held while a program writes copies into a folder outside any state folder: two at once would remove each other's.
#[derive(Debug)]
pub struct FolderLock {
    /// The lock goes with it.
    _folder: File,
}

impl FolderLock {
    /// Takes the lock of the folder itself, so that nothing is left in it; a folder that is not there is made. Where the file
    /// system has no locks for folders (NFS), a warning says so, and nothing is held.
    ///
    /// # Errors
    /// [`DiskError::Busy`] when another process holds it; [`DiskError::Io`].
    pub fn take(folder: &Path) -> Result<Self, DiskError> {
        create_dir(folder)?;
        let opened = File::open(folder).map_err(DiskError::io("open", folder))?;
        match opened.try_lock() {
            Ok(()) => Ok(Self { _folder: opened }),
            Err(TryLockError::WouldBlock) => Err(DiskError::Busy { path: folder.to_owned() }),
            Err(TryLockError::Error(error)) => {
                tracing::warn!(
                    folder = %folder.display(), %error,
                    "Folder cannot be locked; start no other gradwatch that writes into it meanwhile"
                );
                Ok(Self { _folder: opened })
            }
        }
    }
}

const LOCK: &str = "lock";
const ALIVE: &str = "alive";

fn open(path: &Path) -> Result<File, DiskError> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).read(true).write(true);
    options.open(path).map_err(DiskError::io("open", path))
}

/// The locked file, with this process's id in it; `None` when another process holds it.
fn try_lock(path: &Path) -> Result<Option<File>, DiskError> {
    let mut lock = open(path)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(error)) => return Err(DiskError::io("lock", path)(error)),
    }
    // In this order a full disk takes it too, where an id stood there before.
    let id = format!("{}\n", std::process::id());
    let written = lock.write_all(id.as_bytes()).and_then(|()| lock.set_len(id.len() as u64));
    written.map_err(DiskError::io("write", path))?;
    Ok(Some(lock))
}

/// As [`try_lock`]; who may not write the file, as members of the service's group, can still see that another process holds it.
fn try_lock_or_see(state_dir: &Path, path: &Path) -> Result<Option<File>, DiskError> {
    match try_lock(path) {
        Err(DiskError::Io { source, .. })
            if source.kind() == io::ErrorKind::PermissionDenied && InstanceLock::holder(state_dir).is_some() =>
        {
            Ok(None)
        }
        taken => taken,
    }
}

fn pid_in(lock: &Path) -> Option<u32> {
    std::fs::read_to_string(lock).ok()?.trim().parse().ok()
}

fn locked(state_dir: &Path, lock: &Path) -> DiskError {
    DiskError::Locked { path: state_dir.to_owned(), pid: pid_in(lock) }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn a_look_is_not_in_the_way() {
        let dir = tempfile::tempdir().unwrap();
        drop(InstanceLock::take(dir.path()).unwrap());
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    InstanceLock::holder(dir.path());
                }
            });
            let taken = (0..200).all(|_| InstanceLock::take(dir.path()).is_ok());
            done.store(true, Ordering::Relaxed);
            assert!(taken);
        });
    }

    #[test]
    fn a_lock_is_of_the_folder_that_it_was_taken_in() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("state");
        let lock = InstanceLock::take(&state).unwrap();
        assert!(lock.is_of(&state));
        std::fs::remove_dir_all(&state).unwrap();
        assert!(!lock.is_of(&state), "removed");
        let _other = InstanceLock::take(&state).unwrap();
        assert!(!lock.is_of(&state), "made anew");
    }

    #[test]
    fn a_dataset_has_one_training_and_another_dataset_its_own() {
        let dir = tempfile::tempdir().unwrap();
        let workspace = Workspace::new(dir.path());
        let name = |name: &str| DatasetName::new(name).unwrap();
        let first = TrainingLock::take(&workspace, &name("chest")).unwrap();
        TrainingLock::take(&workspace, &name("hand")).unwrap();
        let error = TrainingLock::take(&workspace, &name("chest")).unwrap_err().to_string();
        let told = format!("dataset `chest` is being trained by another gradwatch (process {})", std::process::id());
        assert!(error.contains(&told), "{error}");
        drop(first);
        TrainingLock::take(&workspace, &name("chest")).unwrap();
    }

    #[test]
    fn a_folder_is_written_to_by_one_and_nothing_is_left_in_it() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("copies");
        let first = FolderLock::take(&folder).unwrap();
        let error = FolderLock::take(&folder).unwrap_err().to_string();
        assert!(error.contains("another gradwatch is writing into"), "{error}");
        drop(first);
        FolderLock::take(&folder).unwrap();
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
    }

    #[test]
    fn a_second_holder_is_refused_with_the_first_ones_pid() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(InstanceLock::holder(dir.path()), None);
        let first = InstanceLock::take(dir.path()).unwrap();
        assert_eq!(InstanceLock::holder(dir.path()), Some(std::process::id()));
        let error = InstanceLock::take(dir.path()).unwrap_err().to_string();
        assert!(error.contains(&format!("(process {})", std::process::id())), "{error}");
        drop(first);
        assert_eq!(InstanceLock::holder(dir.path()), None);
        InstanceLock::take(dir.path()).unwrap();
    }
}

//! Temporary files: their names, and the removal of those whose writer was killed.
//!
//! Several programs may write into one state folder, so a temporary is removed only when nobody can be writing it. Its writer
//! holds a lock on it, which goes with the process, however it ends. Where the file system has no locks, or between the
//! making of the file and its locking, the process id in its name tells: a process of that id that is there now and began
//! before the file was last written to is its writer. One that began later was only given the same id again, as the first
//! process of a restarted container always is.

#![expect(clippy::disallowed_methods, reason = "this is the room that the lint points everybody else to")]

use std::ffi::OsString;
use std::fs::{self, File, Metadata, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use super::{DiskError, Workspace};

const PREFIX: &str = ".gradwatch-tmp-";
/// The kernel counts the time of a process's start in hundredths of a second.
const TICK: Duration = Duration::from_millis(10);
/// What the start of a process, two readings of clocks in such ticks, may be wrong by.
const INEXACT: Duration = Duration::from_millis(50);

/// A name in the folder of `path` that no other file of any process has.
pub(super) fn temporary_beside(path: &Path) -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    path.with_file_name(OsString::from(format!("{PREFIX}{}-{n}", std::process::id())))
}

/// Removes the temporaries that killed programs left directly in `folder`; returns how many.
///
/// # Errors
/// [`DiskError::Io`]. A folder that is not there holds none.
pub fn sweep_temporaries(folder: &Path) -> Result<usize, DiskError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(DiskError::io("list", folder)(error)),
    };
    let mut n_swept = 0;
    for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
        n_swept += usize::from(sweep(&path)?);
    }
    Ok(n_swept)
}

/// As [`sweep_temporaries`], in all folders of the state folder; links to folders are followed where the state folder itself
/// has them. What cannot be listed or removed is warned of. Returns how many were removed.
pub fn sweep_workspace(workspace: &Workspace) -> usize {
    let mut n_swept = 0;
    let mut sweep_all = |folder: &Path, depth: usize| {
        for entry in walkdir::WalkDir::new(folder).max_depth(depth).into_iter().filter_map(Result::ok) {
            match sweep(entry.path()) {
                Ok(is_swept) => n_swept += usize::from(is_swept),
                Err(error) => tracing::warn!(%error, "Temporary file not removed"),
            }
        }
    };
    sweep_all(workspace.root(), 1);
    for folder in workspace.folders() {
        sweep_all(&folder, usize::MAX);
    }
    n_swept
}

/// Removes `path` if it is a temporary without a writer.
fn sweep(path: &Path) -> Result<bool, DiskError> {
    let Some(pid) = writer(path) else { return Ok(false) };
    let is_orphaned = match fs::symlink_metadata(path) {
        Ok(metadata) => !is_locked(path) && !is_written_by(pid, &metadata),
        Err(_) => false,
    };
    if is_orphaned && let Err(error) = fs::remove_file(path) {
        // Another program may sweep as well.
        let is_gone = error.kind() == io::ErrorKind::NotFound;
        return if is_gone { Ok(false) } else { Err(DiskError::io("remove", path)(error)) };
    }
    Ok(is_orphaned)
}

/// The process that the name of a temporary names; `None` for any other file.
fn writer(path: &Path) -> Option<u32> {
    let (pid, n) = path.file_name()?.to_str()?.strip_prefix(PREFIX)?.split_once('-')?;
    n.parse::<u64>().ok()?;
    pid.parse().ok()
}

fn is_locked(path: &Path) -> bool {
    File::open(path).is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
}

/// Whether the process was there when the file was last written to. The first process of a machine writes none.
fn is_written_by(pid: u32, file: &Metadata) -> bool {
    let is_init = pid == 1 && std::process::id() != 1;
    let started = started(pid).filter(|_| !is_init);
    started.zip(file.modified().ok()).is_some_and(|(started, modified)| started <= modified + INEXACT)
}

/// When the process began; `None` when there is none of that id, or the system does not say.
fn started(pid: u32) -> Option<SystemTime> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything; the start is the 20th field after it.
    let ticks: u32 = stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()?;
    let uptime = fs::read_to_string("/proc/uptime").ok()?;
    let uptime = Duration::try_from_secs_f64(uptime.split_whitespace().next()?.parse().ok()?).ok()?;
    SystemTime::now().checked_sub(uptime.saturating_sub(TICK * ticks))
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    fn planted(folder: &Path, pid: u32) -> PathBuf {
        let path = folder.join(format!("{PREFIX}{pid}-7"));
        fs::create_dir_all(folder).unwrap();
        fs::write(&path, b"torn").unwrap();
        path
    }

    #[test]
    fn only_temporaries_are_swept() {
        let dir = tempfile::tempdir().unwrap();
        let torn = planted(dir.path(), u32::MAX);
        let others = ["kept", ".gradwatch-tmp-", ".gradwatch-tmp-1", ".gradwatch-tmp-a-1", ".gradwatch-tmp-1-b"];
        for name in &others {
            fs::write(dir.path().join(name), b"whole").unwrap();
        }
        assert_eq!(sweep_temporaries(dir.path()).unwrap(), 1);
        assert!(!torn.exists() && others.iter().all(|name| dir.path().join(name).exists()));
        assert_eq!(sweep_temporaries(&dir.path().join("absent")).unwrap(), 0);
    }

    #[test]
    fn every_folder_of_the_state_folder_is_swept() {
        let dir = tempfile::tempdir().unwrap();
        let (state, elsewhere) = (dir.path().join("state"), dir.path().join("elsewhere"));
        let folders =
            ["", "runs/d/0001-a/train", "reports/d/scan", "datasets/d/augmented/a", "outside/d-1", "locks", "outbox"];
        let mut all: Vec<PathBuf> = folders.map(|folder| planted(&state.join(folder), u32::MAX)).to_vec();
        all.extend(["features/f/ab", "quarantine"].map(|folder| planted(&state.join(folder), u32::MAX)));
        all.push(planted(&elsewhere, u32::MAX));
        std::os::unix::fs::symlink(&elsewhere, state.join("weights")).unwrap();
        assert_eq!(sweep_workspace(&Workspace::new(&state)), all.len());
        assert!(all.iter().all(|path| !path.exists()));
    }

    #[test]
    fn what_a_living_process_writes_stays_and_what_one_of_the_same_id_wrote_before_goes() {
        let dir = tempfile::tempdir().unwrap();
        let mut other = Command::new("sleep").arg("60").stdout(Stdio::null()).spawn().unwrap();
        let living = planted(dir.path(), other.id());
        assert_eq!(sweep_temporaries(dir.path()).unwrap(), 0);
        let before = SystemTime::now() - Duration::from_secs(3600);
        File::open(&living).unwrap().set_modified(before).unwrap();
        assert_eq!(sweep_temporaries(dir.path()).unwrap(), 1, "it is of an earlier process");
        other.kill().unwrap();
        other.wait().unwrap();
    }

    #[test]
    fn a_lock_says_that_it_is_being_written_whatever_the_process() {
        let dir = tempfile::tempdir().unwrap();
        let path = planted(dir.path(), u32::MAX);
        let file = File::open(&path).unwrap();
        file.lock().unwrap();
        assert_eq!(sweep_temporaries(dir.path()).unwrap(), 0);
        drop(file);
        assert_eq!(sweep_temporaries(dir.path()).unwrap(), 1);
    }
}

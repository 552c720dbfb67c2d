//! The folders of the configuration as a start finds them: readable, writable, with room. Warnings are what a start survives.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::cli::failure::{Exit, Failure};
use crate::config::Settings;
use crate::disk::{self, Room, Workspace};
use crate::domain::Reserve;
use crate::privacy;
use crate::watch;

/// What is written to see whether there is room for a start: more than a file system keeps in its records of a file.
const PROBE_BYTES: usize = 64 << 10;
/// A training makes a file for each copy.
const LOW_FILES: u64 = 1000;
const WATCHES: &str = "/proc/sys/fs/inotify/max_user_watches";

/// The inbox and the folders in it that hold inputs can be listed.
///
/// # Errors
/// What cannot be read, the first of it in full.
pub(super) fn readable(inbox: &Path) -> Result<Vec<String>, Failure> {
    let problem = |error: std::io::Error| {
        let advice = "create or mount the folder, or set watch.inbox";
        Failure::new(Exit::NoInput, format!("cannot read the inbox `{}`: {error}; {advice}", inbox.display()))
    };
    std::fs::read_dir(inbox).map(drop).map_err(problem)?;
    let parts = ["datasets", "scans"].map(|part| inbox.join(part));
    let absent = parts.iter().filter(|part| !part.exists());
    let mut warnings: Vec<String> = absent
        .map(|part| format!("`{}` is not there; create it, or nothing in it can be processed", part.display()))
        .collect();
    let mut n_folders = 1;
    for part in parts.iter().filter(|part| part.exists()) {
        std::fs::read_dir(part).map_err(|error| unreadable(part, &error))?;
        n_folders += n_folders_below(part)?;
    }
    warnings.extend(events(inbox, n_folders));
    Ok(warnings)
}

fn n_folders_below(part: &Path) -> Result<u64, Failure> {
    let mut n = 0;
    for entry in walkdir::WalkDir::new(part) {
        match entry {
            Ok(entry) => n += u64::from(entry.file_type().is_dir()),
            Err(error) => return Err(unreadable(error.path().unwrap_or(part), &error)),
        }
    }
    Ok(n)
}

fn unreadable(path: &Path, error: &dyn std::error::Error) -> Failure {
    let advice = "give the user that runs gradwatch read access, or move it out of the inbox";
    Failure::new(Exit::Io, format!("cannot read `{}`: {error}; {advice}", path.display()))
}

/// Why the inbox would be polled instead of watched.
fn events(inbox: &Path, n_folders: u64) -> Option<String> {
    let advice = "raise fs.inotify.max_user_watches and fs.inotify.max_user_instances with sysctl";
    if let Err(error) = watch::probe_events(inbox) {
        return Some(format!("file events cannot be received for `{}`: {error}; {advice}", inbox.display()));
    }
    let most: u64 = std::fs::read_to_string(WATCHES).ok()?.trim().parse().ok()?;
    (n_folders > most).then(|| format!("the inbox has {n_folders} folders, and {most} can be watched; {advice}"))
}

/// Checked by writing, because modes, mount options and quotas are not sufficient.
///
/// # Errors
/// The folder cannot be made, or does not take some KiB down to the disk.
pub(super) fn writable(folder: &Path) -> Result<(), Failure> {
    let probe = folder.join(".gradwatch-tmp-check");
    // Not zeros, which some file systems keep without room for them.
    disk::write_atomic(&probe, &vec![0x5a; PROBE_BYTES])?;
    Ok(disk::remove_file(&probe)?)
}

/// The folder for results in DICOM takes files. One outside the state folder has to be there, because who made it sends them.
///
/// # Errors
/// It is not there, or not writable.
pub(super) fn outbox(settings: &Settings) -> Result<(), Failure> {
    let outbox = &settings.report.outbox;
    if !outbox.starts_with(&settings.state_dir) && !outbox.is_dir() {
        let advice = "report.outbox names a folder that does not exist; create it, or correct the path";
        return Err(Failure::new(Exit::Config, format!("`{}`: {advice}", outbox.display())));
    }
    writable(outbox)
}

/// The key of hidden names, where there is one, can be used. Warns of one that others can read.
///
/// # Errors
/// It is damaged, or cannot be read.
pub(super) fn key(workspace: &Workspace) -> Result<Option<String>, Failure> {
    let path = workspace.site_key();
    let Ok(metadata) = path.symlink_metadata() else { return Ok(None) };
    privacy::site_key(workspace)?;
    let is_open = metadata.permissions().mode() & 0o077 != 0;
    let advice = "with it names can be tried against hidden names; run `chmod 600` on it";
    Ok(is_open.then(|| format!("`{}` can be read by other users; {advice}", path.display())))
}

/// What the file system of the state folder is short of.
///
/// # Errors
/// It cannot be asked.
pub(super) fn shortage(state_dir: &Path, reserve: Reserve) -> Result<Option<String>, Failure> {
    let room = disk::room(state_dir)?;
    Ok(short_of(room, reserve).map(|what| format!("`{}` has {what}; free some space", state_dir.display())))
}

fn short_of(Room { size, free, free_files }: Room, reserve: Reserve) -> Option<String> {
    let kept = reserve.of(size);
    if free < kept {
        let (free, kept) = (disk::amount(free), disk::amount(kept));
        return Some(format!(
            "{free} free, and trainings and explanations wait while less than {kept} are (storage.reserve_gib, storage.reserve_percent)"
        ));
    }
    let files = free_files.filter(|files| *files < LOW_FILES)?;
    Some(format!("room for only {files} more files (inodes)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nearly_full_disk_is_short_of_bytes_or_of_files() {
        let reserve = Reserve { percent: 5.0, bytes: 2 << 30 };
        let of = |free: u64, free_files| short_of(Room { size: 100 << 30, free, free_files }, reserve);
        assert_eq!(of(3 << 30, Some(5000)), None);
        assert_eq!(of(3 << 30, None), None);
        let little = of(7 << 20, Some(5000)).unwrap();
        assert!(
            little.starts_with("7.0 MiB free, and trainings and explanations wait while less than 2.0 GiB"),
            "{little}"
        );
        assert_eq!(of(3 << 30, Some(7)).unwrap(), "room for only 7 more files (inodes)");
        let small = Room { size: 4 << 20, free: 3 << 20, free_files: None };
        assert_eq!(short_of(small, reserve), None, "a small disk that is nearly empty");
    }
}

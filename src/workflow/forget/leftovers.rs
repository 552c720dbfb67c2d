//! The last look at the state folder: whatever file still names an erased image is written without the name, or removed.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use crate::disk::{self, DiskError, Workspace};
use crate::domain::ContentHash;
use crate::report;

use super::error::ForgetError;
use super::subject::ErasureSubject;

/// Arrays of numbers and images, in which no name stands; those of erased images are found by their own names, as results in
/// DICOM are, in which stands who the patient is.
const NAMELESS: [&str; 6] = ["f16", "safetensors", "png", "jpg", "dcm", "gradwatch"];

/// Report folders of these images, which carry the beginning of the content's hash in their names.
///
/// # Errors
/// [`DiskError`] for a folder that cannot be listed.
pub(super) fn report_folders(workspace: &Workspace, images: &BTreeSet<ContentHash>) -> Result<Vec<PathBuf>, DiskError> {
    let is_theirs = |entry: &DirEntry| entry.file_type().is_dir() && is_of(entry.path(), images);
    let folders = WalkDir::new(workspace.reports()).min_depth(1).max_depth(2).sort_by_file_name().into_iter();
    let folders = folders.filter_map(disk::listed).filter(|entry| entry.as_ref().map_or(true, is_theirs));
    folders.map(|entry| entry.map(DirEntry::into_path)).collect()
}

fn is_of(folder: &Path, images: &BTreeSet<ContentHash>) -> bool {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    images
        .iter()
        .any(|image| name.ends_with(&format!("-{}", image.short())) || name == Workspace::report_folder(None, image))
}

/// Takes the names out of the rest; returns how many files changed or went.
///
/// # Errors
/// [`ForgetError::Left`] for the record of a model or a file that is not known; [`ForgetError::Disk`].
pub(super) fn erase(workspace: &Workspace, subject: &ErasureSubject<'_>) -> Result<u64, ForgetError> {
    let apart = [workspace.registry(), workspace.journal(), workspace.weights(), workspace.features()];
    let is_looked_at = |entry: &DirEntry| !apart.iter().any(|path| entry.path() == path);
    let mut n_erased = 0;
    for entry in WalkDir::new(workspace.root()).into_iter().filter_entry(is_looked_at).filter_map(disk::listed) {
        let entry = entry?;
        if entry.file_type().is_dir() {
            disk::sweep_temporaries(entry.path())?;
        } else if entry.file_type().is_file() {
            n_erased += u64::from(erase_in(workspace, entry.path(), subject)?);
        }
    }
    Ok(n_erased)
}

/// Whether the file changed or went.
fn erase_in(workspace: &Workspace, path: &Path, subject: &ErasureSubject<'_>) -> Result<bool, ForgetError> {
    let Some(text) = text_of(path)? else { return Ok(false) };
    if subject.names.are_in(&text) {
        erase_file(workspace, path, subject)?;
        return Ok(true);
    }
    let left = path.starts_with(workspace.reports()).then(|| report::without_neighbours(path, &text, subject.images));
    left.flatten().map_or(Ok(false), |left| Ok(disk::write_atomic(path, left.as_bytes()).map(|()| true)?))
}

/// `None` for a file in which no name stands, and for one that is gone.
fn text_of(path: &Path) -> Result<Option<String>, DiskError> {
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    if NAMELESS.contains(&&*extension) {
        return Ok(None);
    }
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(DiskError::Io { doing: "read", path: path.to_owned(), source }),
    }
}

/// The status is written without the name; what can be made again, or is only looked at, goes.
fn erase_file(workspace: &Workspace, path: &Path, subject: &ErasureSubject<'_>) -> Result<(), ForgetError> {
    if [workspace.status(), workspace.metrics()].iter().any(|status| status == path) {
        let text = std::fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
        return Ok(disk::write_atomic(path, subject.names.redacted(&text).as_bytes())?);
    }
    let made = [
        workspace.datasets(),
        workspace.outside(),
        workspace.runs(),
        workspace.reports(),
        workspace.quarantine(),
        workspace.attempts(),
    ];
    let is_made = made.iter().any(|made| path.starts_with(made)) && !path.ends_with("model.json");
    if is_made { Ok(disk::remove_file(path)?) } else { Err(ForgetError::Left(path.display().to_string())) }
}

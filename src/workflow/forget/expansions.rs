//! Copies, their features, and the sheets that show them; of datasets in the inbox and elsewhere.

use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use crate::augment;
use crate::disk::{self, DiskError, Workspace};
use crate::domain::Erased;
use crate::report;
use crate::train;
use crate::workflow::contact_sheet::NAME as SHEET;

use super::error::ForgetError;
use super::subject::ErasureSubject;

/// Every folder of copies with its manifest, sorted.
///
/// # Errors
/// [`DiskError::Io`] for a folder that cannot be listed.
pub(super) fn folders(workspace: &Workspace) -> Result<Vec<PathBuf>, DiskError> {
    let below = |folder: PathBuf| WalkDir::new(folder).follow_links(true).min_depth(1).max_depth(1).into_iter();
    let all = below(workspace.datasets()).chain(below(workspace.outside())).filter_map(disk::listed);
    let all = all.filter(|entry| entry.as_ref().map_or(true, |entry| entry.file_type().is_dir()));
    let mut folders = all.map(|entry| entry.map(DirEntry::into_path)).collect::<Result<Vec<_>, _>>()?;
    folders.sort();
    Ok(folders)
}

/// Features before the copies, copies before the manifest that names them: what is cut off is found again.
pub(super) fn erase(
    workspace: &Workspace,
    subject: &ErasureSubject<'_>,
    erased: &mut Erased,
) -> Result<(), ForgetError> {
    let mut images = subject.images.clone();
    for folder in folders(workspace)? {
        let copies = augment::copies_of(&folder, subject.images)?;
        if !copies.is_empty() || sheet_names(&folder, subject) {
            report::remove_sheet(&folder, SHEET)?;
            erased.pages += 1;
        }
        images.extend(copies);
    }
    erased.features += train::forget_features(&workspace.features(), &images)?;
    for folder in folders(workspace)? {
        erased.copies += augment::forget_copies(&folder, subject.images)?;
    }
    Ok(())
}

/// A sheet that was drawn before the settings changed may show what has no copies any more.
fn sheet_names(folder: &Path, subject: &ErasureSubject<'_>) -> bool {
    let page = std::fs::read(folder.join(format!("{SHEET}.html")));
    page.is_ok_and(|page| subject.names.are_in(&String::from_utf8_lossy(&page)))
}

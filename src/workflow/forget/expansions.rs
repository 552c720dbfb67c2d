//! Copies, their features, and the sheets that show them; of datasets in the inbox and elsewhere.

use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::augment;
use crate::disk::{self, DiskError, Workspace};
use crate::domain::Erased;
use crate::report;
use crate::train;
use crate::workflow::contact_sheet::NAME as SHEET;

use super::error::ForgetError;
use super::subject::ErasureSubject;

/// Every folder of copies with its manifest.
///
/// # Errors
/// [`DiskError::Io`] for a folder that cannot be listed.
pub(super) fn folders(workspace: &Workspace) -> Result<Vec<PathBuf>, DiskError> {
    let below = |folder| disk::listed_folders(WalkDir::new(folder).follow_links(true).min_depth(1).max_depth(1));
    Ok([below(workspace.datasets())?, below(workspace.outside())?].concat())
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

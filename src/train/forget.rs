//! What trainings keep of images: cached features, and the state of trainings that were stopped.

use std::collections::BTreeSet;
use std::path::Path;

use super::cache::EXTENSION;
use super::resume;
use crate::disk::{self, DiskError};
use crate::domain::ContentHash;

/// Removes the features of `images` (or copies) of every backbone below `root`; returns how many entries went.
///
/// # Errors
/// [`DiskError::Io`]; what was not removed yet is removed by the next call.
pub fn forget_features(root: &Path, images: &BTreeSet<ContentHash>) -> Result<u64, DiskError> {
    let mut n_removed = 0;
    for backbone in std::fs::read_dir(root).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path()) {
        for image in images.iter().map(ContentHash::to_string) {
            let entry = backbone.join(&image[..2]).join(format!("{image}.{EXTENSION}"));
            if entry.exists() {
                disk::remove_file(&entry)?;
                n_removed += 1;
            }
        }
    }
    Ok(n_removed)
}

/// Removes what a training that was stopped would go on from in `run_dir`; it then starts anew.
///
/// # Errors
/// [`DiskError::Io`].
pub fn forget_resume(run_dir: &Path) -> Result<(), DiskError> {
    disk::remove_file(&run_dir.join(resume::NAME))
}

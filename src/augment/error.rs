//! What stops an expansion, and what costs one source only.

use std::path::{Path, PathBuf};

use crate::content::FileFailure;
use crate::disk::DiskError;
use crate::domain::Stopped;
use crate::imaging::EncodeError;

/// Why a dataset could not be expanded at all. Copies that were finished are kept and not made again.
#[derive(Debug, thiserror::Error)]
pub enum AugmentError {
    /// On request.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// The disk refused.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// No worker threads.
    #[error("cannot start worker threads: {0}; set compute.threads to a smaller number")]
    Threads(#[from] rayon::ThreadPoolBuildError),
    /// A copy could not be encoded.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The destination belongs to another dataset, whose copies would all be removed.
    #[error("`{}` contains {n_copies} copies of another dataset and none of this one; choose another folder, or remove its manifest.jsonl and copies", folder.display())]
    OtherDataset {
        /// The destination.
        folder: PathBuf,
        /// How many are listed there.
        n_copies: usize,
    },
    /// A manifest that cannot be followed.
    #[error("`{}`{place}: {reason}", manifest.display())]
    Manifest {
        /// Which.
        manifest: PathBuf,
        /// Where in it, as ` line 3`; empty for all of it.
        place: String,
        /// What is wrong, and what to do.
        reason: String,
    },
}

/// Why one source has not all of its copies; the others are not held up.
pub(super) fn in_the_way(relative: &str, path: &Path) -> FileFailure {
    let reason = format!("`{}` was not written by gradwatch and is not overwritten", path.display());
    FileFailure::new(relative, "in-the-way", reason, "move that file and run again")
}

pub(super) fn unmade(path: &Path, error: &EncodeError) -> FileFailure {
    FileFailure::new(path, "unmade", error.to_string(), "set augment.recipe.jpeg_quality = [0, 0]")
}

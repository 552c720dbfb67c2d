//! What stops an expansion, and what costs one source only.

use std::path::{Path, PathBuf};

use crate::disk::DiskError;
use crate::domain::Stopped;
use crate::imaging::{DecodeError, EncodeError};

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
    /// Nothing to expand.
    #[error("`{}` holds no images in class folders: put them into {}/<class>/", folder.display(), folder.display())]
    NoClasses {
        /// The dataset.
        folder: PathBuf,
    },
    /// The destination belongs to another dataset, whose copies would all be removed.
    #[error("`{}` holds {n_copies} copies of another dataset, none of this one: choose another folder, or remove its manifest.jsonl and its copies", folder.display())]
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFailure {
    /// The source, as in the manifest.
    pub relative: String,
    /// A stable word: `unreadable`, `changed`, `in-the-way`, `class-name`, or a decoder's (`truncated`, ...).
    pub code: &'static str,
    /// What is wrong, one line.
    pub reason: String,
    /// What to do about it.
    pub fix: &'static str,
}

impl SourceFailure {
    pub(super) fn unreadable(relative: String, error: &dyn std::error::Error) -> Self {
        let reason = format!("cannot be read: {error}");
        Self { relative, code: "unreadable", reason, fix: "check that it is still there and may be read" }
    }

    pub(super) fn in_the_way(relative: &str, path: &Path) -> Self {
        Self {
            relative: relative.to_owned(),
            code: "in-the-way",
            reason: format!("`{}` was not written by gradwatch and is left alone", path.display()),
            fix: "move that file elsewhere and run again",
        }
    }

    pub(super) fn unmade(relative: &str, error: &EncodeError) -> Self {
        let (relative, reason) = (relative.to_owned(), error.to_string());
        Self { relative, code: "unmade", reason, fix: "set augment.recipe.jpeg_quality = [0, 0]" }
    }

    pub(super) fn undecodable(relative: &str, error: &DecodeError) -> Self {
        Self { relative: relative.to_owned(), code: error.code(), reason: error.to_string(), fix: error.fix() }
    }
}

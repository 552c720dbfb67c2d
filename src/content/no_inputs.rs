//! Files that come with images and are none to be used: left out, counted, and said.

use std::path::Path;

use super::failure::FileFailure;
use crate::privacy::shown;

/// How many DICOM files were left out, and why.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NoInputs {
    without_image: LeftOut,
    own_results: LeftOut,
}

/// Files, by their number and the first of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct LeftOut {
    n: usize,
    first: String,
}

impl LeftOut {
    fn add(&mut self, path: &Path) {
        if self.n == 0 {
            self.first = shown(path);
        }
        self.n += 1;
    }
}

impl NoInputs {
    /// Counts a file that is no input; returns whether it is one.
    pub fn count(&mut self, failure: &FileFailure) -> bool {
        if failure.is_own_result() {
            self.own_results.add(&failure.path);
        } else if failure.is_no_input() {
            self.without_image.add(&failure.path);
        }
        failure.is_no_input()
    }

    /// Says how many there were, if any.
    pub fn log(&self) {
        let Self { without_image, own_results } = self;
        if without_image.n > 0 {
            tracing::info!(
                first = without_image.first,
                n_files = without_image.n,
                "DICOM files without an image skipped"
            );
        }
        if own_results.n > 0 {
            tracing::info!(first = own_results.first, n_files = own_results.n, "Own results in DICOM skipped");
        }
    }
}

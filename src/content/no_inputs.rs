//! Files that come with images and are none to be used: left out, counted, and said.

use super::failure::FileFailure;

/// How many DICOM files were left out, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NoInputs {
    n_without_image: usize,
    n_own_results: usize,
}

impl NoInputs {
    /// Counts a file that is no input; returns whether it is one.
    pub fn count(&mut self, failure: &FileFailure) -> bool {
        let is_own = failure.is_own_result();
        self.n_own_results += usize::from(is_own);
        self.n_without_image += usize::from(failure.is_no_input() && !is_own);
        failure.is_no_input()
    }

    /// Says how many there were, if any.
    pub fn log(self) {
        if self.n_without_image > 0 {
            tracing::info!(n_files = self.n_without_image, "DICOM files without an image skipped");
        }
        if self.n_own_results > 0 {
            tracing::info!(n_files = self.n_own_results, "Own results in DICOM skipped");
        }
    }
}

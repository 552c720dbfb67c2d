//! The one flag that asks long work to end early.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Asked between files, batches and epochs; set by a signal. Clones share the flag.
#[derive(Debug, Clone, Default)]
pub struct StopFlag(Arc<AtomicBool>);

/// Work ended early because it was asked to; what was finished is on disk and will not be done again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("stopped on request; finished work is kept")]
pub struct Stopped;

impl StopFlag {
    /// Asks everyone who holds a clone to end.
    pub fn raise(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether the end was asked for.
    pub fn is_raised(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// `Err(Stopped)` once the end was asked for.
    ///
    /// # Errors
    /// [`Stopped`] once the flag is raised.
    pub fn check(&self) -> Result<(), Stopped> {
        if self.is_raised() { Err(Stopped) } else { Ok(()) }
    }
}

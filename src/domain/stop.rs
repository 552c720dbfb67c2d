//! The one flag that asks long work to end early.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Asked between files, batches and epochs; set by a signal. Clones share the flag.
#[derive(Debug, Clone, Default)]
pub struct StopFlag(Arc<Flag>);

#[derive(Debug, Default)]
struct Flag {
    raised: AtomicBool,
    /// Of what this is a part of, which ends with it.
    whole: Option<StopFlag>,
}

/// Work ended early because it was asked to; what was finished is on disk and will not be done again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("stopped on request; finished work is kept")]
pub struct Stopped;

impl StopFlag {
    /// The flag of a part: it is raised by itself, or when this one is.
    #[must_use]
    pub fn part(&self) -> Self {
        Self(Arc::new(Flag { raised: AtomicBool::default(), whole: Some(self.clone()) }))
    }

    /// Asks everyone who holds a clone to end.
    pub fn raise(&self) {
        self.0.raised.store(true, Ordering::SeqCst);
    }

    /// Whether the end was asked for.
    pub fn is_raised(&self) -> bool {
        self.0.raised.load(Ordering::SeqCst) || self.0.whole.as_ref().is_some_and(Self::is_raised)
    }

    /// `Err(Stopped)` once the end was asked for.
    ///
    /// # Errors
    /// [`Stopped`] once the flag is raised.
    pub fn check(&self) -> Result<(), Stopped> {
        if self.is_raised() { Err(Stopped) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_ends_alone_or_with_the_whole() {
        let whole = StopFlag::default();
        let (one, other) = (whole.part(), whole.part());
        one.raise();
        assert_eq!((one.is_raised(), other.is_raised(), whole.is_raised()), (true, false, false));
        whole.raise();
        assert!(other.is_raised());
    }
}

//! How far the work in hand is: passed on to whoever shows it, and kept for the status file.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::domain::{Phase, Progress};

/// How far the phase in hand is.
#[derive(Debug, Clone)]
pub(super) struct PhaseProgress {
    /// Which.
    pub(super) phase: Phase,
    /// Steps done.
    pub(super) done: u64,
    /// Steps in all.
    pub(super) total: u64,
    /// A short remark.
    pub(super) remark: String,
    begun: Instant,
}

impl PhaseProgress {
    /// Seconds left at the speed so far; `None` before the first step.
    pub(super) fn eta_seconds(&self) -> Option<f64> {
        let left = self.total.saturating_sub(self.done) as f64;
        (self.done > 0).then(|| self.begun.elapsed().as_secs_f64() / self.done as f64 * left)
    }
}

/// Passes progress on and keeps the phase in hand. Clones share it.
#[derive(Clone)]
pub(super) struct SharedProgress {
    shown: Arc<dyn Progress + Send + Sync>,
    phase: Arc<Mutex<Option<PhaseProgress>>>,
}

impl SharedProgress {
    pub(super) fn new(shown: Arc<dyn Progress + Send + Sync>) -> Self {
        Self { shown, phase: Arc::default() }
    }

    /// The phase in hand, if any.
    pub(super) fn phase(&self) -> Option<PhaseProgress> {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change(&self, change: impl FnOnce(&mut Option<PhaseProgress>)) {
        change(&mut self.phase.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Progress for SharedProgress {
    fn begin(&self, phase: Phase, total: u64) {
        self.change(|slot| {
            *slot = Some(PhaseProgress { phase, done: 0, total, remark: String::new(), begun: Instant::now() });
        });
        self.shown.begin(phase, total);
    }

    fn advance(&self, n: u64) {
        self.change(|slot| {
            if let Some(phase) = slot {
                phase.done += n;
            }
        });
        self.shown.advance(n);
    }

    fn remark(&self, text: &str) {
        self.change(|slot| {
            if let Some(phase) = slot {
                text.clone_into(&mut phase.remark);
            }
        });
        self.shown.remark(text);
    }

    fn end(&self) {
        self.change(|slot| *slot = None);
        self.shown.end();
    }
}

//! A command that waits for an erasure while the work under way ends.

use std::time::{Duration, Instant};

use super::control::{Answer, Request};

/// So long it waits: for short work, not for a training.
const PATIENCE: Duration = Duration::from_secs(5);

/// A `gradwatch forget` that has no answer yet.
#[derive(Debug)]
pub(super) struct HeldErasure {
    request: Request,
    /// Its answer when the erasure has not begun in time.
    planned: Answer,
    until: Instant,
}

impl HeldErasure {
    /// From now on.
    pub(super) fn new(request: Request, planned: Answer) -> Self {
        Self { request, planned, until: Instant::now() + PATIENCE }
    }

    /// Whether it has waited for too long.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        self.until <= now
    }

    /// It learns that the erasure is recorded, and not done.
    pub(super) fn give_up(self) {
        self.request.answer(self.planned);
    }

    /// It learns what came of the erasure.
    pub(super) fn answer(self, answer: Answer) {
        self.request.answer(answer);
    }
}

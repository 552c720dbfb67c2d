//! A command that waits for an erasure.

use std::time::{Duration, Instant};

use crate::domain::Erased;
use crate::workflow::ForgetTargets;

use super::control::{Answer, Request};

/// So long it waits: a service answers within ten seconds.
const PATIENCE: Duration = Duration::from_secs(5);

/// A `gradwatch forget` that has no answer yet. What it asks for is recorded.
#[derive(Debug)]
pub(super) struct HeldErasure {
    request: Request,
    /// Its answer when the erasure is not done in time.
    recorded: Answer,
    until: Instant,
    /// Whether the erasure that is being done is about it too.
    pub(super) is_begun: bool,
}

impl HeldErasure {
    /// From now on.
    pub(super) fn new(request: Request, targets: &ForgetTargets) -> Self {
        let erased = Erased { images: targets.images.iter().copied().collect(), ..Erased::default() };
        let recorded = Answer::Erased { erased: Box::new(erased), is_done: false };
        Self { request, recorded, until: Instant::now() + PATIENCE, is_begun: false }
    }

    /// Whether it has waited for too long.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        self.until <= now
    }

    /// It learns that the erasure is recorded, and not done.
    pub(super) fn give_up(self) {
        self.request.answer(self.recorded);
    }

    /// It learns what came of the erasure.
    pub(super) fn answer(self, answer: Answer) {
        self.request.answer(answer);
    }
}

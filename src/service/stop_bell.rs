//! Who hears that a stop was asked for: the conductor while one works, else who waits to start the next one.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crossbeam_channel::Sender;

use super::event::Event;

/// Sends [`Event::StopRequested`] to one hearer at a time. Clones share it.
#[derive(Clone)]
pub(super) struct StopBell(Arc<Mutex<Sender<Event>>>);

impl StopBell {
    pub(super) fn new(hearer: Sender<Event>) -> Self {
        Self(Arc::new(Mutex::new(hearer)))
    }

    /// From now on `hearer` hears it, and nobody else.
    pub(super) fn redirect(&self, hearer: Sender<Event>) {
        *self.hearer() = hearer;
    }

    pub(super) fn ring(&self) {
        // One who is gone has stopped.
        drop(self.hearer().send(Event::StopRequested));
    }

    fn hearer(&self) -> MutexGuard<'_, Sender<Event>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use crossbeam_channel::unbounded;

    use super::*;

    #[test]
    fn only_the_last_hearer_hears_it() {
        let ((first, first_heard), (second, second_heard)) = (unbounded(), unbounded());
        let bell = StopBell::new(first);
        bell.redirect(second);
        bell.ring();
        assert!(first_heard.try_recv().is_err(), "it is not even held any more");
        assert!(matches!(second_heard.try_recv(), Ok(Event::StopRequested)));
    }
}

//! The bytes of decoded images in flight, counted over all threads of the process: a thread that would exceed the limit waits.
//!
//! A thread that holds a reservation never takes another one, so that none waits for ever: a file's is taken before it is
//! decoded, and goes with its image.

use std::ops::Deref;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::imaging::Picture;

/// Of the whole process, whichever reader an image comes through.
static IN_FLIGHT: Memory = Memory::new();

/// Bytes that are in use.
#[derive(Debug)]
struct Memory {
    /// Held by the one that waits for memory, so that smaller images do not overtake a large one for ever.
    turn: Mutex<()>,
    used: Mutex<u64>,
    freed: Condvar,
}

impl Memory {
    const fn new() -> Self {
        Self { turn: Mutex::new(()), used: Mutex::new(0), freed: Condvar::new() }
    }

    /// Waits until `n_bytes` more are at most `limit` together with what is in use. What is larger than the limit waits
    /// until nothing else is in use, and is then alone.
    fn reserve(&self, n_bytes: u64, limit: u64) -> Reservation<'_> {
        let n_bytes = n_bytes.min(limit);
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |used: &mut u64| *used > limit - n_bytes;
        let mut used = self.freed.wait_while(self.used(), fits).unwrap_or_else(PoisonError::into_inner);
        *used += n_bytes;
        Reservation { memory: self, n_bytes }
    }

    fn used(&self) -> MutexGuard<'_, u64> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bytes that are in use until it is dropped.
#[derive(Debug)]
struct Reservation<'a> {
    memory: &'a Memory,
    n_bytes: u64,
}

impl Reservation<'_> {
    /// Gives back all but `n_bytes`.
    fn shrink(&mut self, n_bytes: u64) {
        let given_back = self.n_bytes.saturating_sub(n_bytes);
        self.n_bytes -= given_back;
        *self.memory.used() -= given_back;
        self.memory.freed.notify_all();
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        self.shrink(0);
    }
}

/// An image in full size, whose bytes are counted as long as it is held.
#[derive(Debug)]
pub struct DecodedPicture {
    picture: Picture,
    _reservation: Reservation<'static>,
}

impl DecodedPicture {
    /// What `decode` gives once there is room for the `n_bytes` that it takes; `None` counts as much as the limit, so that
    /// it is alone.
    pub(super) fn new<E>(
        n_bytes: Option<u64>,
        limit: u64,
        decode: impl FnOnce() -> Result<Picture, E>,
    ) -> Result<Self, E> {
        let mut reservation = IN_FLIGHT.reserve(n_bytes.unwrap_or(limit), limit);
        let picture = decode()?;
        reservation.shrink(picture.n_bytes());
        Ok(Self { picture, _reservation: reservation })
    }

    /// The image alone, which is no longer counted: for small ones that are kept.
    pub fn into_picture(self) -> Picture {
        self.picture
    }
}

impl Deref for DecodedPicture {
    type Target = Picture;

    fn deref(&self) -> &Picture {
        &self.picture
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_does_not_fit_waits_until_it_does() {
        let memory = Memory::new();
        let mut first = memory.reserve(60, 100);
        let (said, heard) = mpsc::channel();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let _second = memory.reserve(50, 100);
                said.send(*memory.used()).unwrap();
            });
            assert!(heard.recv_timeout(Duration::from_millis(100)).is_err(), "60 and 50 are more than 100");
            first.shrink(40);
            assert_eq!(heard.recv_timeout(Duration::from_secs(20)), Ok(90));
        });
        drop(first);
        assert_eq!(*memory.used(), 0);
    }

    #[test]
    fn one_that_is_larger_than_the_limit_is_alone_and_many_threads_never_exceed_it() {
        let (memory, most, done) = (Memory::new(), AtomicU64::new(0), AtomicU64::new(0));
        std::thread::scope(|scope| {
            for thread in 0..8_u64 {
                let (memory, most, done) = (&memory, &most, &done);
                scope.spawn(move || {
                    for i in 0..50 {
                        let mut held = memory.reserve([7, 33, 100, 1000][(thread + i) as usize % 4], 100);
                        most.fetch_max(*memory.used(), Ordering::Relaxed);
                        held.shrink(5);
                        done.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        });
        assert_eq!((*memory.used(), done.into_inner()), (0, 400));
        assert!(most.into_inner() <= 100);
    }
}

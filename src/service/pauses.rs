//! How long the service waits before it begins anew.

use std::time::Duration;

/// The service is back within 30 seconds of the end of what stood in its way, so no pause is longer than this.
const LONGEST: Duration = Duration::from_secs(20);
const FIRST: Duration = Duration::from_secs(1);

/// Pauses between lives: each is twice as long as the last, until a life lasts.
#[derive(Debug, Default)]
pub(super) struct Pauses {
    n_short: u32,
}

impl Pauses {
    /// The pause after a life of this length.
    pub(super) fn after(&mut self, life: Duration) -> Duration {
        if life > LONGEST {
            self.n_short = 0;
        }
        let pause = FIRST.saturating_mul(2_u32.saturating_pow(self.n_short)).min(LONGEST);
        self.n_short = self.n_short.saturating_add(1);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_while_lives_are_short_and_begin_again_after_a_long_one() {
        let (mut pauses, short) = (Pauses::default(), Duration::from_millis(10));
        let seconds: Vec<u64> = (0..7).map(|_| pauses.after(short).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 20, 20]);
        assert_eq!(pauses.after(Duration::from_secs(60)), FIRST);
        assert_eq!(pauses.after(short).as_secs(), 2);
    }
}

//! How much room on a disk is left to others.

/// Room that work must leave free: the smaller of a share of the disk and an amount.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reserve {
    /// Percent of the file system's size, 0 to 100.
    pub percent: f64,
    /// Bytes.
    pub bytes: u64,
}

impl Reserve {
    /// Nothing is left free.
    pub const NONE: Self = Self { percent: 0.0, bytes: 0 };

    /// Bytes that are to stay free on a file system of `size` bytes.
    pub fn of(&self, size: u64) -> u64 {
        let share = size as f64 * self.percent / 100.0;
        self.bytes.min(share as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smaller_of_share_and_amount_stays_free() {
        let reserve = Reserve { percent: 5.0, bytes: 2 << 30 };
        assert_eq!(reserve.of(1 << 40), 2 << 30, "of a large disk the amount");
        assert_eq!(reserve.of(100 << 20), 5 << 20, "of a small one the share");
        assert_eq!(Reserve::NONE.of(1 << 40), 0);
        assert_eq!(Reserve { percent: 0.0, ..reserve }.of(1 << 40), 0, "either can be switched off");
    }
}

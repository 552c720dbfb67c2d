//! What is to be removed of a store that may hold only so much, only for so long.

use std::time::{Duration, SystemTime};

/// How much of one kind is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetentionLimits {
    /// Zero: however old.
    pub max_age: Duration,
    /// 0: however many.
    pub max_number: u64,
    /// Bytes; 0: however large.
    pub max_bytes: u64,
}

/// Something that is stored, and is removed as a whole or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredItem<K> {
    /// Which.
    pub key: K,
    /// When it was made.
    pub made: SystemTime,
    /// For how many it counts.
    pub number: u64,
    /// Its size.
    pub bytes: u64,
    /// It is counted, but not removed.
    pub is_needed: bool,
}

impl RetentionLimits {
    /// Whether there are none.
    pub fn is_off(&self) -> bool {
        self.max_age.is_zero() && self.max_number == 0 && self.max_bytes == 0
    }

    /// What of `items` has to go at `now`, the oldest first.
    pub fn exceeding<K: Ord>(&self, mut items: Vec<StoredItem<K>>, now: SystemTime) -> Vec<StoredItem<K>> {
        let mut number: u64 = items.iter().map(|item| item.number).sum();
        let mut bytes: u64 = items.iter().map(|item| item.bytes).sum();
        items.sort_by(|a, b| (a.made, &a.key).cmp(&(b.made, &b.key)));
        items.retain(|item| {
            let is_too_much = exceeds(number, self.max_number) || exceeds(bytes, self.max_bytes);
            let goes = !item.is_needed && (is_too_much || self.is_too_old(item.made, now));
            if goes {
                number -= item.number;
                bytes -= item.bytes;
            }
            goes
        });
        items
    }

    /// What was made in the future, by a clock that was wrong, is not old.
    fn is_too_old(&self, made: SystemTime, now: SystemTime) -> bool {
        !self.max_age.is_zero() && now.duration_since(made).is_ok_and(|age| age > self.max_age)
    }
}

fn exceeds(amount: u64, limit: u64) -> bool {
    limit > 0 && amount > limit
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFF: RetentionLimits = RetentionLimits { max_age: Duration::ZERO, max_number: 0, max_bytes: 0 };
    const DAY: Duration = Duration::from_secs(86_400);

    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + 1000 * DAY
    }

    /// So many days old, of so many bytes.
    fn item(key: u32, days: u32, bytes: u64) -> StoredItem<u32> {
        StoredItem { key, made: now() - days * DAY, number: 1, bytes, is_needed: false }
    }

    #[track_caller]
    fn gone(limits: RetentionLimits, items: &[StoredItem<u32>], expected: &[u32]) {
        let gone: Vec<u32> = limits.exceeding(items.to_vec(), now()).into_iter().map(|item| item.key).collect();
        assert_eq!(gone, expected, "{limits:?}");
    }

    #[test]
    fn without_limits_everything_stays() {
        gone(OFF, &[item(1, 999, u64::MAX / 4), item(2, 1, 1)], &[]);
        assert!(OFF.is_off() && !RetentionLimits { max_bytes: 1, ..OFF }.is_off());
        assert!(
            !RetentionLimits { max_age: DAY, ..OFF }.is_off() && !RetentionLimits { max_number: 1, ..OFF }.is_off()
        );
    }

    #[test]
    fn age_number_and_size_each_remove_the_oldest_first() {
        let items = [item(1, 3, 10), item(2, 30, 10), item(3, 7, 10), item(4, 7, 10)];
        gone(RetentionLimits { max_age: 7 * DAY, ..OFF }, &items, &[2]);
        gone(RetentionLimits { max_age: DAY, ..OFF }, &items, &[2, 3, 4, 1]);
        gone(RetentionLimits { max_number: 2, ..OFF }, &items, &[2, 3]);
        gone(RetentionLimits { max_number: 4, ..OFF }, &items, &[]);
        gone(RetentionLimits { max_bytes: 29, ..OFF }, &items, &[2, 3]);
        gone(RetentionLimits { max_bytes: 40, ..OFF }, &items, &[]);
        gone(RetentionLimits { max_bytes: 9, ..OFF }, &items, &[2, 3, 4, 1]);
        gone(RetentionLimits { max_age: 7 * DAY, max_number: 2, max_bytes: 10 }, &items, &[2, 3, 4]);
    }

    #[test]
    fn what_is_needed_counts_and_stays() {
        let needed = StoredItem { is_needed: true, ..item(1, 100, 10) };
        let items = [needed, item(2, 30, 10), item(3, 7, 10)];
        gone(RetentionLimits { max_number: 1, ..OFF }, &items, &[2, 3]);
        gone(RetentionLimits { max_number: 2, ..OFF }, &items, &[2]);
        gone(RetentionLimits { max_age: 20 * DAY, ..OFF }, &items, &[2]);
        gone(RetentionLimits { max_bytes: 1, ..OFF }, &items, &[2, 3]);
    }

    #[test]
    fn an_item_counts_for_all_that_is_in_it_and_the_future_is_not_old() {
        let many = StoredItem { number: 100, ..item(1, 1, 10) };
        gone(RetentionLimits { max_number: 50, ..OFF }, &[many, item(2, 2, 10)], &[2, 1]);
        let future = StoredItem { made: now() + 9 * DAY, ..item(1, 0, 10) };
        gone(RetentionLimits { max_age: DAY, ..OFF }, &[future], &[]);
    }
}

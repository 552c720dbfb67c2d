//! Where the times in records come from: the system's clock, or one moment that was given for all of them.
//!
//! It is no clock for waiting: what happens next depends on none of its answers.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::FileStamp;

/// What dates everything that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Clock {
    /// The system's.
    #[default]
    System,
    /// Every record carries this moment, so that the same work gives the same bytes.
    Fixed(SystemTime),
}

impl Clock {
    /// The environment variable that fixes it: <https://reproducible-builds.org/specs/source-date-epoch/>.
    pub const VARIABLE: &'static str = "SOURCE_DATE_EPOCH";
    /// 9999-12-31T23:59:59Z, the last moment that RFC 3339 can write.
    const LAST: u64 = 253_402_300_799;

    /// The clock that [`Self::VARIABLE`] asks for: whole seconds since 1970.
    ///
    /// # Errors
    /// What would do.
    pub fn fixed(seconds: &str) -> Result<Self, String> {
        let fixed = seconds.parse().ok().filter(|seconds| *seconds <= Self::LAST);
        fixed.map(|seconds| Self::Fixed(UNIX_EPOCH + Duration::from_secs(seconds))).ok_or_else(|| {
            format!(
                "must be whole seconds since 1970-01-01, from 0 to {}, for example 1767225600; correct it or unset it",
                Self::LAST
            )
        })
    }

    /// The moment that a record carries.
    pub fn now(self) -> SystemTime {
        match self {
            Self::System => SystemTime::now(),
            Self::Fixed(moment) => moment,
        }
    }

    /// The same as RFC 3339 in UTC, to the second.
    pub fn stamp(self) -> String {
        humantime::format_rfc3339_seconds(self.now()).to_string()
    }

    /// Seconds since `begin`; `None` where they would differ from run to run in records that shall not.
    pub fn seconds_since(self, begin: Instant) -> Option<f64> {
        match self {
            Self::System => Some(begin.elapsed().as_secs_f64()),
            Self::Fixed(_) => None,
        }
    }

    /// What is recorded of a file. Its ctime is of the system and not of the work: no two files can be given the same one.
    pub fn recorded(self, stamp: FileStamp) -> FileStamp {
        match self {
            Self::System => stamp,
            Self::Fixed(_) => FileStamp { ctime_ns: None, ..stamp },
        }
    }

    /// Whether every record carries the same moment.
    pub fn is_fixed(self) -> bool {
        matches!(self, Self::Fixed(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_clock_gives_its_moment_and_no_durations() {
        let clock = Clock::fixed("1767225600").unwrap();
        assert_eq!(clock.stamp(), "2026-01-01T00:00:00Z");
        assert_eq!(clock.seconds_since(Instant::now()), None);
        assert!(Clock::System.seconds_since(Instant::now()).is_some());
        assert_eq!(Clock::fixed("253402300799").unwrap().stamp(), "9999-12-31T23:59:59Z");
    }

    #[test]
    fn what_is_no_count_of_seconds_is_refused() {
        for wrong in ["", "-1", "1.5", "today", "2026-01-01", "253402300800", " 1"] {
            assert!(Clock::fixed(wrong).unwrap_err().contains("whole seconds since 1970"), "{wrong}");
        }
    }
}

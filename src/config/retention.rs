//! `[retention]`: how much the state folder keeps of what can be removed, and for how long.

use std::time::Duration;

use serde::{Deserialize, Deserializer, de};

use super::sections::duration;
use crate::domain::RetentionLimits;

/// `[retention]`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetentionSettings {
    /// Reports of scans.
    pub reports: RetentionLimits,
    /// Runs, of each dataset.
    pub runs: RetentionLimits,
    /// Augmented copies.
    pub copies: RetentionLimits,
}

impl RetentionSettings {
    /// Whether everything is kept.
    pub fn is_off(&self) -> bool {
        [self.reports, self.runs, self.copies].iter().all(RetentionLimits::is_off)
    }
}

/// The section, one to one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRetention {
    #[serde(deserialize_with = "duration")]
    reports_max_age: Duration,
    reports_max_number: u64,
    #[serde(deserialize_with = "gibibytes")]
    reports_max_gib: u64,
    #[serde(deserialize_with = "duration")]
    runs_max_age: Duration,
    runs_max_number: u64,
    #[serde(deserialize_with = "gibibytes")]
    runs_max_gib: u64,
    #[serde(deserialize_with = "duration")]
    copies_max_age: Duration,
    copies_max_number: u64,
    #[serde(deserialize_with = "gibibytes")]
    copies_max_gib: u64,
}

impl RawRetention {
    pub(super) fn into_settings(self) -> RetentionSettings {
        let limits = |max_age, max_number, max_bytes| RetentionLimits { max_age, max_number, max_bytes };
        RetentionSettings {
            reports: limits(self.reports_max_age, self.reports_max_number, self.reports_max_gib),
            runs: limits(self.runs_max_age, self.runs_max_number, self.runs_max_gib),
            copies: limits(self.copies_max_age, self.copies_max_number, self.copies_max_gib),
        }
    }
}

/// Bytes; at least 1 where it is not 0, which means no limit.
fn gibibytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let number = f64::deserialize(deserializer)?;
    if (0.0..=1e6).contains(&number) {
        Ok((number * f64::from(1 << 30)).ceil() as u64)
    } else {
        Err(de::Error::custom("must be a number of gibibytes from 0 (no limit) to 1000000, for example 20.0"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Overrides, load};

    fn retention(set: &str) -> Result<RetentionSettings, String> {
        let set = vec![set.to_owned()];
        let settings = load(&Overrides { set, ..Overrides::default() });
        settings.map(|settings| settings.retention).map_err(|error| error.to_string())
    }

    #[test]
    fn everything_is_kept_by_default_and_limits_are_in_days_and_gibibytes() {
        assert!(retention("train.seed=1").unwrap().is_off());
        let year = Duration::from_secs(365 * 86_400);
        assert_eq!(retention("retention.reports_max_age=365d").unwrap().reports.max_age, year);
        assert_eq!(retention("retention.copies_max_gib=0.5").unwrap().copies.max_bytes, 1 << 29);
        assert_eq!(retention("retention.runs_max_gib=1e-12").unwrap().runs.max_bytes, 1, "0 would be no limit");
        assert_eq!(retention("retention.runs_max_number=5").unwrap().runs.max_number, 5);
    }

    #[test]
    fn what_is_no_limit_is_refused_with_its_key() {
        for (set, expected) in [
            ("retention.reports_max_gib=-1", "`retention.reports_max_gib`: must be a number of gibibytes from 0"),
            ("retention.runs_max_gib=nan", "`retention.runs_max_gib`: must be a number of gibibytes from 0"),
            ("retention.copies_max_age=90", "`retention.copies_max_age`: "),
            ("retention.reports_max_number=-1", "`retention.reports_max_number`: "),
        ] {
            let message = retention(set).unwrap_err();
            assert!(message.contains(expected) && !message.contains('\n'), "{set}: {message}");
        }
    }
}

//! When a result was made, in the time zone that its scan names, else in UTC.

use std::time::Duration;

use super::attributes::{CONTENT_DATE, CONTENT_TIME};
use crate::imaging::{DicomObject, SourceScan};

/// Date (`YYYYMMDD`) and time (`HHMMSS`).
pub(super) struct Moment {
    date: String,
    time: String,
}

impl Moment {
    /// `created`: RFC 3339, UTC. A file's zone holds for all its times.
    pub(super) fn of(created: &str, source: &SourceScan) -> Self {
        let local = humantime::parse_rfc3339(created).ok().and_then(|made| {
            let seconds = source.utc_offset().unwrap_or(0);
            let distance = Duration::from_secs(seconds.unsigned_abs());
            if seconds < 0 { made.checked_sub(distance) } else { made.checked_add(distance) }
        });
        let text = local.map_or_else(|| created.to_owned(), |at| humantime::format_rfc3339_seconds(at).to_string());
        let mut digits: String = text.chars().filter(char::is_ascii_digit).take(14).collect();
        let time = digits.split_off(digits.len().min(8));
        Self { date: digits, time }
    }

    /// Content Date and Content Time.
    pub(super) fn elements(&self) -> DicomObject<'static> {
        DicomObject::default().text(CONTENT_DATE, self.date.as_str()).text(CONTENT_TIME, self.time.as_str())
    }
}

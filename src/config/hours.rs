//! `retrain.hours`: the hours of the day at which trainings may begin, in the local time of the machine.

use std::time::{Duration, SystemTime};

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Zoned};
use serde::{Deserialize, Deserializer, de};

/// Windows of the day; none means at any time. A window whose end is before its begin goes over midnight.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TrainingHours(Vec<DayWindow>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct DayWindow {
    begin: Time,
    end: Time,
}

impl TrainingHours {
    /// How long a training waits that is due at `now`, and until which time of the day (`20:00`); `None` when it may begin.
    pub fn wait(&self, now: SystemTime) -> Option<(Duration, String)> {
        self.wait_in(now, TimeZone::system())
    }

    fn wait_in(&self, now: SystemTime, zone: TimeZone) -> Option<(Duration, String)> {
        let now = Timestamp::try_from(now).ok()?.to_zoned(zone);
        if self.0.is_empty() || self.0.iter().any(|window| window.holds(now.time())) {
            return None;
        }
        let next = self.0.iter().filter_map(|window| window.next_begin(&now)).min()?;
        let wait = Duration::try_from(now.duration_until(&next)).ok()?;
        Some((wait, next.strftime("%H:%M").to_string()))
    }
}

impl DayWindow {
    fn holds(self, time: Time) -> bool {
        if self.begin < self.end {
            self.begin <= time && time < self.end
        } else {
            self.begin <= time || time < self.end
        }
    }

    /// The next moment at which it begins; a time that the clock skips that day is as much later as the clock is put forward.
    fn next_begin(self, now: &Zoned) -> Option<Zoned> {
        let on = |days: i64| {
            let date = now.date().checked_add(Span::new().days(days)).ok()?;
            date.to_datetime(self.begin).to_zoned(now.time_zone().clone()).ok()
        };
        on(0).filter(|begin| begin > now).or_else(|| on(1))
    }
}

impl<'de> Deserialize<'de> for TrainingHours {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        text.split(',').map(|window| read_window(window.trim())).collect::<Result<_, _>>().map(Self).map_err(|window| {
            de::Error::custom(format!(
                "`{window}` is not a window of hours; write \"20:00-06:00\", several separated by commas, with different ends"
            ))
        })
    }
}

fn read_window(text: &str) -> Result<DayWindow, String> {
    let ends = text.split_once('-').and_then(|(begin, end)| Some((read_time(begin.trim())?, read_time(end.trim())?)));
    let window = ends.map(|(begin, end)| DayWindow { begin, end });
    window.filter(|window| window.begin != window.end).ok_or_else(|| text.to_owned())
}

/// `H:MM` or `HH:MM`; 24:00 is midnight.
fn read_time(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let digits = |text: &str, n: std::ops::RangeInclusive<usize>| {
        let is_number = n.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        if is_number { text.parse::<i8>().ok() } else { None }
    };
    let (hour, minute) = (digits(hour, 1..=2)?, digits(minute, 2..=2)?);
    if (hour, minute) == (24, 0) { Some(Time::midnight()) } else { Time::new(hour, minute, 0, 0).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(text: &str) -> Result<TrainingHours, String> {
        serde_json::from_value(serde_json::json!(text)).map_err(|error| error.to_string())
    }

    /// Seconds to wait and the time waited for, in Berlin, at this local time.
    fn wait(text: &str, local: &str) -> Option<(u64, String)> {
        // Central European Time with its rule, so that no database of the machine is asked.
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let now: jiff::civil::DateTime = local.parse().unwrap();
        let now = now.to_zoned(zone.clone()).unwrap().timestamp();
        let wait = hours(text).unwrap().wait_in(now.into(), zone);
        wait.map(|(wait, until)| (wait.as_secs(), until))
    }

    fn until(minutes: u64, time: &str) -> (u64, String) {
        (60 * minutes, time.to_owned())
    }

    #[test]
    fn a_window_holds_from_its_begin_to_before_its_end_also_over_midnight() {
        assert_eq!(wait("", "2026-07-01T12:00"), None);
        assert_eq!(wait("20:00-06:00", "2026-07-01T20:00"), None);
        assert_eq!(wait("20:00-06:00", "2026-07-01T05:59:59"), None);
        assert_eq!(wait("20:00-06:00", "2026-07-01T06:00"), Some(until(14 * 60, "20:00")));
        assert_eq!(wait("20:00-24:00", "2026-07-01T23:59"), None);
        assert_eq!(wait("8:30-9:00", "2026-07-01T09:00"), Some(until(23 * 60 + 30, "08:30")));
    }

    #[test]
    fn of_several_windows_the_next_one_is_waited_for() {
        let text = "20:00-06:00, 12:00-13:00";
        assert_eq!(wait(text, "2026-07-01T11:59"), Some(until(1, "12:00")));
        assert_eq!(wait(text, "2026-07-01T12:30"), None);
        assert_eq!(wait(text, "2026-07-01T13:00"), Some(until(7 * 60, "20:00")));
    }

    #[test]
    fn a_clock_that_is_put_forward_or_back_is_waited_for_as_it_runs() {
        // 2026-03-29: 2:00 becomes 3:00. 2026-10-25: 3:00 becomes 2:00.
        assert_eq!(wait("4:00-5:00", "2026-03-29T01:00"), Some(until(2 * 60, "04:00")));
        assert_eq!(wait("2:30-2:45", "2026-03-29T01:00"), Some(until(90, "03:30")));
        assert_eq!(wait("4:00-5:00", "2026-10-25T01:00"), Some(until(4 * 60, "04:00")));
    }

    #[test]
    fn what_is_no_window_is_refused_with_what_would_do() {
        for wrong in [
            "20:00",
            "20:00-20:00",
            "25:00-06:00",
            "20:60-06:00",
            "8-9",
            "a:b-c:d",
            "20:00-06:00,",
            "+1:00-2:00",
            "0:00-24:00",
        ] {
            let message = hours(wrong).unwrap_err();
            assert!(message.contains("is not a window of hours; write \"20:00-06:00\""), "{wrong}: {message}");
        }
    }
}

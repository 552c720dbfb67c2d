//! Log lines on stderr: text for people, JSON for machines, colours on a terminal only.

use std::io::{self, IsTerminal, Write};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::config::{LogFormat, LogSettings};

const LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];

/// Starts logging; `steps` go up (more) or down from the configured level.
pub(super) fn init(settings: &LogSettings, steps: i16) {
    let level = level(&settings.level, steps);
    // sled logs its own housekeeping at info.
    let filter = EnvFilter::new(format!("{level},sled=warn"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(BarSafe).with_target(false);
    match settings.format {
        LogFormat::Json => builder.json().init(),
        LogFormat::Auto | LogFormat::Text => builder.with_ansi(io::stderr().is_terminal()).init(),
    }
}

fn level(configured: &str, steps: i16) -> &'static str {
    let base = LEVELS.iter().position(|level| *level == configured).unwrap_or(2);
    let wanted = i16::try_from(base).unwrap_or(2).saturating_add(steps).clamp(0, 4);
    LEVELS[usize::try_from(wanted).unwrap_or(2)]
}

/// Writes to stderr between the progress bars.
#[derive(Clone, Copy)]
struct BarSafe;

impl Write for BarSafe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        super::progress::undisturbed(|| io::stderr().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

impl<'a> MakeWriter<'a> for BarSafe {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        *self
    }
}

#[cfg(test)]
mod tests {
    use super::level;

    #[test]
    fn steps_stay_within_the_levels() {
        assert_eq!(level("info", 0), "info");
        assert_eq!(level("info", 1), "debug");
        assert_eq!(level("info", -9), "error");
        assert_eq!(level("warn", 9), "trace");
    }
}

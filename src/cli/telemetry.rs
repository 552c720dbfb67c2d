//! Log lines on stderr: text for people, JSON for machines, colours on a terminal only; for systemd's journal without the time,
//! which it has itself, and with the priority.

use std::fmt::{self, Debug};
use std::io::{self, IsTerminal, Write};

use tracing::Metadata;
use tracing::field::Field;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::field::MakeExt;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::{FormatFields, Writer, debug_fn};

use super::journal;
use crate::config::{LogFormat, LogSettings};

const LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];

/// Starts logging; `steps` go up (more) or down from the configured level.
pub(super) fn init(settings: &LogSettings, steps: i16) {
    let level = level(&settings.level, steps);
    // sled logs its own housekeeping at info.
    // The watcher's library would log the name of each file.
    let filter = EnvFilter::new(format!("{level},sled=warn,notify=warn"));
    let to_journal = settings.format == LogFormat::Auto && journal::is_reading();
    let writer = LogLines { to_journal, priority: "" };
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).with_target(false);
    match settings.format {
        LogFormat::Json => builder.json().init(),
        _ if to_journal => builder.without_time().with_level(false).with_ansi(false).fmt_fields(fields()).init(),
        LogFormat::Auto | LogFormat::Text => {
            builder.with_ansi(io::stderr().is_terminal()).fmt_fields(fields()).init();
        }
    }
}

/// How the fields of text lines are written.
fn fields() -> impl for<'writer> FormatFields<'writer> + 'static {
    debug_fn(|writer, field, value| write_field(writer, field, value)).delimited(" ")
}

/// The message as it is, other fields as `name=value`: a value with spaces stands in quotes, so that its end is seen.
fn write_field(writer: &mut Writer<'_>, field: &Field, value: &dyn Debug) -> fmt::Result {
    let text = format!("{value:?}");
    match field.name() {
        "message" => writer.write_str(&text),
        name if text.contains(|c: char| c.is_whitespace() || c.is_control()) && !text.starts_with('"') => {
            write!(writer, "{name}={text:?}")
        }
        name => write!(writer, "{name}={text}"),
    }
}

fn level(configured: &str, steps: i16) -> &'static str {
    let base = LEVELS.iter().position(|level| *level == configured).unwrap_or(2);
    let wanted = i16::try_from(base).unwrap_or(2).saturating_add(steps).clamp(0, 4);
    LEVELS[usize::try_from(wanted).unwrap_or(2)]
}

/// Writes to stderr above the progress bars. It never fails: tracing would print the failure to stderr, too, and panic there.
#[derive(Clone, Copy)]
struct LogLines {
    to_journal: bool,
    /// What the line begins with.
    priority: &'static str,
}

impl Write for LogLines {
    /// Always one whole event.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        super::output::to_stderr(&format!("{}{}", self.priority, String::from_utf8_lossy(bytes)));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for LogLines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        *self
    }

    fn make_writer_for(&'a self, event: &Metadata<'_>) -> Self {
        let priority = if self.to_journal { journal::priority(*event.level()) } else { "" };
        Self { priority, ..*self }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::{Arc, Mutex};

    use super::*;

    /// A log in memory.
    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_value_with_spaces_stands_in_quotes() {
        let kept = Kept::default();
        let writer = kept.clone();
        let builder = tracing_subscriber::fmt().with_writer(move || writer.clone()).with_target(false).without_time();
        tracing::subscriber::with_default(builder.with_ansi(false).fmt_fields(fields()).finish(), || {
            let (text, path, n) = ("two words", Path::new("a b\u{1b}"), 3);
            tracing::info!(text, path = %path.display(), error = %"word", n, "It is so");
        });
        let expected = " INFO It is so text=\"two words\" path=\"a b\\u{1b}\" error=word n=3\n";
        assert_eq!(String::from_utf8(kept.0.lock().unwrap().clone()).unwrap(), expected);
    }

    #[test]
    fn steps_stay_within_the_levels() {
        assert_eq!(level("info", 0), "info");
        assert_eq!(level("info", 1), "debug");
        assert_eq!(level("info", -9), "error");
        assert_eq!(level("warn", 9), "trace");
    }
}

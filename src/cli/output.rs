//! Output for users and scripts. A closed pipe (`| head`) is not an error: its reader has read enough. Any other output that
//! cannot be written (a full disk) is one, and the whole command fails with it: [`undelivered`].

use std::io::{self, ErrorKind, Write};
use std::sync::OnceLock;

use serde::Serialize;
use tracing::Level;

use super::failure::{Exit, Failure};
use super::journal;

/// Why results could not be written: the first reason.
static UNDELIVERED: OnceLock<String> = OnceLock::new();

/// Text to stdout, as it is. What cannot be written is kept for [`undelivered`].
pub(super) fn text(text: &str) {
    if let Err(error) = deliver(io::stdout().lock(), text) {
        UNDELIVERED
            .get_or_init(|| format!("cannot write the output: {error}; give it a place with room and run again"));
    }
}

/// The failure of a command whose results could not all be written to stdout.
pub(super) fn undelivered() -> Option<Failure> {
    UNDELIVERED.get().map(|reason| Failure::new(Exit::Io, reason))
}

/// One line to stdout.
pub(super) fn line(line: &str) {
    text(&format!("{line}\n"));
}

/// One JSON document to stdout, pretty.
pub(super) fn json(value: &impl Serialize) {
    match serde_json::to_string_pretty(value) {
        Ok(document) => line(&document),
        Err(error) => self::error(&format!("cannot write JSON: {error}")),
    }
}

/// A number of things, each of which is `what`: "1 report", "2 copies".
pub(super) fn counted(n: u64, what: &str) -> String {
    match what.strip_suffix('y') {
        _ if n == 1 => format!("{n} {what}"),
        Some(stem) => format!("{n} {stem}ies"),
        None => format!("{n} {what}s"),
    }
}

/// One line to stderr, marked as gradwatch's.
pub(super) fn error(line: &str) {
    let priority = if journal::is_reading() { journal::priority(Level::ERROR) } else { "" };
    to_stderr(&format!("{priority}gradwatch: {line}\n"));
}

/// Whole lines to stderr, above the progress bars. Their reader may have gone (`2>&1 | head`), which must not end the work,
/// and there is no other place to say so.
pub(super) fn to_stderr(lines: &str) {
    if !super::progress::written_above(lines) {
        drop(deliver(io::stderr().lock(), lines));
    }
}

/// The first sentence of a message of several lines, with the hints that follow it.
pub(super) fn one_line(message: &str) -> String {
    let message =
        message.strip_prefix("error: ").unwrap_or(message).replace("For more information, try '--help'.", "see --help");
    let parts = message.lines().map(str::trim).filter(|line| !line.is_empty());
    parts.filter(|line| !line.starts_with("Usage:")).collect::<Vec<_>>().join("; ").replace(":; ", ": ")
}

fn deliver(mut to: impl Write, text: &str) -> io::Result<()> {
    match to.write_all(text.as_bytes()).and_then(|()| to.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn clap_messages_become_one_line() {
        let message = "error: unexpected argument '--foo' found\n\n  tip: did you mean '--for'\n\nUsage: x [OPTIONS]\n\nFor more information, try '--help'.\n";
        let line = super::one_line(message);
        assert_eq!(line, "unexpected argument '--foo' found; tip: did you mean '--for'; see --help");
    }
}

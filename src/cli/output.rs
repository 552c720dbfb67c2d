//! Output for users and scripts. A closed pipe (`| head`) is not an error.

use std::io::{self, Write};

use serde::Serialize;

/// Text to stdout, as it is.
pub(super) fn text(text: &str) {
    deliver(io::stdout().lock(), text);
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

/// One line to stderr, marked as gradwatch's.
pub(super) fn error(line: &str) {
    super::progress::undisturbed(|| deliver(io::stderr().lock(), &format!("gradwatch: {line}\n")));
}

/// The first sentence of a message of several lines, with the hints that follow it.
pub(super) fn one_line(message: &str) -> String {
    let message =
        message.strip_prefix("error: ").unwrap_or(message).replace("For more information, try '--help'.", "see --help");
    let parts = message.lines().map(str::trim).filter(|line| !line.is_empty());
    parts.filter(|line| !line.starts_with("Usage:")).collect::<Vec<_>>().join("; ").replace(":; ", ": ")
}

fn deliver(mut to: impl Write, text: &str) {
    // A failure to write output cannot be reported anywhere.
    let _ = to.write_all(text.as_bytes()).and_then(|()| to.flush());
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

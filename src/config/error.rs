//! What can be wrong with a configuration: where it stands, what was found, what would do.

use std::path::PathBuf;

/// A configuration that cannot be used. One line: what, where, how to fix.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration `{}`: {source}; name another one with --config, or create it", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{origin} is not valid TOML: {message}")]
    NotToml {
        /// Where the text came from.
        origin: String,
        /// What the parser says, on one line, with its place.
        message: String,
    },
    /// An override is not `key=value`.
    #[error("`{0}` is not KEY=VALUE; write --set section.key=value, for example --set train.max_epochs=20")]
    NotAnOverride(String),
    /// A key that does not exist, or a value of the wrong kind.
    #[error("{origin}: `{key}`: {message}")]
    Key {
        /// Where the value came from.
        origin: String,
        /// The key's dotted path.
        key: String,
        /// What is wrong and what would do.
        message: String,
    },
}

/// On one line, and without the names that Rust has for numbers.
pub(super) fn in_plain_words(message: &str) -> String {
    let mut message = message.replace('\n', " ").trim().to_owned();
    for (rust, plain) in [
        ("u8", "a whole number from 0 to 255"),
        ("a nonzero u32", "a whole number from 1 to 4294967295"),
        ("a nonzero usize", "a whole number from 1"),
        ("u32", "a whole number from 0 to 4294967295"),
        ("u64", "a whole number from 0"),
        ("usize", "a whole number from 0"),
        ("f64", "a number"),
    ] {
        message = message.replace(&format!("expected {rust}"), &format!("expected {plain}"));
    }
    message
}

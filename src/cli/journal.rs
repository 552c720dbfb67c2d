//! systemd's journal, where it reads this program's messages: it has the time of each, and takes the priority from its begin.

use std::env;
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::sync::OnceLock;

use tracing::Level;

/// Whether stderr leads to the journal: systemd says which file it has connected, as `device:inode`.
pub(super) fn is_reading() -> bool {
    static IS_READING: OnceLock<bool> = OnceLock::new();
    *IS_READING.get_or_init(|| {
        let connected = env::var("JOURNAL_STREAM").unwrap_or_default();
        let stderr = io::stderr().as_fd().try_clone_to_owned().and_then(|stderr| File::from(stderr).metadata());
        stderr.is_ok_and(|stderr| connected == format!("{}:{}", stderr.dev(), stderr.ino()))
    })
}

/// What a line begins with, as in sd-daemon(3).
pub(super) fn priority(level: Level) -> &'static str {
    match level {
        Level::ERROR => "<3>",
        Level::WARN => "<4>",
        Level::INFO => "<6>",
        _ => "<7>",
    }
}

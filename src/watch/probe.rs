//! Whether the system reports events of files at all: asked before a service starts, and changes nothing.

use std::path::Path;

use notify::{RecursiveMode, Watcher};

/// # Errors
/// The system's words: a limit of inotify is reached, or the file system has no events.
pub fn probe_events(inbox: &Path) -> Result<(), String> {
    let watcher = notify::recommended_watcher(|_| {});
    let outcome = watcher.and_then(|mut watcher| watcher.watch(inbox, RecursiveMode::NonRecursive));
    outcome.map_err(|error| error.to_string())
}

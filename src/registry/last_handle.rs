//! Closing sled on a disk that fails: sled answers with a panic, which must not leave the registry.

use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};

use sled::Db;

use super::flush::flush;

/// A handle that outlives the others of its database, and so closes it.
#[derive(Debug)]
pub(super) struct LastHandle(Option<Db>);

impl LastHandle {
    /// Of `db`; drop it after all others.
    pub(super) fn of(db: &Db) -> Self {
        Self(Some(db.clone()))
    }

    /// sled flushes when its last handle is dropped; after this flush it has nothing left to wait for.
    fn close(&mut self) {
        if let Some(Err(error)) = self.0.as_ref().map(flush) {
            tracing::debug!(error = %error, "Registry closed after a failed write");
        }
        self.0 = None;
    }
}

impl Drop for LastHandle {
    fn drop(&mut self) {
        // What was committed is on the disk since its commit; closing adds nothing that the next opening needs.
        if catch_unwind(AssertUnwindSafe(|| self.close())).is_err() {
            tracing::debug!("Registry closed by a panic of sled");
        }
    }
}

/// Whether it is sled that panics: on a thread that called it, where that is caught, or on one of its own.
pub fn is_in_sled(panic: &PanicHookInfo<'_>) -> bool {
    panic.location().is_some_and(|location| is_source_of_sled(location.file()))
}

fn is_source_of_sled(file: &str) -> bool {
    file.split('/').any(|folder| folder == "sled" || folder.strip_prefix("sled-").is_some_and(is_version))
}

fn is_version(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_sleds_by_its_source_file() {
        for (file, is_sleds) in [
            ("/home/a/.cargo/registry/src/sled-0.34.7/src/pagecache/logger.rs", true),
            ("vendor/sled/src/tree.rs", true),
            ("src/registry/store.rs", false),
            ("/home/sled-dog/gradwatch/src/main.rs", false),
        ] {
            assert_eq!(is_source_of_sled(file), is_sleds, "{file}");
        }
    }
}

//! Flushing sled, so that it ends when a write fails.
//!
//! sled 0.34.7 writes on threads of its own. Where such a write fails, it may note the error without waking who waits for
//! it, and `flush` never returns. The next call of `flush` sees the error and wakes all.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::{Builder, Scope, scope};
use std::time::Duration;

use sled::Db;

/// After this time without an answer `flush` is called once more, then after twice as long, and so on.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// Hands everything to the operating system; returns also where a write failed.
///
/// # Errors
/// [`sled::Error`], and no thread to be had.
pub(super) fn flush(db: &Db) -> Result<(), sled::Error> {
    let (running, ended) = channel::<()>();
    scope(move |scope| {
        Builder::new().spawn_scoped(scope, move || call_again(scope, db, &ended)).map_err(sled::Error::Io)?;
        let flushed = db.flush();
        drop(running);
        flushed.map(drop)
    })
}

/// Calls `flush` on new threads until the first call has returned: each of these calls may have to wait as well.
fn call_again<'scope>(scope: &'scope Scope<'scope, '_>, db: &'scope Db, ended: &Receiver<()>) {
    let mut wait = FIRST_WAIT;
    while ended.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
        let _: io::Result<_> = Builder::new().spawn_scoped(scope, || db.flush());
        wait *= 2;
    }
}

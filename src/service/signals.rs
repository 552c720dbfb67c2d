//! SIGTERM and Ctrl-C: the first asks for a clean end, the second ends at once (atomic writes make that safe). SIGHUP asks a
//! service to read its configuration anew.

use std::io;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::signal_mask::release_signals;
use crate::domain::StopFlag;

/// Raises `stop` at the first signal, one that came since the program started included, and then calls `then`.
///
/// # Errors
/// When the signals cannot be taken over.
pub fn stop_on_signals(stop: StopFlag, then: impl Fn() + Send + 'static) -> io::Result<()> {
    obey(Signals::new([SIGTERM, SIGINT])?, stop, then, || {})
}

/// As [`stop_on_signals`]; SIGHUP calls `reload`.
///
/// # Errors
/// When the signals cannot be taken over.
pub(super) fn stop_or_reload_on_signals(
    stop: StopFlag,
    then: impl Fn() + Send + 'static,
    reload: impl Fn() + Send + 'static,
) -> io::Result<()> {
    obey(Signals::new([SIGTERM, SIGINT, SIGHUP])?, stop, then, reload)
}

fn obey(
    mut signals: Signals,
    stop: StopFlag,
    then: impl Fn() + Send + 'static,
    reload: impl Fn() + Send + 'static,
) -> io::Result<()> {
    std::thread::Builder::new().name("gw-signals".to_owned()).spawn(move || {
        for signal in signals.forever() {
            if signal == SIGHUP {
                reload();
                continue;
            }
            if stop.is_raised() {
                tracing::warn!("Second stop signal; ending immediately");
                leave(128 + signal);
            }
            tracing::info!("Stop signal; finishing the current work");
            stop.raise();
            then();
        }
    })?;
    release_signals();
    Ok(())
}

/// Ends the process without running libtorch's destructors, which must not run while a forward pass is under way.
/// Everything that matters is on the disk by then.
pub fn leave(code: i32) -> ! {
    signal_hook::low_level::exit(code)
}

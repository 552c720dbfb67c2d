//! Notifications of the service manager (`sd_notify`). Without one, nothing is sent.

use sd_notify::NotifyState;

/// Whether a service manager started this process and wants to be notified.
pub fn is_present() -> bool {
    std::env::var_os("NOTIFY_SOCKET").is_some()
}

/// The folders are watched and work begins.
pub(super) fn ready() {
    notify(&[NotifyState::Ready]);
}

/// A new configuration is taken over; [`ready`] follows. One message: the service manager counts its time from what stands in it.
pub(super) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => notify(&[NotifyState::Reloading, now]),
        Err(error) => tracing::debug!(%error, "Service manager not notified"),
    }
}

/// The end has begun.
pub(super) fn stopping() {
    notify(&[NotifyState::Stopping]);
}

/// One line for `systemctl status`.
pub(super) fn status(line: &str) {
    notify(&[NotifyState::Status(line)]);
}

fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "Service manager not notified");
    }
}

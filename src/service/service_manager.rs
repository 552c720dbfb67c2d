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

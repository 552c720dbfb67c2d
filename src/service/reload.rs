//! A new configuration for a running service: read and checked when SIGHUP asks for it, and taken over between two lives, so
//! that work under way ends as it does before a restart and goes on after it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::config::Settings;
use crate::domain::StopFlag;

use super::service_manager;

/// Reads the configuration anew, from where it was read at the start. What is wrong with it is one line: where, what, how to fix.
pub type ReadSettings = Box<dyn Fn() -> Result<Settings, String> + Send + Sync>;

/// Clones share it.
#[derive(Clone)]
pub(super) struct Reload(Arc<ReloadSource>);

struct ReloadSource {
    read: ReadSettings,
    /// As at the start: what this process cannot change any more.
    first: Settings,
    state: Mutex<PendingReload>,
}

#[derive(Default)]
struct PendingReload {
    settings: Option<Settings>,
    /// The life under way.
    life: StopFlag,
}

impl Reload {
    pub(super) fn new(read: ReadSettings, first: Settings) -> Self {
        Self(Arc::new(ReloadSource { read, first, state: Mutex::default() }))
    }

    /// From now on a new configuration ends `life`; one that waits to be taken over ends it at once.
    pub(super) fn begin(&self, life: &StopFlag) {
        let mut state = self.state();
        state.life = life.clone();
        if state.settings.is_some() {
            life.raise();
        }
    }

    /// Whether a new configuration waits to be taken over.
    pub(super) fn is_pending(&self) -> bool {
        self.state().settings.is_some()
    }

    /// The new configuration, once.
    pub(super) fn take(&self) -> Option<Settings> {
        self.state().settings.take()
    }

    /// Reads the configuration; one that can be used ends the life under way. `false` where the old one stays.
    pub(super) fn request(&self) -> bool {
        let ReloadSource { read, first, .. } = &*self.0;
        let read = read().and_then(|settings| match needs_restart(first, &settings) {
            Some(key) => Err(format!("{key} changes only with a restart of the service: systemctl restart gradwatch")),
            None => Ok(settings),
        });
        match read {
            Ok(settings) => {
                service_manager::reloading();
                let mut state = self.state();
                state.settings = Some(settings);
                state.life.raise();
                true
            }
            Err(error) => {
                tracing::error!(error, "New configuration refused; it changes nothing");
                false
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, PendingReload> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The first key that differs and is used by the whole process from its start on.
fn needs_restart(now: &Settings, new: &Settings) -> Option<&'static str> {
    let differing = [
        (now.state_dir != new.state_dir, "storage.state_dir"),
        (now.privacy != new.privacy, "[privacy]"),
        (now.log != new.log, "[log]"),
        (now.compute.threads != new.compute.threads, "compute.threads"),
    ];
    differing.into_iter().find(|(differs, _)| *differs).map(|(_, key)| key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Overrides, load};

    fn with(set: &[&str]) -> Settings {
        load(&Overrides { set: set.iter().map(ToString::to_string).collect(), ..Overrides::default() }).unwrap()
    }

    fn reload(read: impl Fn() -> Result<Settings, String> + Send + Sync + 'static) -> Reload {
        Reload::new(Box::new(read), with(&[]))
    }

    #[test]
    fn a_configuration_that_can_be_used_ends_the_life_and_waits_to_be_taken_over() {
        let (reload, life) = (reload(|| Ok(with(&["train.max_epochs=7"]))), StopFlag::default());
        reload.begin(&life);
        assert!(reload.request() && life.is_raised() && reload.is_pending());
        // It came before the life had begun.
        let late = StopFlag::default();
        reload.begin(&late);
        assert!(late.is_raised());
        assert_eq!(reload.take().unwrap().train.max_epochs, 7);
        assert!(reload.take().is_none() && !reload.is_pending());
    }

    #[test]
    fn one_that_is_wrong_or_needs_a_restart_changes_nothing() {
        let refusals: [fn() -> Result<Settings, String>; 3] = [
            || Err("config.toml, line 3: `x`: unknown field".to_owned()),
            || Ok(with(&["storage.state_dir=elsewhere"])),
            || Ok(with(&["compute.threads=3"])),
        ];
        for read in refusals {
            let (reload, life) = (reload(read), StopFlag::default());
            reload.begin(&life);
            assert!(!reload.request() && !life.is_raised() && !reload.is_pending());
        }
    }
}

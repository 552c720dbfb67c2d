//! One survey of the inbox, for a program that processes what is there and ends.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::WatchError;
use super::health::SkippedInputs;
use super::mount_watch::MountWatch;
use super::settle::{Now, Tracker};
use super::survey;
use crate::config::WatchSettings;
use crate::domain::{Arrival, FileStamp, StopFlag};

/// Between two looks at files that are still being written.
const LOOK: Duration = Duration::from_millis(200);

/// What one survey found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct OnceSurvey {
    /// Everything that is new, changed or gone.
    pub arrivals: Vec<Arrival>,
    /// What is no input, though it lies where inputs do.
    pub skipped: Vec<SkippedInputs>,
    /// Folders that were seen to be mounted, to be known at the next start.
    pub mounts: BTreeSet<String>,
}

/// Everything that is new, changed or gone against `known`, in the order of paths with what is gone at its end.
/// Waits until what is being written has settled, but not longer than `watch.max_settle`; nothing is reported twice, so
/// every file has its last try. Once `stop` is raised nothing is reported; it is found again at the next start.
///
/// # Errors
/// [`WatchError`] when the inbox is not there.
pub fn survey_once(
    settings: &WatchSettings,
    known: BTreeMap<String, FileStamp>,
    mounts: BTreeSet<String>,
    stop: &StopFlag,
) -> Result<OnceSurvey, WatchError> {
    let n_known = known.len();
    let mut tracker = Tracker::new(settings, known);
    let (mut settled, mut gone) = (BTreeMap::new(), Vec::new());
    let deadline = Instant::now() + settings.max_settle;
    let mut mounts = MountWatch::new(&settings.inbox, mounts);
    let skipped = loop {
        let states = mounts.states();
        let found = survey::survey(&settings.inbox, n_known, stop)?;
        if stop.is_raised() {
            return Ok(OnceSurvey::default());
        }
        if mounts.states() != states {
            // Half of a folder that was mounted or unmounted meanwhile may have been seen.
            continue;
        }
        mounts.judge(&found, &tracker);
        let is_away = |path: &str| mounts.mounts().is_away(path);
        tracker.survey(&found.files, |path| found.covers(path) && !is_away(path), Now::read());
        tracker.suspend(is_away);
        for arrival in tracker.collect(Now::read(), |path| survey::look(&settings.inbox, path)) {
            match arrival {
                Arrival::Settled { path, stamp, .. } => {
                    settled.insert(path.clone(), Arrival::Settled { path, stamp, last_try: true });
                }
                Arrival::Gone { path } => {
                    settled.remove(&path);
                    gone.push(Arrival::Gone { path });
                }
            }
        }
        if tracker.n_waiting() == 0 {
            break found.skipped;
        }
        if Instant::now() >= deadline {
            tracing::warn!(
                n_files = tracker.n_waiting(),
                "Files that are still being written are left for the next run"
            );
            break found.skipped;
        }
        std::thread::park_timeout(LOOK);
    };
    skipped.warn(&settings.inbox);
    let away = mounts.mounts().sentences(&settings.inbox);
    for sentence in &away {
        tracing::warn!(reason = %sentence, "Mounted folder not available");
    }
    let arrivals = settled.into_values().chain(gone).collect();
    let skipped = SkippedInputs::of(&skipped, &settings.inbox).into_iter();
    let skipped = skipped.chain(away.into_iter().map(SkippedInputs::refused)).collect();
    Ok(OnceSurvey { arrivals, skipped, mounts: mounts.mounts().seen().clone() })
}

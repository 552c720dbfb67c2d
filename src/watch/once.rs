//! One survey of the inbox, for a program that processes what is there and ends.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use super::WatchError;
use super::health::SkippedInputs;
use super::mount_watch::MountWatch;
use super::mounts::SeenMounts;
use super::settle::{Now, Tracker};
use super::survey;
use super::unseen::UnseenInputs;
use crate::config::WatchSettings;
use crate::content::{Skipped, names};
use crate::domain::{Arrival, FileStamp, StopFlag};
use crate::privacy::shown;

/// Between two looks at files that are still being written.
const LOOK: Duration = Duration::from_millis(200);
/// Why a file is left that was written to until the patience was over.
const UNSETTLED: &str = "still being written to; run again when it is complete";

/// What one survey found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct OnceSurvey {
    /// Everything that is new, changed or gone.
    pub arrivals: Vec<Arrival>,
    /// What is no input, though it lies where inputs do.
    pub skipped: Vec<SkippedInputs>,
    /// Folders that were seen to be mounted, to be known at the next start; `None` when nobody remembers, nor looked.
    pub mounts: Option<SeenMounts>,
    /// What cannot be seen now, or did not settle in time.
    pub unseen: UnseenInputs,
}

/// Everything that is new, changed or gone against `known`, in the order of paths with what is gone at its end.
/// Waits until what is being written has settled, but not longer than `patience`; nothing is reported twice, so every file
/// has its last try. Once `stop` is raised nothing is reported; it is found again by the next survey.
///
/// # Errors
/// [`WatchError`] when the inbox is not there.
pub fn survey_once(
    settings: &WatchSettings,
    known: BTreeMap<String, FileStamp>,
    mounts: Option<SeenMounts>,
    patience: Duration,
    stop: &StopFlag,
) -> Result<OnceSurvey, WatchError> {
    let n_known = known.len();
    let mut tracker = Tracker::new(settings, known);
    let (mut settled, mut gone) = (BTreeMap::new(), Vec::new());
    let deadline = Instant::now() + patience;
    let mut mounts = MountWatch::new(&settings.inbox, mounts);
    let skipped = loop {
        let looks = mounts.looks();
        let found = survey::survey(&settings.inbox, n_known, stop)?;
        if stop.is_raised() {
            return Ok(OnceSurvey { mounts: mounts.mounts().seen().cloned(), ..OnceSurvey::default() });
        }
        if mounts.looks() != looks && Instant::now() < deadline {
            // Half of a folder that was mounted, unmounted or exchanged meanwhile may have been seen.
            std::thread::park_timeout(LOOK);
            continue;
        }
        mounts.judge(&found, &looks, &tracker);
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
        // What cannot be looked at is left to the next survey.
        if tracker.unsettled().next().is_none() || Instant::now() >= deadline {
            break found.skipped;
        }
        std::thread::park_timeout(LOOK);
    };
    let arrivals = settled.into_values().chain(gone).collect();
    let unseen =
        UnseenInputs { away: mounts.mounts().away(), hidden: skipped.hidden().chain(unreported(&tracker)).collect() };
    let skipped = warned(&settings.inbox, &skipped, &mounts.mounts().sentences(&settings.inbox), &left(&tracker));
    Ok(OnceSurvey { arrivals, skipped, mounts: mounts.mounts().seen().cloned(), unseen })
}

/// Logs what was left out, and returns it.
fn warned(inbox: &Path, skipped: &Skipped, away: &[String], left: &[String]) -> Vec<SkippedInputs> {
    skipped.warn(inbox);
    for sentence in away {
        tracing::warn!(reason = %sentence, "Mounted folder not available");
    }
    for sentence in left {
        tracing::warn!(reason = %sentence, "Files not read");
    }
    let refused = away.iter().chain(left).cloned().map(SkippedInputs::refused);
    SkippedInputs::of(skipped, inbox).into_iter().chain(refused).collect()
}

/// The files that were not reported, and why.
fn unreported(tracker: &Tracker) -> impl Iterator<Item = (String, String)> {
    let unsettled = tracker.unsettled().map(|path| (path.clone(), UNSETTLED.to_owned()));
    tracker.hidden().chain(unsettled)
}

/// The same, one sentence for each reason.
fn left(tracker: &Tracker) -> Vec<String> {
    let mut by_reason: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (path, why) in unreported(tracker) {
        by_reason.entry(why).or_default().push(shown(path).escape_debug().to_string());
    }
    by_reason.into_iter().map(|(why, paths)| format!("{}: {why}", names(paths.into_iter()))).collect()
}

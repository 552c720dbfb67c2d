//! Inputs that a disk, a share or a permission keeps from being read: what they are, and how long trainings wait for them.
//!
//! It knows no clock: every question brings the time.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::domain::DatasetName;
use crate::ingest::UnfinishedFile;
use crate::privacy::{shown, shown_unseen};
use crate::watch::concerns;

/// A service tries an input every 15 seconds: after three tries it trains without it.
const PATIENCE: Duration = Duration::from_secs(45);

/// Inputs that are there and not known, by path relative to the inbox.
#[derive(Debug)]
pub(super) struct UnreadInputs {
    /// How long a training waits; `None`: as long as it takes.
    patience: Option<Duration>,
    /// What the last reading of each file came to nothing by.
    files: BTreeMap<String, UnfinishedFile>,
    /// What cannot be looked at or did not settle, and why.
    hidden: BTreeMap<String, String>,
    /// When each was missed first.
    since: BTreeMap<String, Instant>,
}

impl UnreadInputs {
    /// Of a service, which goes on trying.
    pub(super) fn of_service() -> Self {
        Self::new(Some(PATIENCE))
    }

    /// Of a run that ends: it leaves the training to the next.
    pub(super) fn of_a_run() -> Self {
        Self::new(None)
    }

    fn new(patience: Option<Duration>) -> Self {
        Self { patience, files: BTreeMap::new(), hidden: BTreeMap::new(), since: BTreeMap::new() }
    }

    /// Files were tried; of these, `unread` could not be read.
    pub(super) fn tried<'a>(
        &mut self,
        files: impl Iterator<Item = &'a str>,
        unread: impl Iterator<Item = UnfinishedFile>,
        now: Instant,
    ) {
        files.for_each(|file| drop(self.files.remove(file)));
        self.files.extend(unread.map(|file| (file.path.clone(), file)));
        self.date(now);
    }

    /// What cannot be looked at now, and why.
    pub(super) fn look(&mut self, hidden: BTreeMap<String, String>, now: Instant) {
        self.hidden = hidden;
        self.date(now);
    }

    /// Everything that is present and not known is tried anew, but what is `hidden`.
    pub(super) fn survey(&mut self, hidden: BTreeMap<String, String>, now: Instant) {
        self.files.clear();
        self.look(hidden, now);
    }

    fn date(&mut self, now: Instant) {
        let (files, hidden) = (&self.files, &self.hidden);
        self.since.retain(|path, _| files.contains_key(path) || hidden.contains_key(path));
        for path in files.keys().chain(hidden.keys()) {
            self.since.entry(path.clone()).or_insert(now);
        }
    }

    /// Whether everything was read.
    pub(super) fn is_empty(&self) -> bool {
        self.since.is_empty()
    }

    /// The files that could not be read, and why.
    pub(super) fn files(&self) -> impl Iterator<Item = &UnfinishedFile> {
        self.files.values()
    }

    /// Why the training of a dataset waits now.
    pub(super) fn hold(&self, dataset: &DatasetName, now: Instant) -> Option<String> {
        let since = self.of(dataset).map(|(_, since)| *since).min()?;
        let is_over = self.patience.is_some_and(|patience| now.saturating_duration_since(since) >= patience);
        if is_over { None } else { self.sentence(dataset) }
    }

    /// What a dataset is trained without: the first by name and why, and how many more.
    pub(super) fn sentence(&self, dataset: &DatasetName) -> Option<String> {
        let mut paths = self.of(dataset).map(|(path, _)| path);
        let first = paths.next()?;
        let (n_more, why) = (paths.count(), self.reason(first));
        let more = if n_more > 0 { format!(" (and {n_more} more)") } else { String::new() };
        let name = if self.files.contains_key(first) { shown(first) } else { shown_unseen(first) };
        Some(format!("`{}`{more}: {why}", name.escape_debug()))
    }

    fn reason(&self, path: &str) -> String {
        let of_file = self.files.get(path).map(|file| file.failure.sentence());
        of_file.or_else(|| self.hidden.get(path).cloned()).unwrap_or_default()
    }

    fn of(&self, dataset: &DatasetName) -> impl Iterator<Item = (&String, &Instant)> {
        let folder = format!("datasets/{dataset}");
        self.since.iter().filter(move |(path, _)| concerns(path, &folder))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::FileFailure;

    const A: &str = "datasets/x/c/a.png";

    fn refused(path: &str) -> UnfinishedFile {
        let failure = FileFailure::unreadable(path, &std::io::Error::from_raw_os_error(5));
        UnfinishedFile { path: path.to_owned(), failure }
    }

    fn dataset(name: &str) -> DatasetName {
        DatasetName::new(name).unwrap()
    }

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn a_service_waits_for_three_tries_of_a_file_and_then_trains_without_it() {
        let (mut unread, start, x) = (UnreadInputs::of_service(), Instant::now(), dataset("x"));
        for at in [0, 15, 30] {
            unread.tried([A].into_iter(), [refused(A)].into_iter(), start + seconds(at));
        }
        let why = "`datasets/x/c/a.png`: the file cannot be read: Input/output error (os error 5); check its disk or network \
                   share, and copy it again";
        assert_eq!(unread.hold(&x, start + seconds(44)).as_deref(), Some(why));
        assert_eq!(unread.hold(&dataset("y"), start), None);
        assert_eq!(unread.hold(&x, start + seconds(45)), None);
        assert_eq!(unread.sentence(&x).as_deref(), Some(why), "and that is said");
        unread.tried([A].into_iter(), std::iter::empty(), start + seconds(46));
        assert_eq!((unread.sentence(&x), unread.is_empty()), (None, true));
        unread.tried([A].into_iter(), [refused(A)].into_iter(), start + seconds(50));
        assert!(unread.hold(&x, start + seconds(94)).is_some(), "it begins anew");
    }

    #[test]
    fn a_stream_of_unreadable_files_holds_no_longer_than_the_first() {
        let (mut unread, start, x) = (UnreadInputs::of_service(), Instant::now(), dataset("x"));
        unread.tried([A].into_iter(), [refused(A)].into_iter(), start);
        let b = "datasets/x/c/b.png";
        unread.tried([b].into_iter(), [refused(b)].into_iter(), start + seconds(40));
        assert_eq!(unread.hold(&x, start + seconds(45)), None);
        assert!(unread.sentence(&x).unwrap().starts_with("`datasets/x/c/a.png` (and 1 more): the file cannot be read"));
    }

    #[test]
    fn a_run_that_ends_trains_without_no_input() {
        let (mut unread, start) = (UnreadInputs::of_a_run(), Instant::now());
        for (path, is_held) in [
            ("", [true, true]),
            ("datasets", [true, true]),
            ("datasets/x", [true, false]),
            ("datasets/x/c", [true, false]),
            ("datasets/xy/c", [false, false]),
            ("scans/a.png", [false, false]),
        ] {
            unread.look([(path.to_owned(), "it is hidden; show it".to_owned())].into(), start);
            let held = ["x", "y"].map(|name| unread.hold(&dataset(name), start + seconds(9999)).is_some());
            assert_eq!(held, is_held, "`{path}`");
        }
        unread.look(BTreeMap::new(), start);
        assert!(unread.is_empty());
    }
}

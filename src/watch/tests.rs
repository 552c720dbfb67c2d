//! The room through its door: a real inbox, the system's real events, and everything that people do to files.

mod faults;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::fs_events::FsEvents;
use super::*;
use crate::config::WatchSettings;
use crate::content::FileFailure;
use crate::domain::{Arrival, FileStamp, StopFlag};

const DEADLINE: Duration = Duration::from_secs(20);

/// An inbox, and a folder beside it on the same file system.
struct Bed {
    dir: TempDir,
    settings: WatchSettings,
}

impl Bed {
    /// Settles fast, and surveys only when asked to.
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for folder in ["inbox/datasets", "inbox/scans", "outside"] {
            fs::create_dir_all(dir.path().join(folder)).unwrap();
        }
        let settings = WatchSettings {
            inbox: dir.path().join("inbox"),
            settle: Duration::from_millis(30),
            settle_unclosed: Duration::from_millis(400),
            max_settle: Duration::from_millis(800),
            rescan: Duration::from_secs(3600),
        };
        Self { dir, settings }
    }

    fn inbox(&self, path: &str) -> PathBuf {
        self.settings.inbox.join(path)
    }

    fn outside(&self, path: &str) -> PathBuf {
        self.dir.path().join("outside").join(path)
    }

    fn watch(&self) -> Watched {
        self.watch_knowing(BTreeMap::new())
    }

    fn watch_knowing(&self, known: BTreeMap<String, FileStamp>) -> Watched {
        Watched::ready(Watcher::start(&self.settings, known, None).unwrap())
    }

    fn stamp(&self, path: &str) -> FileStamp {
        FileStamp::from(&fs::metadata(self.inbox(path)).unwrap())
    }

    fn once(&self, known: BTreeMap<String, FileStamp>) -> Vec<Arrival> {
        survey_once(&self.settings, known, None, self.settings.max_settle, &StopFlag::default()).unwrap().arrivals
    }
}

fn truncated() -> FileFailure {
    FileFailure { may_pass: true, ..FileFailure::new("a", "truncated", "the file ends early", "copy it again") }
}

fn put(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// A running watcher, and all that it reported so far.
struct Watched {
    watcher: Watcher,
    reported: Vec<Arrival>,
    n_fences: usize,
}

impl Watched {
    fn ready(watcher: Watcher) -> Self {
        watcher.ready().recv_timeout(DEADLINE).unwrap();
        Self { watcher, reported: Vec::new(), n_fences: 0 }
    }

    /// Waits until exactly these were reported since the last time, each once; `-` before a path says that it is gone.
    fn expect(&mut self, expected: &[&str]) {
        let deadline = Instant::now() + DEADLINE;
        while self.reported.len() < expected.len() {
            match self.watcher.arrivals().recv_deadline(deadline) {
                Ok(batch) => self.reported.extend(batch),
                Err(error) => panic!("{error}: {expected:?} expected, {:?} reported", self.reported),
            }
        }
        let mut reported: Vec<_> = self.reported.drain(..).map(|arrival| name(&arrival)).collect();
        let mut expected = expected.to_vec();
        reported.sort();
        expected.sort_unstable();
        assert_eq!(reported, expected);
    }

    /// Nothing was to be reported: of all that happened, a file that comes now is the first.
    fn expect_silence(&mut self, bed: &Bed) {
        self.n_fences += 1;
        let fence = format!("scans/fence-{}.png", self.n_fences);
        put(&bed.inbox(&fence), "fence");
        self.expect(&[fence.as_str()]);
    }

    fn await_health(&self, what: &str, is_so: impl Fn(&Health) -> bool) {
        let came = self.watcher.health.wait_until(is_so, DEADLINE);
        assert!(came, "not {what}: {:?}", self.watcher.health());
    }
}

fn name(arrival: &Arrival) -> String {
    match arrival {
        Arrival::Settled { path, last_try: false, .. } => path.clone(),
        Arrival::Settled { path, .. } => format!("{path} (last try)"),
        Arrival::Gone { path } => format!("-{path}"),
    }
}

#[test]
fn what_is_there_at_start_is_told_once_and_what_is_no_input_never() {
    let bed = Bed::new();
    for path in [
        "datasets/d/c/a.png",
        "datasets/d/groups.csv",
        "scans/s.png",
        "scans/d/deep/er/t.png",
        "datasets/misplaced.png",
    ] {
        put(&bed.inbox(path), "x");
    }
    for path in [
        "README.md",
        "datasets/groups.csv",
        "datasets/d/c/groups.csv",
        "datasets/d/Groups.csv",
        "scans/d/groups.csv",
        "scans/.hidden.png",
        "scans/a.png.part",
        "scans/B.TMP",
        "datasets/@eaDir/a.png",
    ] {
        put(&bed.inbox(path), "x");
    }
    for path in ["scans/draft.png~", "scans/Thumbs.db", "datasets/d/__MACOSX/c/a.png", "elsewhere/c/a.png"] {
        put(&bed.inbox(path), "x");
    }
    put(&bed.outside("far.png"), "x");
    std::os::unix::fs::symlink(bed.outside("far.png"), bed.inbox("scans/link.png")).unwrap();
    std::os::unix::fs::symlink(bed.outside(""), bed.inbox("datasets/d/linked")).unwrap();
    let mut watched = bed.watch();
    watched.expect(&[
        "datasets/d/c/a.png",
        "datasets/d/groups.csv",
        "datasets/misplaced.png",
        "scans/d/deep/er/t.png",
        "scans/s.png",
    ]);
    watched.expect_silence(&bed);
}

#[test]
fn a_file_that_is_copied_in_rewritten_and_deleted() {
    let bed = Bed::new();
    put(&bed.outside("a.png"), "one");
    let mut watched = bed.watch();
    fs::copy(bed.outside("a.png"), bed.inbox("scans/a.png")).unwrap();
    watched.expect(&["scans/a.png"]);
    put(&bed.inbox("scans/a.png"), "other");
    watched.expect(&["scans/a.png"]);
    fs::remove_file(bed.inbox("scans/a.png")).unwrap();
    watched.expect(&["-scans/a.png"]);
    watched.expect_silence(&bed);
}

#[test]
fn a_file_that_is_moved_in_renamed_over_and_moved_out() {
    let bed = Bed::new();
    put(&bed.outside("a.png"), "one");
    put(&bed.outside("b.png"), "two");
    let mut watched = bed.watch();
    fs::rename(bed.outside("a.png"), bed.inbox("scans/a.png")).unwrap();
    watched.expect(&["scans/a.png"]);
    fs::rename(bed.outside("b.png"), bed.inbox("scans/a.png")).unwrap();
    watched.expect(&["scans/a.png"]);
    fs::rename(bed.inbox("scans/a.png"), bed.outside("a.png")).unwrap();
    watched.expect(&["-scans/a.png"]);
}

#[test]
fn a_transfer_that_is_renamed_when_it_is_whole() {
    let bed = Bed::new();
    let mut watched = bed.watch();
    put(&bed.inbox("scans/a.png.filepart"), "half");
    watched.expect_silence(&bed);
    fs::rename(bed.inbox("scans/a.png.filepart"), bed.inbox("scans/a.png")).unwrap();
    watched.expect(&["scans/a.png"]);
}

#[test]
fn a_folder_that_is_moved_in_moved_on_and_moved_out() {
    let bed = Bed::new();
    put(&bed.outside("d/c/a.png"), "a");
    put(&bed.outside("d/c/sub/b.png"), "b");
    let mut watched = bed.watch();
    fs::rename(bed.outside("d"), bed.inbox("datasets/d")).unwrap();
    watched.expect(&["datasets/d/c/a.png", "datasets/d/c/sub/b.png"]);
    put(&bed.inbox("datasets/d/c/sub/late.png"), "late");
    watched.expect(&["datasets/d/c/sub/late.png"]);
    fs::rename(bed.inbox("datasets/d/c/sub"), bed.inbox("datasets/d/e")).unwrap();
    let moved =
        ["datasets/d/e/b.png", "datasets/d/e/late.png", "-datasets/d/c/sub/b.png", "-datasets/d/c/sub/late.png"];
    watched.expect(&moved);
    put(&bed.inbox("datasets/d/e/later.png"), "later");
    watched.expect(&["datasets/d/e/later.png"]);
    fs::rename(bed.inbox("datasets/d"), bed.outside("d")).unwrap();
    let gone = ["-datasets/d/c/a.png", "-datasets/d/e/b.png", "-datasets/d/e/late.png", "-datasets/d/e/later.png"];
    watched.expect(&gone);
}

/// Paths of a dataset with three classes of ten files each, in nested folders.
fn nested() -> Vec<String> {
    (0..30).map(|n| format!("datasets/d/c{}/p{}/{n}.png", n % 3, n % 5)).collect()
}

fn copy_nested(bed: &Bed) {
    for path in nested() {
        put(&bed.inbox(&path), &path);
    }
}

#[test]
fn nested_folders_that_are_copied_in() {
    let bed = Bed::new();
    let mut watched = bed.watch();
    copy_nested(&bed);
    let paths = nested();
    watched.expect(&paths.iter().map(String::as_str).collect::<Vec<_>>());
    watched.expect_silence(&bed);
}

#[test]
fn lost_events_are_made_up_for_by_a_rescan() {
    let bed = Bed::new();
    let hard_of_hearing = |inbox: &Path| FsEvents::with_capacity(inbox, 1);
    let mut watched =
        Watched::ready(Watcher::start_with(hard_of_hearing, &bed.settings, BTreeMap::new(), None).unwrap());
    copy_nested(&bed);
    let paths = nested();
    watched.expect(&paths.iter().map(String::as_str).collect::<Vec<_>>());
    watched.expect_silence(&bed);
}

#[test]
fn without_events_rescans_find_everything() {
    let mut bed = Bed::new();
    bed.settings.rescan = Duration::from_millis(40);
    let blind = |_: &Path| Err(notify::Error::new(notify::ErrorKind::MaxFilesWatch));
    let mut watched = Watched::ready(Watcher::start_with(blind, &bed.settings, BTreeMap::new(), None).unwrap());
    assert!(watched.watcher.health().polling);
    copy_nested(&bed);
    let mut paths = nested();
    watched.expect(&paths.iter().map(String::as_str).collect::<Vec<_>>());
    fs::remove_dir_all(bed.inbox("datasets/d")).unwrap();
    for path in &mut paths {
        path.insert(0, '-');
    }
    watched.expect(&paths.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn a_slow_writer_is_waited_for_until_it_closes() {
    let mut bed = Bed::new();
    bed.settings.settle_unclosed = Duration::from_secs(3600);
    let mut watched = bed.watch();
    let mut file = fs::File::create(bed.inbox("scans/slow.png")).unwrap();
    for piece in ["one", "two", "three"] {
        file.write_all(piece.as_bytes()).unwrap();
        // Longer than a closed file takes to settle.
        watched.expect_silence(&bed);
    }
    drop(file);
    watched.expect(&["scans/slow.png"]);
}

#[test]
fn a_writer_that_never_closes_is_not_waited_for_forever() {
    let bed = Bed::new();
    let mut watched = bed.watch();
    let mut file = fs::File::create(bed.inbox("scans/open.png")).unwrap();
    file.write_all(b"all").unwrap();
    watched.expect(&["scans/open.png"]);
    file.write_all(b" and more").unwrap();
    watched.expect(&["scans/open.png"]);
}

#[test]
fn a_closed_file_that_is_opened_again_is_told_whole() {
    let mut bed = Bed::new();
    bed.settings.settle = Duration::from_secs(2);
    let mut watched = bed.watch();
    put(&bed.inbox("scans/a.png"), "half");
    let mut file = fs::OpenOptions::new().append(true).open(bed.inbox("scans/a.png")).unwrap();
    file.write_all(b" and half").unwrap();
    drop(file);
    watched.expect(&["scans/a.png"]);
    watched.expect_silence(&bed);
}

#[test]
fn an_unfinished_file_is_told_again_when_it_grew_and_has_a_last_try() {
    let bed = Bed::new();
    let mut watched = bed.watch();
    put(&bed.inbox("scans/a.png"), "half");
    watched.expect(&["scans/a.png"]);
    watched.watcher.reconsider("scans/a.png", &truncated());
    put(&bed.inbox("scans/a.png"), "half and half");
    watched.expect(&["scans/a.png"]);
    watched.watcher.reconsider("scans/a.png", &truncated());
    watched.expect(&["scans/a.png (last try)"]);
    watched.expect_silence(&bed);
}

#[test]
fn what_is_known_is_told_only_when_it_changed_or_is_gone() {
    let bed = Bed::new();
    for name in ["same", "changed", "gone"] {
        put(&bed.inbox(&format!("scans/{name}")), name);
    }
    let known: BTreeMap<_, _> = ["scans/same", "scans/changed", "scans/gone"].map(|p| (p.into(), bed.stamp(p))).into();
    put(&bed.inbox("scans/changed"), "other");
    fs::remove_file(bed.inbox("scans/gone")).unwrap();
    assert_eq!(
        bed.once(known.clone()).iter().map(name).collect::<Vec<_>>(),
        ["scans/changed (last try)", "-scans/gone"]
    );
    let mut watched = bed.watch_knowing(known);
    watched.expect(&["scans/changed", "-scans/gone"]);
    watched.expect_silence(&bed);
}

#[test]
fn an_inbox_that_goes_away_takes_nothing_with_it() {
    let mut bed = Bed::new();
    bed.settings.rescan = Duration::from_millis(50);
    let mut watched = bed.watch();
    put(&bed.inbox("scans/a.png"), "a");
    watched.expect(&["scans/a.png"]);
    fs::rename(bed.inbox(""), bed.outside("inbox")).unwrap();
    watched.await_health("blocked", |health| health.blocked.is_some());
    // An empty folder in its place, as a mount point shows it.
    fs::create_dir(bed.inbox("")).unwrap();
    let unmounted = |health: &Health| health.blocked.as_ref().is_some_and(|reason| reason.contains("unmounted"));
    watched.await_health("unmounted", unmounted);
    fs::remove_dir(bed.inbox("")).unwrap();
    fs::rename(bed.outside("inbox"), bed.inbox("")).unwrap();
    watched.await_health("back", |health| health.blocked.is_none());
    put(&bed.inbox("scans/b.png"), "b");
    watched.expect(&["scans/b.png"]);
}

#[test]
fn an_inbox_that_is_not_there_is_refused_with_the_fix() {
    let mut bed = Bed::new();
    bed.settings.inbox = bed.outside("absent");
    let error = Watcher::start(&bed.settings, BTreeMap::new(), None).err().unwrap().to_string();
    assert!(error.contains("outside/absent` does not exist; create or mount it"), "{error}");
    let error =
        survey_once(&bed.settings, BTreeMap::new(), None, bed.settings.max_settle, &StopFlag::default()).unwrap_err();
    assert!(matches!(error, WatchError::Missing(_)), "{error}");
}

#[test]
fn one_look_leaves_what_is_still_written_to_for_the_next_time() {
    let mut bed = Bed::new();
    bed.settings.max_settle = Duration::from_millis(1);
    bed.settings.settle_unclosed = Duration::from_secs(3600);
    put(&bed.inbox("scans/recent.png"), "x");
    assert_eq!(bed.once(BTreeMap::new()), []);
}

//! What a person does to a file without writing to it, and what the system refuses for a while.

use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;

use super::*;
use crate::watch::{FileSystemId, SeenMounts};

/// Writes other bytes of the same length into a file, and dates it back, as `cp -p` and `touch -r` do.
fn rewrite_secretly(path: &Path) {
    let metadata = fs::metadata(path).unwrap();
    let (len, modified) = (usize::try_from(metadata.len()).unwrap(), metadata.modified().unwrap());
    let mut file = fs::OpenOptions::new().write(true).open(path).unwrap();
    file.write_all(&vec![b'#'; len]).unwrap();
    file.set_modified(modified).unwrap();
}

#[test]
fn a_rewrite_that_keeps_size_and_time_is_reported() {
    let bed = Bed::new();
    let mut watched = bed.watch();
    put(&bed.inbox("scans/a.png"), "one");
    watched.expect(&["scans/a.png"]);
    rewrite_secretly(&bed.inbox("scans/a.png"));
    watched.expect(&["scans/a.png"]);
    watched.expect_silence(&bed);
    let known = ["scans/a.png", "scans/fence-1.png"].map(|path| (path.to_owned(), bed.stamp(path)));
    rewrite_secretly(&bed.inbox("scans/a.png"));
    assert_eq!(bed.once(known.into()).iter().map(name).collect::<Vec<_>>(), ["scans/a.png (last try)"]);
}

#[test]
fn a_file_of_an_older_version_is_not_read_again() {
    let bed = Bed::new();
    put(&bed.inbox("scans/a.png"), "one");
    let old = FileStamp { ctime_ns: None, ..bed.stamp("scans/a.png") };
    assert_eq!(bed.once([("scans/a.png".to_owned(), old)].into()), []);
}

#[test]
fn other_permissions_or_times_are_reported_and_no_more() {
    let bed = Bed::new();
    put(&bed.inbox("scans/a.png"), "one");
    let mut watched = bed.watch();
    watched.expect(&["scans/a.png"]);
    fs::set_permissions(bed.inbox("scans/a.png"), fs::Permissions::from_mode(0o604)).unwrap();
    watched.expect(&["scans/a.png"]);
    fs::File::open(bed.inbox("scans/a.png")).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
    watched.expect(&["scans/a.png"]);
    watched.expect_silence(&bed);
}

#[test]
fn events_are_used_again_when_the_system_grants_them() {
    static REFUSALS: AtomicUsize = AtomicUsize::new(2);
    let refusing = |inbox: &Path| match REFUSALS.load(Ordering::SeqCst) {
        0 => FsEvents::open(inbox),
        n => {
            REFUSALS.store(n - 1, Ordering::SeqCst);
            Err(notify::Error::new(notify::ErrorKind::MaxFilesWatch))
        }
    };
    let mut bed = Bed::new();
    bed.settings.rescan = Duration::from_millis(40);
    let start = Watcher::start_with(refusing, &bed.settings, BTreeMap::new(), None);
    let mut watched = Watched::ready(start.unwrap());
    watched.await_health("relying on events", |health| !health.polling);
    put(&bed.inbox("datasets/d/c/a.png"), "a");
    watched.expect(&["datasets/d/c/a.png"]);
}

#[test]
fn images_in_the_wrong_place_are_named_once() {
    let bed = Bed::new();
    for path in ["a.png", "xray/normal/b.png", "notes.txt"] {
        put(&bed.inbox(path), "x");
    }
    let watched = bed.watch();
    watched.await_health("named", |health| !health.skipped.is_empty());
    let [skipped] = &watched.watcher.health().skipped[..] else { panic!("{:?}", watched.watcher.health()) };
    assert!(skipped.sentence.starts_with("2 images or folders of images outside `datasets` and `scans` in "));
    assert!(skipped.sentence.contains(": `a.png`, `folder-"), "{}", skipped.sentence);
    assert!(!skipped.is_refused);
}

#[test]
fn a_run_that_is_stopped_forgets_no_mount() {
    let (bed, stop) = (Bed::new(), StopFlag::default());
    let mounts = Some(SeenMounts::from([("datasets/x".to_owned(), FileSystemId::default())]));
    stop.raise();
    let found = survey_once(&bed.settings, BTreeMap::new(), mounts.clone(), bed.settings.max_settle, &stop).unwrap();
    assert_eq!(found, OnceSurvey { mounts, ..OnceSurvey::default() });
}

#[test]
fn a_run_names_the_files_that_do_not_settle_in_time() {
    let mut bed = Bed::new();
    (bed.settings.settle_unclosed, bed.settings.max_settle) = (Duration::from_secs(3600), Duration::ZERO);
    put(&bed.inbox("datasets/x/c/long.png"), "and still growing");
    let found =
        survey_once(&bed.settings, BTreeMap::new(), None, bed.settings.max_settle, &StopFlag::default()).unwrap();
    let why = "still being written to; run again when it is complete";
    assert_eq!(found.unseen.hidden, [("datasets/x/c/long.png".to_owned(), why.to_owned())].into());
    assert_eq!(found.arrivals, []);
    let left = SkippedInputs::refused(format!("`datasets/x/c/long.png`: {why}"));
    assert_eq!(found.skipped, [left]);
}

#[test]
fn a_folder_that_was_mounted_and_is_empty_keeps_its_files() {
    let mut bed = Bed::new();
    bed.settings.rescan = Duration::from_millis(40);
    put(&bed.inbox("datasets/y/c/b.png"), "b");
    fs::create_dir_all(bed.inbox("datasets/x")).unwrap();
    let stamp = bed.stamp("datasets/y/c/b.png");
    let known: BTreeMap<_, _> = ["datasets/x/c/a.png", "datasets/y/c/b.png", "datasets/y/c/gone.png"]
        .map(|path| (path.to_owned(), stamp))
        .into();
    let mounts = Some(SeenMounts::from([("datasets/x".to_owned(), FileSystemId::default())]));
    let away = BTreeSet::from(["datasets/x".to_owned()]);
    let found =
        survey_once(&bed.settings, known.clone(), mounts.clone(), bed.settings.max_settle, &StopFlag::default())
            .unwrap();
    assert_eq!(found.arrivals.iter().map(name).collect::<Vec<_>>(), ["-datasets/y/c/gone.png"]);
    let [SkippedInputs { sentence, is_refused: true }] = &found.skipped[..] else { panic!("{found:?}") };
    assert!(sentence.contains("datasets/x` was a mounted folder and is now empty or missing"), "{sentence}");
    assert_eq!(found.unseen, UnseenInputs { away: away.clone(), ..UnseenInputs::default() });

    let mut watched = Watched::ready(Watcher::start(&bed.settings, known, mounts.clone()).unwrap());
    watched.expect(&["-datasets/y/c/gone.png"]);
    watched.await_health("away", |health| health.unseen.away == away && !health.away.is_empty());
    fs::remove_dir(bed.inbox("datasets/x")).unwrap();
    watched.expect_silence(&bed);
    assert_eq!(watched.watcher.health().mounts, mounts);
    // A file that nobody knows says nothing about the others.
    put(&bed.inbox("datasets/x/c/new.png"), "new");
    watched.await_health("strange", |health| {
        health.away.iter().any(|away| away.contains("holds none of the known files"))
    });
    watched.expect_silence(&bed);
    // With a known one the folder is believed.
    fs::copy(bed.inbox("datasets/y/c/b.png"), bed.inbox("datasets/x/c/a.png")).unwrap();
    let written = fs::metadata(bed.inbox("datasets/y/c/b.png")).unwrap().modified().unwrap();
    fs::File::options().write(true).open(bed.inbox("datasets/x/c/a.png")).unwrap().set_modified(written).unwrap();
    watched.expect(&["datasets/x/c/a.png", "datasets/x/c/new.png"]);
    watched.await_health("believed", |health| health.away.is_empty() && health.mounts == Some(SeenMounts::new()));
}

//! Files that cannot be read or looked at, that take long, that are on a share, or were rewritten under their old time.

use super::*;

fn refused() -> FileFailure {
    FileFailure::unreadable("a", &std::io::ErrorKind::PermissionDenied.into())
}

#[test]
fn a_file_that_cannot_be_read_is_tried_again_soon_and_as_often_as_it_takes() {
    let mut world = World::new();
    world.write("a");
    world.event("a", Trigger::Closed);
    world.pass(SETTLE);
    for n in 1..100 {
        assert_eq!(world.n_settled(), n);
        assert_eq!(world.reconsider("a", &refused()), n == 1, "one line in the log");
        assert!(world.listed()[0].starts_with("`a`: the file cannot be read: permission denied; give the user"));
        world.survey();
        world.pass(20_000);
    }
    let is_last_try = |arrival: &Arrival| matches!(arrival, Arrival::Settled { last_try: true, .. });
    assert!(!world.reported.iter().any(is_last_try), "{:?}", world.reported);
    assert_eq!(world.listed(), [""; 0], "nothing is said of one that could be read");
}

#[test]
fn a_file_that_cannot_be_looked_at_is_not_gone() {
    let mut world = World::new();
    world.write("a");
    world.event("a", Trigger::Closed);
    world.pass(SETTLE);
    world.tracker.observe("a", Err("input/output error".into()), Trigger::Touched, world.now());
    assert!(world.listed()[0].starts_with("`a`: input/output error; next try 1970-01-01T00:"), "{:?}", world.listed());
    world.pass(20_000);
    assert_eq!((world.reported.len(), world.tracker.n_waiting()), (1, 0), "{:?}", world.reported);
}

#[test]
fn a_file_that_grows_and_one_that_is_incomplete_are_named_with_their_time() {
    let mut world = World::new();
    for _ in 0..4 {
        world.write("a");
        world.event("a", Trigger::Touched);
        world.pass(UNCLOSED - 1_000);
    }
    assert!(world.listed()[0].starts_with("`a`: still being written to; "), "{:?}", world.listed());
    world.pass(1_000);
    world.reconsider("a", &truncated());
    let expected = "`a`: the file ends early; copy it again; waits for a change until 1970-01-01T00:";
    assert!(world.listed()[0].starts_with(expected), "{:?}", world.listed());
    for n in 0..30 {
        let path = format!("b{n:02}");
        world.write(&path);
        world.event(&path, Trigger::Closed);
    }
    world.pass(SETTLE);
    for n in 0..30 {
        world.reconsider(&format!("b{n:02}"), &truncated());
    }
    assert_eq!(world.listed().len(), 21);
    assert!(world.listed()[20].starts_with("11 more files wait"), "{:?}", world.listed());
}

#[test]
fn nothing_is_decided_about_files_of_a_mount_that_is_away() {
    let mut world = World::new();
    world.write("m/a");
    world.event("m/a", Trigger::Closed);
    world.pass(SETTLE);
    world.files.clear();
    world.tracker.removed("m", world.now());
    world.tracker.suspend(|path| path.starts_with("m/"));
    world.pass(MAX);
    assert_eq!((world.reported.len(), world.tracker.n_known()), (1, 1));
    assert!(world.tracker.knows_below("m") && world.tracker.knows_below("") && !world.tracker.knows_below("n"));
}

#[test]
fn a_rewrite_that_keeps_size_and_time_is_reported() {
    let mut world = World::new();
    world.change("a", 0);
    world.survey();
    world.pass(UNCLOSED);
    let kept = world.files["a"].stamp;
    world.files.get_mut("a").unwrap().stamp = FileStamp { ctime_ns: Some(1), ..kept };
    world.survey();
    world.pass(UNCLOSED);
    assert_eq!(world.n_settled(), 2);
}

#[test]
fn on_a_share_the_bytes_decide() {
    let mut world = World::new();
    world.change("a", 0);
    let stamp = FileStamp { sample: Some(1), ..world.files["a"].stamp };
    world.files.insert("a".into(), FileSnapshot { stamp, is_remote: true });
    world.survey();
    world.pass(UNCLOSED);
    for (sample, n_settled) in [(1, 1), (2, 2)] {
        let changed = FileStamp { ctime_ns: Some(2), inode: 9, sample: Some(sample), ..stamp };
        world.files.insert("a".into(), FileSnapshot { stamp: changed, is_remote: true });
        world.survey();
        world.pass(UNCLOSED);
        assert_eq!(world.n_settled(), n_settled, "{sample}");
    }
    let hidden = FileSnapshot { stamp: FileStamp { sample: Some(3), ..stamp }, is_remote: true };
    world.files.insert("a".into(), hidden);
    world.tracker.recheck("a", Some(hidden), world.now());
    world.pass(UNCLOSED);
    assert_eq!(world.n_settled(), 3);
}

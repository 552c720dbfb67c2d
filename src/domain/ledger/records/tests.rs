//! When a file has to be read again.

use super::*;

const KNOWN: FileStamp = FileStamp { len: 9, mtime_ns: 5, inode: 7, ctime_ns: Some(6), sample: Some(1) };
/// What an older version wrote.
const OLD: FileStamp = FileStamp { ctime_ns: None, sample: None, ..KNOWN };

fn check(now: FileStamp, known: FileStamp, expected_local: bool, expected_remote: bool) {
    assert_eq!(now.matches(&known, false), expected_local, "local: {now:?}");
    assert_eq!(now.matches(&known, true), expected_remote, "remote: {now:?}");
}

#[test]
fn a_file_is_read_again_when_it_may_have_changed() {
    let look = FileStamp { sample: None, ..KNOWN };
    check(look, KNOWN, true, true);
    check(FileStamp { len: 8, ..look }, KNOWN, false, false);
    check(FileStamp { mtime_ns: 4, ..look }, KNOWN, false, false);
    // A rewrite that keeps size and time, by hand or by `cp -p`.
    check(FileStamp { ctime_ns: Some(8), ..look }, KNOWN, false, false);
    check(FileStamp { inode: 8, ..look }, KNOWN, false, true);
}

#[test]
fn on_a_network_file_system_the_sample_decides() {
    let look = FileStamp { inode: 8, ctime_ns: Some(8), ..KNOWN };
    check(look, KNOWN, false, true);
    check(FileStamp { sample: Some(2), ..KNOWN }, KNOWN, true, false);
    check(FileStamp { len: 8, ..KNOWN }, KNOWN, false, false);
}

#[test]
fn records_of_older_versions_match_by_what_they_have() {
    check(KNOWN, OLD, true, true);
    check(FileStamp { inode: 8, ..KNOWN }, OLD, false, true);
    check(FileStamp { mtime_ns: 4, ..KNOWN }, OLD, false, false);
    let old: FileStamp = serde_json::from_str(r#"{"len":9,"mtime_ns":5,"inode":7}"#).unwrap();
    assert_eq!(old, OLD);
    assert_eq!(serde_json::to_string(&old).unwrap(), r#"{"len":9,"mtime_ns":5,"inode":7}"#);
}

#[test]
fn the_sample_is_of_both_ends() {
    let bytes = vec![0; 3 * FileStamp::SAMPLED];
    let sample = |at: Option<usize>| {
        let mut bytes = bytes.clone();
        if let Some(at) = at {
            bytes[at] = 1;
        }
        OLD.sampled(&bytes).sample
    };
    assert_ne!(sample(Some(0)), sample(None));
    assert_ne!(sample(Some(bytes.len() - 1)), sample(None));
    assert_eq!(sample(Some(bytes.len() / 2)), sample(None));
    assert!(OLD.sampled(b"").sample.is_some());
}

//! Every kind of thing that may stand where an image should, through the room's doors.

use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FileType, Mode, OFlags, mknodat, openat};
use rustix::io::Errno;
use tempfile::TempDir;

use super::below::{open_below, walk};
use super::*;
use crate::config::LimitSettings;
use crate::domain::{ContentHash, FileStamp};

const LIMITS: LimitSettings = LimitSettings { max_file_mib: 1, max_side: 100, max_megapixels: 1, memory_mib: 64 };

/// A folder `in` with one of each kind, and a folder `out` beside it.
struct Bed {
    dir: TempDir,
    _socket: UnixListener,
}

impl Bed {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        fs::create_dir_all(path("in/class/folder")).unwrap();
        fs::create_dir(path("out")).unwrap();
        fs::write(path("in/class/file"), "content").unwrap();
        fs::write(path("in/class/large"), vec![0; (1 << 20) + 1]).unwrap();
        fs::write(path("out/file"), "outside").unwrap();
        symlink(path("in/class/file"), path("in/class/link")).unwrap();
        symlink(path("out"), path("in/linked")).unwrap();
        mknodat(CWD, path("in/class/pipe"), FileType::Fifo, Mode::RWXU, 0).unwrap();
        let socket = UnixListener::bind(path("in/class/socket")).unwrap();
        Self { _socket: socket, dir }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn below(&self) -> Reader {
        Reader::new(&LIMITS, 0).below(&self.path("in"))
    }

    fn code(&self, name: &str) -> (&'static str, bool) {
        let failure = self.below().read(&self.path(name), None).unwrap_err();
        assert_eq!(failure.path, self.path(name));
        (failure.code, failure.may_pass)
    }
}

fn look(bed: &Bed, path: &str) -> Option<FileSnapshot> {
    let found = snapshot_below(&bed.path("in"), Path::new(path), false).unwrap();
    assert_eq!(look_below(&bed.path("in"), Path::new(path)).unwrap(), found, "{path}");
    found
}

#[test]
fn a_regular_file_is_read_with_its_hash_and_stamp() {
    let bed = Bed::new();
    let path = bed.path("in/class/file");
    let content = bed.below().read(&path, Some(ContentHash::of(b"content"))).unwrap();
    assert_eq!((content.bytes.as_slice(), content.hash), (b"content".as_slice(), ContentHash::of(b"content")));
    assert_eq!(content.stamp, FileStamp::from(&fs::metadata(&path).unwrap()));
    assert_eq!(look(&bed, "class/file").unwrap().stamp, content.stamp);
}

#[test]
fn no_link_is_followed_below_any_of_several_roots_and_every_other_is() {
    let bed = Bed::new();
    symlink(bed.path("in/class/file"), bed.path("out/link")).unwrap();
    let elsewhere = bed.below();
    assert_eq!(elsewhere.read(&bed.path("out/link"), None).unwrap().bytes, b"content");
    let both = bed.below().below(&bed.path("out"));
    for link in ["out/link", "in/class/link"] {
        assert_eq!(both.read(&bed.path(link), None).unwrap_err().code, "not-a-file", "{link}");
    }
}

#[test]
fn everything_else_is_refused_at_once_with_its_reason() {
    let bed = Bed::new();
    for name in ["link", "pipe", "socket", "folder"] {
        assert_eq!(bed.code(&format!("in/class/{name}")), ("not-a-file", false), "{name}");
        assert_eq!(look(&bed, &format!("class/{name}")), None, "{name}");
    }
    assert_eq!(bed.code("in/class/large"), ("too-large", false));
    assert_eq!(bed.code("in/class/absent"), ("vanished", true));
    assert_eq!(bed.code("in/class/file/absent"), ("vanished", true));
    assert_eq!(Reader::new(&LIMITS, 0).read(Path::new("/dev/zero"), None).unwrap_err().code, "not-a-file");
    let other = bed.below().read(&bed.path("in/class/file"), Some(ContentHash::of(b"other"))).unwrap_err();
    assert_eq!((other.code, other.may_pass), ("changed", false));
}

#[test]
fn a_folder_that_is_replaced_by_a_link_is_not_followed_below_the_root() {
    let bed = Bed::new();
    assert_eq!(bed.code("in/linked/file"), ("not-a-file", false));
    assert_eq!(look(&bed, "linked/file"), None);
    fs::rename(bed.path("in/class"), bed.path("moved")).unwrap();
    symlink(bed.path("out"), bed.path("in/class")).unwrap();
    assert_eq!(bed.code("in/class/file"), ("not-a-file", false));
    assert_eq!(read_text(&bed.path("in/class"), "absent", 9), Ok(None), "the folder that is named may be a link");
}

#[test]
fn what_is_named_may_be_a_link() {
    let bed = Bed::new();
    let named = Reader::new(&LIMITS, 0).read(&bed.path("in/class/link"), None).unwrap();
    assert_eq!(named.bytes, b"content");
    symlink(bed.path("in"), bed.path("named")).unwrap();
    let below = Reader::new(&LIMITS, 0).below(&bed.path("named"));
    assert_eq!(below.read(&bed.path("named/class/file"), None).unwrap().bytes, b"content");
    assert_eq!(below.read(&bed.path("named/class/link"), None).unwrap_err().code, "not-a-file");
}

/// Kernels without openat2 take the way through the folders: every answer is the same.
#[test]
fn without_openat2_the_answers_are_the_same() {
    let bed = Bed::new();
    let root = |path: &Path| openat(CWD, path, OFlags::PATH | OFlags::DIRECTORY, Mode::empty()).unwrap();
    let outcome = |opened: Result<OwnedFd, Errno>| opened.map(|fd| fs::File::from(fd).metadata().unwrap().file_type());
    let names = ["class/file", "class/link", "class/pipe", "class/socket", "class/absent", "class/folder"];
    let others = ["linked/file", "class/file/absent", "./class/file", "linked", "../out/file"];
    for name in names.into_iter().chain(others) {
        for flags in [OFlags::RDONLY | OFlags::NONBLOCK, OFlags::PATH | OFlags::NOFOLLOW] {
            let (folder, name) = (bed.path("in"), Path::new(name));
            let expected = outcome(open_below(&folder, name, flags));
            assert_eq!(outcome(walk(root(&folder), name, flags)), expected, "{}", name.display());
        }
    }
}

#[test]
fn a_list_holds_files_alone_and_counts_the_rest() {
    let bed = Bed::new();
    for number in 0..4 {
        symlink("nowhere", bed.path(&format!("in/class/folder/{number}.png"))).unwrap();
    }
    let Listing { files, skipped } = list(&bed.path("in"));
    assert_eq!(files, [bed.path("in/class/file"), bed.path("in/class/large")]);
    let lines = skipped.lines(Path::new("datasets/d"));
    let expected = "6 links in `datasets/d`: `class/folder/0.png`, `class/folder/1.png`, `class/folder/2.png` and 3 more; links are";
    let lines: Vec<String> = lines.into_values().collect();
    assert!(lines[0].starts_with(expected), "{lines:?}");
    assert!(lines[1].starts_with("2 pipes, sockets or devices in `datasets/d`: `class/file-"), "{lines:?}");
    let of_a_patient = skipped.lines(Path::new("scans/DOE")).into_values().collect::<String>();
    assert!(of_a_patient.contains("in `scans/folder-") && !of_a_patient.contains("DOE"), "{of_a_patient}");
    assert_eq!(list(&bed.path("in/class/link")).files, [bed.path("in/class/link")]);
    assert!(list(&bed.path("absent")).files.is_empty());
}

#[test]
fn only_what_cannot_be_read_hides_files() {
    let mut skipped = Skipped::default();
    skipped.add("a", Skip::Forbidden);
    skipped.add("b", Skip::Link);
    assert!(skipped.may_hide("a/file") && !skipped.may_hide("ab/file") && !skipped.may_hide("b/file"));
    let mut later = skipped.clone();
    later.add("b", Skip::Special);
    assert_eq!(later.new_since(&skipped).lines(Path::new("d")).len(), 1);
    assert!(skipped.new_since(&skipped).is_empty());
}

#[test]
fn a_list_that_is_no_file_is_an_error_and_one_that_is_not_there_is_none() {
    let bed = Bed::new();
    let folder = bed.path("in/class");
    assert_eq!(read_text(&folder, "absent", 9), Ok(None));
    assert_eq!(read_text(&folder, "file", 9).unwrap().unwrap(), "content");
    for (name, code) in [("pipe", "not-a-file"), ("link", "not-a-file"), ("large", "too-large")] {
        assert_eq!(read_text(&folder, name, 9).unwrap_err().code, code, "{name}");
    }
}

#[test]
fn files_that_vanished_are_reported_together() {
    let absent =
        |number: u32| Reader::new(&LIMITS, 0).read(Path::new(&format!("absent/{number}.png")), None).unwrap_err();
    let mut failures: Vec<_> = (0..5).map(absent).collect();
    failures.push(FileFailure::new("a\nb.png", "damaged", "it is damaged", "copy it again"));
    assert_eq!(
        lines(&failures),
        [
            "`a\\nb.png` (damaged): it is damaged; copy it again",
            "5 files that vanished since they were found: `absent/0.png`, `absent/1.png`, `absent/2.png` and 2 more"
        ]
    );
    assert_eq!(lines(&failures[..1]), ["1 file that vanished since it was found: `absent/0.png`"]);
}

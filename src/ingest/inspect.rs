//! One reading of one file: its identity, and whether it is a picture. Opened once, never through a link.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use rustix::fs::{Mode, OFlags};

use super::Rejection;
use crate::config::LimitSettings;
use crate::domain::{Border, ContentHash, FileStamp, ImageFacts, Look};
use crate::imaging::{DecodeOptions, decode};

/// What one reading told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspected {
    /// Of the bytes.
    pub hash: ContentHash,
    /// Of the picture.
    pub facts: ImageFacts,
    /// What it looks like; `None` when it looks like nothing.
    pub look: Option<Look>,
    /// Its outermost ring; what is transparent counts as black.
    pub border: Border,
    /// Of the file, the same before and after it was read.
    pub stamp: FileStamp,
}

/// Reads and decodes the file at `path` (absolute).
///
/// # Errors
/// [`Rejection`]: `truncated`, `changing` and `unreadable` are `unfinished`; `not-an-image`, `too-large`, `damaged`,
/// `unsupported` and `not-a-file` are not.
pub fn inspect(path: &Path, limits: &LimitSettings) -> Result<Inspected, Rejection> {
    let file = open(path)?;
    let stamp = stamp_of(&file)?;
    let max_bytes = limits.max_file_mib.saturating_mul(1 << 20);
    if stamp.len > max_bytes {
        return Err(Rejection::too_many_bytes(stamp.len, limits.max_file_mib));
    }
    let mut bytes = Vec::with_capacity(stamp.len as usize);
    (&file).take(max_bytes + 1).read_to_end(&mut bytes).map_err(|error| Rejection::unreadable(&error))?;
    if stamp_of(&file)? != stamp || bytes.len() as u64 != stamp.len {
        return Err(Rejection::changing());
    }
    // No setting but the limits has a say in what is kept of a file, so what is transparent is black here.
    let picture = decode(&bytes, &DecodeOptions::new(limits, 0))?;
    let (facts, look, border) = (picture.facts(), picture.look(), picture.border());
    Ok(Inspected { hash: ContentHash::of(&bytes), facts, look, border, stamp })
}

/// Neither follows a link nor waits for the other end of a pipe.
fn open(path: &Path) -> Result<File, Rejection> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(descriptor) => File::from(descriptor),
        Err(rustix::io::Errno::LOOP) => return Err(not_a_file("it is a link")),
        Err(errno) => return Err(Rejection::unreadable(&io::Error::from(errno))),
    };
    match file.metadata() {
        Ok(metadata) if metadata.is_file() => Ok(file),
        Ok(_) => Err(not_a_file("it is a folder, a pipe or a device")),
        Err(error) => Err(Rejection::unreadable(&error)),
    }
}

fn not_a_file(what: &str) -> Rejection {
    Rejection::new("not-a-file", format!("{what}, not a file"), "put the picture's own file in its place")
}

fn stamp_of(file: &File) -> Result<FileStamp, Rejection> {
    file.metadata().map(|metadata| FileStamp::from(&metadata)).map_err(|error| Rejection::unreadable(&error))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::imaging::{Picture, Pixels, encode_png};

    const LIMITS: LimitSettings = LimitSettings { max_file_mib: 1, max_side: 100, max_megapixels: 1 };

    fn check(bytes: &[u8], expected: Result<(), (&str, bool)>) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.png");
        fs::write(&path, bytes).unwrap();
        match (inspect(&path, &LIMITS), expected) {
            (Ok(inspected), Ok(())) => {
                assert_eq!(inspected.hash, ContentHash::of(bytes));
                assert_eq!(inspected.stamp, FileStamp::from(&fs::metadata(&path).unwrap()));
            }
            (Err(rejection), Err(expected)) => assert_eq!((rejection.code, rejection.unfinished), expected),
            (found, expected) => panic!("{expected:?} expected, {found:?} found"),
        }
    }

    fn png(width: u32, height: u32) -> Vec<u8> {
        let pixels = Pixels::U8(vec![7; (width * height) as usize]);
        encode_png(&Picture::new(width, height, 1, pixels).unwrap()).unwrap()
    }

    #[test]
    fn a_picture_passes_and_everything_else_is_told_apart() {
        let whole = png(30, 20);
        check(&whole, Ok(()));
        check(&whole[..whole.len() / 2], Err(("truncated", true)));
        check(b"", Err(("truncated", true)));
        check(b"a letter, not a picture", Err(("not-an-image", false)));
        check(&png(101, 2), Err(("too-large", false)));
        check(&vec![0; (1 << 20) + 1], Err(("too-large", false)));
    }

    #[test]
    fn only_files_are_opened() {
        let dir = tempfile::tempdir().unwrap();
        let code = |name: &str| inspect(&dir.path().join(name), &LIMITS).unwrap_err().code;
        fs::write(dir.path().join("file"), png(3, 3)).unwrap();
        std::os::unix::fs::symlink(dir.path().join("file"), dir.path().join("link")).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, dir.path().join("pipe"), Mode::RUSR | Mode::WUSR).unwrap();
        fs::create_dir(dir.path().join("folder")).unwrap();
        assert_eq!(code("link"), "not-a-file");
        assert_eq!(code("pipe"), "not-a-file");
        assert_eq!(code("folder"), "not-a-file");
        assert_eq!(code("absent"), "unreadable");
    }
}

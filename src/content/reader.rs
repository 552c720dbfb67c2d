//! The guarded reader: a regular file, not too large, unchanged while it is read, and of the content that is expected.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::Errno;

use super::below::open_below;
use super::failure::FileFailure;
use super::memory::DecodedPicture;
use crate::config::{LimitSettings, Settings};
use crate::domain::{COPY_SIDE, ContentHash, FileStamp};
use crate::imaging::{DecodeOptions, SourceScan, decode, decoding_bytes, is_dicom};
use crate::privacy::hide;

/// Never waits for the other end of a pipe, and never becomes the terminal of the process.
const FLAGS: OFlags = OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);

/// How image files are read: their limits, and the folders below which no link is followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    roots: Arc<[PathBuf]>,
    max_bytes: u64,
    max_memory: u64,
    /// What is too large to decode, what shows through, and how small is enough.
    pub decoding: DecodeOptions,
}

/// What one reading of a file gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// All of it.
    pub bytes: Vec<u8>,
    /// Of the bytes.
    pub hash: ContentHash,
    /// Of the file, the same before and after it was read.
    pub stamp: FileStamp,
}

impl Reader {
    /// With these limits; transparent pixels are shown on `background`. Links are followed.
    pub fn new(limits: &LimitSettings, background: u8) -> Self {
        let decoding = DecodeOptions::new(limits, background);
        let bytes = |mib: u64| mib.saturating_mul(1 << 20);
        let (max_bytes, max_memory) = (bytes(limits.max_file_mib), bytes(limits.memory_mib));
        Self { roots: Arc::default(), max_bytes, max_memory, decoding }
    }

    /// As the settings have it.
    pub fn of(settings: &Settings) -> Self {
        Self::new(&settings.limits, settings.images.background)
            .scaled(settings.images.scaled_jpeg)
            .at_frame(settings.images.dicom_frame)
    }

    /// Files below `root`, which may itself be a link, are reached through no link, as those below roots that were named
    /// before. Other files may be links.
    #[must_use]
    pub fn below(self, root: &Path) -> Self {
        let roots = self.roots.iter().cloned().chain([root.to_owned()]).collect();
        Self { roots, ..self }
    }

    /// The same with another level behind transparent pixels.
    #[must_use]
    pub fn on(self, background: u8) -> Self {
        Self { decoding: DecodeOptions { background, ..self.decoding }, ..self }
    }

    /// The same, with JPEG decoded smaller where it stays as large as the network's input, or at full size.
    #[must_use]
    pub fn scaled(self, is_scaled: bool) -> Self {
        Self { decoding: DecodeOptions { least_side: is_scaled.then_some(COPY_SIDE), ..self.decoding }, ..self }
    }

    /// The same with another frame of DICOM files, from 1.
    #[must_use]
    pub fn at_frame(self, frame: u32) -> Self {
        Self { decoding: DecodeOptions { frame, ..self.decoding }, ..self }
    }

    /// The same for images that are shown at `side` pixels a side.
    #[must_use]
    pub fn for_side(self, side: u32) -> Self {
        let least_side = self.decoding.least_side.map(|_| side);
        Self { decoding: DecodeOptions { least_side, ..self.decoding }, ..self }
    }

    /// Whether JPEG may be decoded smaller.
    pub fn is_scaled(&self) -> bool {
        self.decoding.least_side.is_some()
    }

    /// Reads a file; with `expected`, only that content will do.
    ///
    /// # Errors
    /// [`FileFailure`]: `vanished`, `unreadable` and `changing` may pass; `not-a-file`, `too-large` and `changed` do not.
    pub fn read(&self, path: &Path, expected: Option<ContentHash>) -> Result<Content, FileFailure> {
        let unreadable = |error: io::Error| FileFailure::unreadable(path, &error);
        let file = self.open(path)?;
        let stamp = stamp_of(&file).map_err(unreadable)?;
        if stamp.len > self.max_bytes {
            return Err(FileFailure::too_many_bytes(path, stamp.len, self.max_bytes));
        }
        let mut bytes = Vec::with_capacity(stamp.len as usize);
        (&file).take(self.max_bytes + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        // Permissions and links may change meanwhile: what is read stays whole, and the stamp says that it has to be read again.
        let after = FileStamp { ctime_ns: stamp.ctime_ns, ..stamp_of(&file).map_err(unreadable)? };
        if after != stamp || bytes.len() as u64 != stamp.len {
            return Err(FileFailure::changing(path));
        }
        if is_dicom(&bytes) {
            hide(path);
        }
        let hash = ContentHash::of(&bytes);
        if expected.is_some_and(|expected| expected != hash) {
            return Err(FileFailure::changed(path));
        }
        Ok(Content { bytes, hash, stamp })
    }

    /// Reads and decodes a file.
    ///
    /// # Errors
    /// As [`Self::read`] and [`Self::decode`].
    pub fn picture(
        &self,
        path: &Path,
        expected: Option<ContentHash>,
    ) -> Result<(Content, DecodedPicture), FileFailure> {
        let content = self.read(path, expected)?;
        let picture = self.decode(path, &content)?;
        Ok((content, picture))
    }

    /// Decodes what was read from `path`, once there is room for it.
    ///
    /// # Errors
    /// [`FileFailure`]: `truncated` may pass; `not-an-image`, `no-image`, `too-large`, `damaged` and
    /// `unsupported` do not.
    pub fn decode(&self, path: &Path, content: &Content) -> Result<DecodedPicture, FileFailure> {
        let n_bytes = decoding_bytes(&content.bytes, &self.decoding);
        let decode = || decode(&content.bytes, &self.decoding);
        DecodedPicture::new(n_bytes, self.max_memory, decode).map_err(|error| FileFailure::undecodable(path, &error))
    }

    /// What results in DICOM take over from a file that was read from `path` and is DICOM; `None` where it has no identifiers.
    ///
    /// # Errors
    /// [`FileFailure`], as of [`Self::decode`].
    pub fn source_scan(&self, path: &Path, content: &Content) -> Result<Option<SourceScan>, FileFailure> {
        SourceScan::read(&content.bytes, &self.decoding).map_err(|error| FileFailure::undecodable(path, &error))
    }

    fn open(&self, path: &Path) -> Result<File, FileFailure> {
        let below = self.roots.iter().find_map(|root| Some((root, path.strip_prefix(root).ok()?)));
        match below {
            Some((root, relative)) => checked(path, open_below(root, relative, FLAGS)),
            None => open_file(path),
        }
    }
}

/// Opens a regular file for reading, through links or not; nothing else is opened, and nothing blocks.
///
/// # Errors
/// [`FileFailure`]: `not-a-file`, `vanished`, `unreadable`.
pub fn open_file(path: &Path) -> Result<File, FileFailure> {
    checked(path, openat(CWD, path, FLAGS, Mode::empty()))
}

/// The text in the file `name` of `folder`; no link there is followed. `None` when there is no such file.
///
/// # Errors
/// [`FileFailure`], also when it is more than `max_bytes` long.
pub fn read_text(folder: &Path, name: &str, max_bytes: u64) -> Result<Option<String>, FileFailure> {
    let path = folder.join(name);
    let file = match checked(&path, open_below(folder, Path::new(name), FLAGS)) {
        Ok(file) => file,
        Err(failure) if failure.is_gone() => return Ok(None),
        Err(failure) => return Err(failure),
    };
    let mut text = String::new();
    let n_bytes = file.take(max_bytes.saturating_add(1)).read_to_string(&mut text);
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::InvalidData => {
            FileFailure::unusable_list(&path, format!("the file cannot be read: {error}"), "save it as UTF-8 text")
        }
        _ => FileFailure::unreadable(&path, &error),
    };
    match n_bytes.map_err(failed)? as u64 {
        n if n > max_bytes => Err(FileFailure::too_many_bytes(path, n, max_bytes)),
        _ => Ok(Some(text)),
    }
}

fn checked(path: &Path, opened: Result<impl Into<File>, Errno>) -> Result<File, FileFailure> {
    let file = match opened {
        Ok(descriptor) => descriptor.into(),
        Err(Errno::LOOP) => return Err(FileFailure::not_a_file(path, "a link, or is reached through one")),
        Err(Errno::NXIO | Errno::NODEV) => return Err(FileFailure::not_a_file(path, "a socket or a device")),
        Err(errno) => return Err(FileFailure::unreadable(path, &io::Error::from(errno))),
    };
    match file.metadata() {
        Ok(metadata) if metadata.is_file() => Ok(file),
        Ok(_) => Err(FileFailure::not_a_file(path, "a folder, a pipe or a device")),
        Err(error) => Err(FileFailure::unreadable(path, &error)),
    }
}

fn stamp_of(file: &File) -> io::Result<FileStamp> {
    file.metadata().map(|metadata| FileStamp::from(&metadata))
}

//! One reading of one file: its identity, and what is kept of its image.

use std::path::Path;

use super::pseudonymize::dicom_facts;
use crate::content::{Content, FileFailure, Reader};
use crate::domain::{Border, ContentHash, DicomFacts, FileStamp, ImageFacts, LabelConflict, PerceptualHash};
use crate::privacy::SiteKey;

/// The result of one reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspected {
    /// Of the bytes.
    pub hash: ContentHash,
    /// Of the image.
    pub facts: ImageFacts,
    /// What it looks like; `None` when it looks like nothing.
    pub perceptual_hash: Option<PerceptualHash>,
    /// Its outermost ring; what is transparent counts as black.
    pub border: Border,
    /// What its DICOM file says beside the image; `None` of other files.
    pub dicom: Option<Box<DicomFacts>>,
    /// Of the file, the same before and after it was read.
    pub stamp: FileStamp,
}

impl Inspected {
    /// By what the same image is found under another label.
    pub(super) fn as_conflict(&self) -> LabelConflict {
        LabelConflict { hash: self.hash, perceptual_hash: self.perceptual_hash, dicom: self.dicom.clone() }
    }

    /// Keyed hash of the number that DICOM gave the image.
    pub(super) fn instance(&self) -> Option<&String> {
        self.dicom.as_ref()?.instance.as_ref()
    }
}

/// Reads and decodes the file at `path` (absolute); `key` is that of the state folder.
///
/// # Errors
/// [`FileFailure`], as [`Reader::picture`].
pub fn inspect(reader: &Reader, key: &SiteKey, path: &Path) -> Result<Inspected, FileFailure> {
    inspect_content(reader, key, path, &reader.read(path, None)?)
}

/// The same for what was read from it.
///
/// # Errors
/// [`FileFailure`], as [`Reader::decode`].
pub(super) fn inspect_content(
    reader: &Reader,
    key: &SiteKey,
    path: &Path,
    content: &Content,
) -> Result<Inspected, FileFailure> {
    let picture = reader.decode(path, content)?;
    let (facts, perceptual_hash, border) = (picture.facts(), picture.perceptual_hash(), picture.border());
    let dicom = dicom_facts(&content.bytes, &reader.decoding, key);
    Ok(Inspected { hash: content.hash, facts, perceptual_hash, border, dicom, stamp: stamp_of(content) })
}

/// What is remembered of the file.
pub(super) fn stamp_of(content: &Content) -> FileStamp {
    content.stamp.sampled(&content.bytes)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::config::LimitSettings;
    use crate::imaging::{Picture, Pixels, encode_png};

    const LIMITS: LimitSettings = LimitSettings { max_file_mib: 1, max_side: 100, max_megapixels: 1, memory_mib: 64 };

    fn check(bytes: &[u8], expected: Result<(), (&str, bool)>) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.png");
        fs::write(&path, bytes).unwrap();
        match (inspect(&Reader::new(&LIMITS, 0), &SiteKey::new([7; 32]), &path), expected) {
            (Ok(inspected), Ok(())) => {
                assert_eq!(inspected.hash, ContentHash::of(bytes));
                assert_eq!(inspected.stamp, FileStamp::from(&fs::metadata(&path).unwrap()).sampled(bytes));
            }
            (Err(rejection), Err(expected)) => assert_eq!((rejection.code, rejection.may_pass), expected),
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
}

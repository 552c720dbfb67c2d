//! A source's file to the picture that its copies are made from.

use std::path::Path;

use super::error::SourceFailure;
use super::options::read;
use crate::domain::ContentHash;
use crate::imaging::{DecodeOptions, Picture, decode};

/// The picture in `path`, which must hold the content `hash`, at the working size: decoded and shrunk once for all copies.
pub(super) fn base(
    path: &Path,
    relative: &str,
    hash: ContentHash,
    size: u32,
    limits: &DecodeOptions,
    max_file: u64,
) -> Result<Picture, SourceFailure> {
    let bytes = read(path, relative, max_file)?;
    if ContentHash::of(&bytes) != hash {
        return Err(SourceFailure {
            relative: relative.to_owned(),
            code: "changed",
            reason: "its content is no longer what it was when it was found".into(),
            fix: "run again when nobody writes to it any more",
        });
    }
    let picture = decode(&bytes, limits).map_err(|error| SourceFailure::undecodable(relative, &error))?;
    Ok(picture.resized(size, size))
}

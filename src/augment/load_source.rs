//! A source's file to the image that its copies are made from.

use std::path::Path;

use crate::content::{FileFailure, Reader};
use crate::domain::ContentHash;
use crate::imaging::Picture;

/// The image in `path`, which must hold the content `hash`, at the working size: decoded and shrunk once for all copies; grey
/// if it shows no colour, so that its copies are made and stored in one channel. A failure names it as `relative`.
pub(super) fn load_source(
    reader: &Reader,
    path: &Path,
    relative: &str,
    hash: ContentHash,
    size: u32,
) -> Result<Picture, FileFailure> {
    let (_, picture) =
        reader.clone().for_side(size).picture(path, Some(hash)).map_err(|failure| failure.at(relative))?;
    Ok(picture.resized(size, size).grey_if_colourless())
}

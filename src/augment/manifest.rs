//! `manifest.jsonl`: one line a copy with everything that was drawn for it; sorted, relative, without times.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::AugmentError;
use super::plan::Draw;
use crate::disk;
use crate::domain::{ClassName, ContentHash, Split};
use crate::imaging::Affine;

/// The file's name, beside the class folders or the folder that holds them.
pub(super) const NAME: &str = "manifest.jsonl";

/// One copy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// The copy, relative to the manifest.
    pub copy: String,
    /// Its bytes.
    pub sha256: ContentHash,
    /// The source, relative to the dataset.
    pub source: String,
    /// The source's bytes.
    pub source_sha256: ContentHash,
    /// Its label.
    pub class: ClassName,
    /// The patient or other unit.
    pub group: Option<String>,
    /// The source's side of the split, where there is one.
    pub split: Option<Split>,
    /// The copy's number, from 1.
    pub index: u32,
    /// Of every draw.
    pub seed: u64,
    /// Pixels a side.
    pub size: u32,
    /// Everything that was drawn.
    pub draw: Draw,
    /// The one resampling, as [`Affine`] says.
    pub matrix: Affine,
    /// Names the recipe.
    pub recipe: ContentHash,
    /// Names the copy's pixels; the same stands in the file's tag.
    pub identity: ContentHash,
    /// The program's version.
    pub program: String,
}

/// What an earlier manifest says of a copy, as far as it saves work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) struct Known {
    pub(super) identity: ContentHash,
    pub(super) sha256: ContentHash,
    pub(super) source_sha256: ContentHash,
}

/// The manifest in `folder`, by copy. Lines that cannot be read are left out: their copies speak for themselves by
/// their tags, and are hashed again.
pub(super) fn known(folder: &Path) -> HashMap<String, Known> {
    #[derive(Deserialize)]
    struct Entry {
        copy: String,
        #[serde(flatten)]
        known: Known,
    }
    let Ok(file) = File::open(folder.join(NAME)) else { return HashMap::new() };
    let lines = BufReader::new(file).lines().map_while(Result::ok);
    lines.filter_map(|line| serde_json::from_str(&line).ok()).map(|Entry { copy, known }| (copy, known)).collect()
}

/// Writes the manifest unless it already says exactly this. `lines` is gone through once or twice, never held.
pub(super) fn write<I: Iterator<Item = Line>>(folder: &Path, lines: impl Fn() -> I) -> Result<(), AugmentError> {
    let path = folder.join(NAME);
    let print = |out: &mut dyn Write| {
        lines().try_for_each(|line| {
            serde_json::to_writer(&mut *out, &line)?;
            out.write_all(b"\n")
        })
    };
    if !holds(&path, print) {
        disk::write_atomic_with(&path, print)?;
    }
    Ok(())
}

/// Whether the file holds exactly what `print` would print.
fn holds(path: &Path, print: impl Fn(&mut dyn Write) -> io::Result<()>) -> bool {
    let Ok(file) = File::open(path) else { return false };
    let mut comparison = Comparison(BufReader::new(file));
    print(&mut comparison).is_ok() && comparison.0.fill_buf().is_ok_and(<[u8]>::is_empty)
}

/// Takes bytes as long as they are those that the reader holds next.
struct Comparison<R>(R);

impl<R: Read> Write for Comparison<R> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut held = vec![0; bytes.len()];
        self.0.read_exact(&mut held)?;
        if held == bytes { Ok(bytes.len()) } else { Err(io::ErrorKind::InvalidData.into()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

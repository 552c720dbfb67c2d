//! `manifest.jsonl`: one line a copy with everything that was drawn for it; sorted, relative, without times.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Component, Path};

use serde::{Deserialize, Serialize};

use super::error::AugmentError;
use super::plan::SampledParams;
use crate::config::CopyFormat;
use crate::disk;
use crate::domain::{ClassName, ContentHash, Preset, Split, Transform};
use crate::imaging::{Affine, DecodeOptions};

/// The file's name, beside the class folders or the folder that holds them.
pub(super) const NAME: &str = "manifest.jsonl";

/// One copy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ManifestEntry {
    /// The copy, relative to the manifest.
    pub copy: String,
    /// Its bytes.
    pub sha256: ContentHash,
    /// The source, relative to the dataset.
    pub source: String,
    /// The source's bytes.
    pub source_sha256: ContentHash,
    /// The source's colour type and bits a channel that hold its image, as `grey12`; `None` in manifests of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_colour: Option<String>,
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
    pub draw: SampledParams,
    /// The one resampling, as [`Affine`] says.
    pub matrix: Affine,
    /// What it is written as.
    pub format: CopyFormat,
    /// 1 to 100, for JPEG.
    pub quality: u8,
    /// The grey level behind the source's transparent pixels.
    pub background: u8,
    /// Whether the source was decoded at a part of its size, if it is a JPEG.
    #[serde(default)]
    pub scaled_jpeg: bool,
    /// Which frame of the source it shows, if it is a DICOM file with several, from 1.
    #[serde(default = "first_frame", skip_serializing_if = "is_first_frame")]
    pub dicom_frame: u32,
    /// The preset that the recipe started from.
    pub preset: Preset,
    /// Transforms that go beyond what the preset holds to be safe, allowed by name.
    pub allowed: Vec<Transform>,
    /// Names the recipe.
    pub recipe: ContentHash,
    /// Names the copy's pixels; the same stands in the file's tag.
    pub identity: ContentHash,
    /// The program's version.
    pub program: String,
}

/// What lines without the field mean.
fn first_frame() -> u32 {
    DecodeOptions::FIRST_FRAME
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde calls")]
fn is_first_frame(frame: &u32) -> bool {
    *frame == first_frame()
}

impl ManifestEntry {
    /// A manifest may have been changed by others: nothing outside its folder is written, and nothing endless is made.
    fn check(&self) -> Result<(), String> {
        let is_plain = |path: &str| Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
        let elastic = self.draw.elastic.map_or(1, |elastic| elastic.cells);
        if !is_plain(&self.copy) || !is_plain(&self.source) {
            return Err("names a file outside its folder, so it was edited; augment the dataset again".into());
        }
        let in_range = (8..=4096).contains(&self.size) && (1..=64).contains(&elastic);
        if !in_range || !(0.0..=20.0).contains(&self.draw.blur) || !(0.0..=40.0).contains(&self.draw.clahe) {
            return Err("has numbers that no recipe allows, so it was edited; augment the dataset again".into());
        }
        Ok(())
    }
}

/// What an earlier manifest says of a copy, as far as it saves work.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct KnownCopy {
    pub(super) identity: ContentHash,
    pub(super) sha256: ContentHash,
    pub(super) source_sha256: ContentHash,
    pub(super) source_colour: Option<String>,
}

/// The manifest in `folder`, by copy. Lines that cannot be read are left out: their copies speak for themselves by
/// their tags, and are hashed again.
pub(super) fn known(folder: &Path) -> HashMap<String, KnownCopy> {
    #[derive(Deserialize)]
    struct ReducedEntry {
        copy: String,
        #[serde(flatten)]
        known: KnownCopy,
    }
    let Ok(file) = File::open(folder.join(NAME)) else { return HashMap::new() };
    let lines = BufReader::new(file).lines().map_while(Result::ok);
    lines
        .filter_map(|line| serde_json::from_str(&line).ok())
        .map(|ReducedEntry { copy, known }| (copy, known))
        .collect()
}

/// All lines of `manifest`, or line number `only` (from 1) alone.
pub(super) fn lines(manifest: &Path, only: Option<usize>) -> Result<Vec<ManifestEntry>, AugmentError> {
    let wrong = |place: String, reason: String| AugmentError::Manifest { manifest: manifest.to_owned(), place, reason };
    let unreadable = |error: io::Error| wrong(String::new(), format!("cannot be read: {error}"));
    let mut lines = Vec::new();
    let mut n_lines = 0;
    for text in BufReader::new(File::open(manifest).map_err(unreadable)?).lines() {
        n_lines += 1;
        let text = text.map_err(unreadable)?;
        if only.is_none_or(|only| only == n_lines) {
            let not_ours = |error: serde_json::Error| {
                wrong(
                    format!(" line {n_lines}"),
                    format!("is not a manifest entry of this version: {error}; augment the dataset again"),
                )
            };
            let line: ManifestEntry = serde_json::from_str(&text).map_err(not_ours)?;
            line.check().map_err(|reason| wrong(format!(" line {n_lines}"), reason))?;
            lines.push(line);
        }
    }
    match only {
        Some(only) if lines.is_empty() => {
            Err(wrong(String::new(), format!("has {n_lines} lines, so there is no line {only}; choose a smaller one")))
        }
        _ => Ok(lines),
    }
}

/// Writes the manifest unless it already says exactly this. `lines` is gone through once or twice, never held.
pub(super) fn write<I: Iterator<Item = ManifestEntry>>(
    folder: &Path,
    lines: impl Fn() -> I,
) -> Result<(), AugmentError> {
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
    let mut comparison = ComparingWriter(BufReader::new(file));
    print(&mut comparison).is_ok() && comparison.0.fill_buf().is_ok_and(<[u8]>::is_empty)
}

/// Takes bytes as long as they are those that the reader holds next.
struct ComparingWriter<R>(R);

impl<R: Read> Write for ComparingWriter<R> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut held = vec![0; bytes.len()];
        self.0.read_exact(&mut held)?;
        if held == bytes { Ok(bytes.len()) } else { Err(io::ErrorKind::InvalidData.into()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

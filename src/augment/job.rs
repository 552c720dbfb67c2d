//! One source and the copies that it is to have: their names, draws and lines in the manifest.

use super::manifest::ManifestEntry;
use super::options::ExpandOptions;
use super::philox::Stream;
use super::plan::{SampledParams, recipe_identity};
use super::quota::shares;
use crate::domain::{ContentHash, LabelledImage, Split, Versions, safe_stem};
use crate::imaging::PIXELS;
use crate::privacy::{shown, shown_group, shown_stem};

/// A source with as many copies as its class needs.
#[derive(Debug, Clone, Copy)]
pub(super) struct CopyJob<'a> {
    pub(super) source: &'a LabelledImage,
    pub(super) n_copies: u32,
}

/// A copy that is to be.
#[derive(Debug)]
pub(super) struct Planned {
    /// From 1.
    pub(super) index: u32,
    /// Its place, relative to the destination.
    pub(super) file: String,
    pub(super) draw: SampledParams,
    /// Names its bytes.
    pub(super) identity: ContentHash,
}

/// Of each source once, sorted by the names of the copies; none for what is not learned from.
pub(super) fn jobs<'a>(options: &ExpandOptions, sources: &'a [LabelledImage]) -> Vec<CopyJob<'a>> {
    let mut eligible: Vec<_> =
        sources.iter().filter(|source| source.split.is_none_or(|side| side == Split::Train)).collect();
    let stem = |source: &LabelledImage| shown_stem(&source.path, &source.hash);
    eligible.sort_by_cached_key(|source| (source.class.clone(), stem(source), source.hash, source.relative.clone()));
    eligible.dedup_by_key(|source| (source.class.clone(), stem(source), source.hash.short()));
    let shares = shares(&eligible, options.quota, options.originals_count);
    eligible.into_iter().zip(shares).map(|(source, n_copies)| CopyJob { source, n_copies }).collect()
}

impl CopyJob<'_> {
    pub(super) fn copies(&self, options: &ExpandOptions) -> impl Iterator<Item = Planned> {
        (1..=self.n_copies).map(|index| self.planned(options, index))
    }

    pub(super) fn planned(&self, options: &ExpandOptions, index: u32) -> Planned {
        let ExpandOptions { seed, size, encoding, ref reader, ref recipe, .. } = *options;
        let draw = SampledParams::of(recipe, Stream::new(seed, &self.source.hash), index, size);
        let read = Versions::mark(PIXELS).map_or_else(String::new, |_| format!(", pixels {PIXELS}"));
        let scaled = if reader.is_scaled() { ", scaled jpeg" } else { "" };
        let written = format!("{} on {}{read}{scaled}", encoding.name(), reader.decoding.background);
        let identity = draw.identity(seed, size, &written, &self.source.hash, index);
        Planned { index, file: self.file(options, index), draw, identity }
    }

    /// The copy's place, relative to the destination.
    pub(super) fn file(&self, options: &ExpandOptions, index: u32) -> String {
        let LabelledImage { class, hash, .. } = self.source;
        let inside = if options.folder.is_empty() { String::new() } else { format!("{}/", options.folder) };
        let (stem, hash, extension) =
            (safe_stem(&shown_stem(&self.source.path, hash)), hash.short(), options.encoding.extension());
        format!("{inside}{class}/{stem}-{hash}-c{index:02}.{extension}")
    }

    /// What the manifest says of copy `index`, whose bytes are `sha256`, and of the source's colour.
    pub(super) fn line(
        &self,
        options: &ExpandOptions,
        index: u32,
        sha256: ContentHash,
        source_colour: Option<String>,
    ) -> ManifestEntry {
        let ExpandOptions { size, seed, preset, encoding, ref recipe, .. } = *options;
        let Planned { file, draw, identity, .. } = self.planned(options, index);
        ManifestEntry {
            copy: file,
            sha256,
            source: shown(&self.source.relative),
            source_sha256: self.source.hash,
            source_colour,
            class: self.source.class.clone(),
            group: self.source.group.as_ref().map(|group| shown_group(&self.source.path, group)),
            split: self.source.split,
            index,
            seed,
            size,
            matrix: draw.matrix(size, size),
            draw,
            format: encoding.format,
            quality: encoding.quality,
            background: options.reader.decoding.background,
            scaled_jpeg: options.reader.is_scaled(),
            dicom_frame: options.reader.decoding.frame,
            preset,
            allowed: preset.breaches(recipe).into_iter().map(|breach| breach.transform).collect(),
            recipe: recipe_identity(recipe),
            identity,
            program: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

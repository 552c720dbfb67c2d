//! Originals beside their copies, for a person to look at before anything is trained on them.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::expand::Expansion;
use super::load_source::load_source;
use super::options::ExpandOptions;
use super::philox::Stream;
use super::plan::SampledParams;
use super::render::render;
use crate::content::FileFailure;
use crate::domain::{AugmentedImage, ClassName, ContentHash, LabelledImage};
use crate::imaging::{EncodeError, Mosaic, Picture, Tile};
use crate::privacy::shown;

/// Originals of each class, and copies beside each of them.
const N_ROWS: usize = 4;
const N_COPIES: usize = 6;
/// Copies beside the image in each row of a preview.
const N_BESIDE: usize = 5;

/// One sheet for each class, of a few originals with a few of their copies as they lie on the disk. Which ones is decided
/// by content, so that the same dataset gives the same sheets.
///
/// # Errors
/// The first image that the system refuses to read; one that is gone or holds something else now is left out.
pub fn sheets(
    options: &ExpandOptions,
    sources: &[LabelledImage],
    expansion: &Expansion,
) -> Result<Vec<Mosaic>, FileFailure> {
    let mut copies: BTreeMap<(&ClassName, ContentHash), Vec<&AugmentedImage>> = BTreeMap::new();
    for copy in &expansion.copies {
        copies.entry((&copy.class, copy.source)).or_default().push(copy);
    }
    let mut classes: BTreeMap<&ClassName, Vec<&LabelledImage>> = BTreeMap::new();
    for source in sources.iter().filter(|source| copies.contains_key(&(&source.class, source.hash))) {
        classes.entry(&source.class).or_default().push(source);
    }
    let sheet = |(class, mut members): (&ClassName, Vec<&LabelledImage>)| {
        members.sort_by_key(|source| source.hash);
        members.dedup_by_key(|source| source.hash);
        members.truncate(N_ROWS);
        let row = |source: &&LabelledImage| row(options, source, &copies[&(class, source.hash)]).transpose();
        let rows = members.par_iter().filter_map(row).collect::<Result<_, _>>()?;
        Ok(Mosaic { title: class.to_string(), rows })
    };
    classes.into_iter().map(sheet).collect()
}

/// An original and some of its copies; `None` when the original cannot be read any more.
fn row(
    options: &ExpandOptions,
    source: &LabelledImage,
    copies: &[&AugmentedImage],
) -> Result<Option<Vec<Tile>>, FileFailure> {
    let ExpandOptions { size, ref reader, .. } = *options;
    let original = FileFailure::unless_refused(load_source(reader, &source.path, &source.relative, source.hash, size))?;
    let Some(original) = original else { return Ok(None) };
    let mut tiles = vec![Tile { picture: original, caption: shown(&source.relative) }];
    for copy in copies.iter().take(N_COPIES) {
        let read = reader.picture(&copy.path, Some(copy.hash)).map(|(_, picture)| picture.into_picture());
        let draw = SampledParams::of(&options.recipe, Stream::new(options.seed, &source.hash), copy.index, size);
        tiles.extend(FileFailure::unless_refused(read)?.map(|picture| Tile { picture, caption: draw.describe() }));
    }
    Ok(Some(tiles))
}

/// What the recipe would make of one image: itself, and its first `n_copies`. `hash` is its content, `name` what it is
/// called.
///
/// # Errors
/// [`EncodeError`] of a JPEG round trip.
pub fn preview(
    options: &ExpandOptions,
    picture: &Picture,
    hash: &ContentHash,
    name: &str,
    n_copies: u32,
) -> Result<Mosaic, EncodeError> {
    let base = picture.resized(options.size, options.size);
    let stream = Stream::new(options.seed, hash);
    let copy = |index: u32| {
        let draw = SampledParams::of(&options.recipe, stream, index, options.size);
        Ok(Tile { picture: render(&base, &draw, stream, index)?, caption: draw.describe() })
    };
    let copies: Vec<Tile> = (1..=n_copies).into_par_iter().map(copy).collect::<Result<_, EncodeError>>()?;
    let original = Tile { picture: base, caption: name.to_owned() };
    let row = |copies: &[Tile]| std::iter::once(&original).chain(copies).cloned().collect();
    Ok(Mosaic { title: name.to_owned(), rows: copies.chunks(N_BESIDE).map(row).collect() })
}

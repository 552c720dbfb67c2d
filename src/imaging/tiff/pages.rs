//! Which image of a TIFF file is meant: the first page, or the one that a thumbnail before it shows smaller. The levels
//! of a slide are refused: which of them is wanted, nobody but the user knows.

use std::collections::BTreeSet;

use super::directory::{Directory, TiffFile};
use super::refusal::{damaged, unsupported};
use super::tags;
use crate::imaging::error::DecodeError;
use crate::imaging::picture::Part;

/// The bits of `NewSubfileType`.
const REDUCED: u64 = 1;
const MASK: u64 = 4;

/// What a directory says of its image before it is read.
struct TiffPage<'a> {
    directory: Directory<'a>,
    width: u64,
    height: u64,
    is_tiled: bool,
    /// It says that it is a smaller version of another.
    is_reduced: bool,
    /// It says that it is the transparency of another.
    is_mask: bool,
}

/// The directory of the image that is meant, and which of how many it is.
///
/// # Errors
/// `Truncated` if a directory is not there; `Unsupported` of a slide's pyramid or a camera's raw data.
pub(super) fn chosen<'a>(file: &TiffFile<'a>) -> Result<(Directory<'a>, Option<Part>), DecodeError> {
    let mut pages = all(file)?;
    let at = choice(&pages).ok_or_else(|| unsupported("only transparency masks"))?;
    refuse_raw(&pages, at)?;
    refuse_pyramid(file, &pages, at)?;
    let of = match &pages[..] {
        [page] if !page.is_tiled => page.n_planes(file)?,
        pages => pages.len() as u32,
    };
    let mut others = pages.iter().enumerate().filter(|(other, _)| *other != at);
    others.try_for_each(|(_, page)| page.check_data(file))?;
    let part = (of > 1).then_some(Part { kind: "page", number: at as u32 + 1, of });
    Ok((pages.swap_remove(at).directory, part))
}

/// The pages in their order.
fn all<'a>(file: &TiffFile<'a>) -> Result<Vec<TiffPage<'a>>, DecodeError> {
    let (mut pages, mut seen) = (Vec::new(), BTreeSet::new());
    let mut at = file.first_directory()?;
    loop {
        if !seen.insert(at) {
            return Err(damaged("its pages form a circle"));
        }
        let page = TiffPage::new(file.directory(at)?)?;
        at = page.directory.next;
        pages.push(page);
        if at == 0 {
            return Ok(pages);
        }
    }
}

impl<'a> TiffPage<'a> {
    fn new(directory: Directory<'a>) -> Result<Self, DecodeError> {
        let number = |tag| Ok::<_, DecodeError>(directory.number(tag)?.unwrap_or(0));
        let (kind, old_kind) = (number(tags::NEW_SUBFILE_TYPE)?, number(tags::SUBFILE_TYPE)?);
        Ok(Self {
            width: number(tags::IMAGE_WIDTH)?,
            height: number(tags::IMAGE_LENGTH)?,
            is_tiled: directory.has(tags::TILE_WIDTH),
            is_reduced: kind & REDUCED != 0 || old_kind == 2,
            is_mask: kind & MASK != 0,
            directory,
        })
    }

    /// Whether the data of a page that is not read are in the file: a file without them was cut.
    fn check_data(&self, file: &TiffFile) -> Result<(), DecodeError> {
        for (offsets, lengths) in
            [(tags::STRIP_OFFSETS, tags::STRIP_BYTE_COUNTS), (tags::TILE_OFFSETS, tags::TILE_BYTE_COUNTS)]
        {
            let places = self.directory.numbers(offsets)?.into_iter().zip(self.directory.numbers(lengths)?);
            places.into_iter().try_for_each(|(at, length)| file.slice(at, length).map(drop))?;
        }
        Ok(())
    }

    /// At most half of `other`'s sides, in its proportions but for the rounding of a pixel.
    fn shows_smaller(&self, other: &Self) -> bool {
        let (width, height) = (u128::from(self.width), u128::from(self.height));
        let (wider, higher) = (u128::from(other.width), u128::from(other.height));
        let off = (width * higher).abs_diff(height * wider);
        self.width > 0 && 2 * width <= wider + 1 && 2 * height <= higher + 1 && off <= wider.max(higher)
    }

    fn area(&self) -> u128 {
        u128::from(self.width) * u128::from(self.height)
    }

    /// Whether its data are what follow here as one of several sizes of `main`.
    fn is_level_of(&self, main: &Self) -> bool {
        !self.is_mask && self.area() < main.area() && (self.is_reduced || self.is_tiled) && self.shows_smaller(main)
    }
}

/// The first page that is no mask, unless it is a thumbnail: it says so, or it shows a later page at half its sides or
/// less. Then the largest page is meant, the first of those of one size.
fn choice(pages: &[TiffPage]) -> Option<usize> {
    let shown = || pages.iter().enumerate().filter(|(_, page)| !page.is_mask);
    let (at, first) = shown().next()?;
    let full = || shown().filter(|(_, page)| !page.is_reduced);
    let is_thumbnail =
        full().next().is_some() && (first.is_reduced || full().any(|(_, page)| first.shows_smaller(page)));
    let largest = || full().rev().max_by_key(|(_, page)| page.area()).map(|(at, _)| at);
    if is_thumbnail { largest() } else { Some(at) }
}

fn refuse_raw(pages: &[TiffPage], at: usize) -> Result<(), DecodeError> {
    let is_preview = pages[at].is_reduced && pages[at].directory.has(tags::SUB_IFDS);
    if is_preview || pages[0].directory.has(tags::DNG_VERSION) {
        return Err(unsupported("the raw data of a camera; develop it with a raw converter"));
    }
    Ok(())
}

/// A tiled image with a tiled level below it, or any image with levels of two sizes or more.
fn refuse_pyramid(file: &TiffFile, pages: &[TiffPage], at: usize) -> Result<(), DecodeError> {
    let main = &pages[at];
    let below: Result<Vec<_>, _> =
        main.directory.numbers(tags::SUB_IFDS)?.into_iter().map(|at| file.directory(at)).collect();
    let below = below?.into_iter().map(TiffPage::new).collect::<Result<Vec<_>, _>>()?;
    let levels: Vec<_> = pages.iter().chain(&below).filter(|page| page.is_level_of(main)).collect();
    let sizes: BTreeSet<_> = levels.iter().map(|page| (page.width, page.height)).collect();
    let is_pyramid = sizes.len() > 1 || main.is_tiled && levels.iter().any(|page| page.is_tiled);
    if is_pyramid || pages[0].is_of_slide_scanner() {
        return Err(unsupported(
            "a slide pyramid, the same image in several sizes; export the region or level that you need",
        ));
    }
    Ok(())
}

impl TiffPage<'_> {
    fn is_of_slide_scanner(&self) -> bool {
        let description = self.directory.data(tags::IMAGE_DESCRIPTION);
        description.starts_with(b"Aperio") || self.directory.has(tags::NDPI)
    }

    /// The planes that `ImageJ` and `MetaMorph` write one behind the other, with a directory for the first alone; else 1.
    ///
    /// Programs that save one plane keep `ImageJ`'s text: they compress it, write the directory behind it, or end with it.
    fn n_planes(&self, file: &TiffFile) -> Result<u32, DecodeError> {
        let [offsets, lengths] = [tags::STRIP_OFFSETS, tags::STRIP_BYTE_COUNTS].map(|tag| self.directory.numbers(tag));
        let first = offsets?.first().copied().unwrap_or(0);
        let n_bytes = lengths?.into_iter().fold(0, u64::saturating_add);
        let is_raw = self.directory.number(tags::COMPRESSION)?.unwrap_or(1) == 1;
        let is_of_imagej = is_raw && file.first_directory()? < first && !file.ends_at(first.saturating_add(n_bytes));
        let stated = if is_of_imagej { self.planes_of_imagej() } else { None };
        let n_planes = stated.unwrap_or(self.directory.count(tags::STACK_PLANES) as u32).max(1);
        if n_planes > 1 {
            file.slice(first, n_bytes.saturating_mul(n_planes.into()))?;
        }
        Ok(n_planes)
    }

    fn planes_of_imagej(&self) -> Option<u32> {
        let description = String::from_utf8_lossy(self.directory.data(tags::IMAGE_DESCRIPTION));
        let line = || description.lines().find_map(|line| line.strip_prefix("images="));
        description.starts_with("ImageJ=").then(line).flatten()?.trim().parse().ok()
    }
}

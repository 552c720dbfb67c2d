//! Samples of every kind to levels of 8 or 16 bits on their whole range, and how many bits hold the image.

use half::f16;

use super::directory::Directory;
use super::meaning::{AlphaKind, Meaning};
use super::planes::{SamplePlanes, Stored};
use super::range::{Scale, scale_of_floats, scale_of_integers};
use super::refusal::unsupported;
use super::sample_kind::SampleKind;
use super::tags;
use crate::imaging::depth::{depth_of, spread};
use crate::imaging::error::DecodeError;

/// Levels from 0 to 255 or 65535; of a palette, its numbers as they are.
pub(super) enum FullRange {
    Eight(SamplePlanes<u8>),
    Sixteen(SamplePlanes<u16>),
}

/// The levels, and the bits that hold the image.
///
/// # Errors
/// [`DecodeError`] of a strip or tile, and `Unsupported` where samples are negative or their range is unknown.
pub(super) fn levels(stored: &Stored, directory: &Directory) -> Result<(FullRange, u32), DecodeError> {
    let kind = stored.layout.kind;
    match kind {
        SampleKind::Unsigned(bits @ ..=8) | SampleKind::Signed(bits @ 8) => Ok((eight(stored)?, bits)),
        SampleKind::Unsigned(..=16) | SampleKind::Signed(16) => sixteen(stored, directory),
        SampleKind::Unsigned(_) | SampleKind::Signed(_) => thirty_two(stored, directory),
        SampleKind::Float(bits) => Ok((float(stored, directory)?, bits)),
    }
}

fn eight(stored: &Stored) -> Result<FullRange, DecodeError> {
    let mut planes = stored.planes(|bits| bits as u8)?;
    refuse_negative(stored, &planes.colours)?;
    let bits = stored.layout.kind.bits();
    if stored.layout.meaning != Meaning::Palette {
        spread_to_eight(&mut planes.colours, bits);
    }
    spread_to_eight(&mut planes.alpha, bits);
    Ok(FullRange::Eight(planes))
}

/// Levels of 1 to 8 bits to 0..=255 with one rounding, in place.
fn spread_to_eight(levels: &mut [u8], bits: u32) {
    let white = (1_u32 << bits) - 1;
    if white < 255 {
        for level in levels {
            *level = ((u32::from(*level) * 255 + white / 2) / white) as u8;
        }
    }
}

/// 9 to 15 bits are stated; 16 may hold fewer.
fn sixteen(stored: &Stored, directory: &Directory) -> Result<(FullRange, u32), DecodeError> {
    let mut planes = stored.planes(|bits| bits as u16)?;
    refuse_negative(stored, &planes.colours)?;
    let shown = [largest(&planes.colours), largest(&planes.alpha)].map(|largest| largest.unwrap_or(0));
    let depths = match stored.layout.kind.bits() {
        16 => {
            together(stored, shown).map(|largest| stated_depth(directory, largest).unwrap_or_else(|| depth_of(largest)))
        }
        bits => [bits; 2],
    };
    spread(&mut planes.colours, depths[0]);
    spread(&mut planes.alpha, depths[1]);
    Ok((FullRange::Sixteen(planes), depths[0]))
}

/// The bits of `MaxSampleValue` or `SMaxSampleValue`, if it is the largest level of 8 to 16 bits and no sample is beyond. Many programs write
/// the largest sample of the image there.
fn stated_depth(directory: &Directory, largest: u16) -> Option<u32> {
    let stated = directory.number(tags::MAX_SAMPLE_VALUE).ok().flatten();
    let white = stated.or_else(|| Some(*directory.reals(tags::S_MAX_SAMPLE_VALUE).first()? as u64))?;
    let bits = (8..=16).find(|bits| white == (1 << bits) - 1)?;
    (u64::from(largest) <= white).then_some(bits)
}

/// What is true of colours that are multiplied by their alpha is true of the alpha; otherwise each has its own.
fn together<T: PartialOrd + Copy>(stored: &Stored, of_colours_and_alpha: [T; 2]) -> [T; 2] {
    let [colours, alpha] = of_colours_and_alpha;
    match stored.layout.alpha {
        Some((_, AlphaKind::Associated)) if alpha > colours => [alpha; 2],
        Some((_, AlphaKind::Associated)) => [colours; 2],
        _ => [colours, alpha],
    }
}

fn thirty_two(stored: &Stored, directory: &Directory) -> Result<(FullRange, u32), DecodeError> {
    let planes = stored.planes(|bits| bits)?;
    refuse_negative(stored, &planes.colours)?;
    let shown = [largest(&planes.colours), largest(&planes.alpha)].map(|largest| largest.unwrap_or(0));
    let [colours, alpha] = together(stored, shown).map(|largest| scale_of_integers(directory, largest));
    let (colours, bits) = colours?;
    let alpha = if planes.alpha.is_empty() { colours } else { alpha?.0 };
    Ok((scaled(&planes, f64::from, colours, alpha), bits))
}

fn float(stored: &Stored, directory: &Directory) -> Result<FullRange, DecodeError> {
    let is_half = stored.layout.kind.bits() == 16;
    let convert = |bits: u32| if is_half { f16::from_bits(bits as u16).to_f32() } else { f32::from_bits(bits) };
    let planes = stored.planes(convert)?;
    let (colours, alpha) = (planes.colours.iter().copied(), planes.alpha.iter().copied());
    let (colours, alpha) = match stored.layout.alpha {
        None => (scale_of_floats(directory, colours)?, None),
        Some((_, AlphaKind::Associated)) => (scale_of_floats(directory, colours.chain(alpha))?, None),
        Some((_, AlphaKind::Unassociated)) => {
            (scale_of_floats(directory, colours)?, Some(scale_of_floats(directory, alpha)?))
        }
    };
    let alpha = alpha.unwrap_or(colours);
    Ok(scaled(&planes, f64::from, colours, alpha))
}

fn scaled<T: Copy>(planes: &SamplePlanes<T>, number: impl Fn(T) -> f64, colours: Scale, alpha: Scale) -> FullRange {
    let levels = |samples: &[T], scale: Scale| samples.iter().map(|&sample| scale.level(number(sample))).collect();
    FullRange::Sixteen(SamplePlanes { colours: levels(&planes.colours, colours), alpha: levels(&planes.alpha, alpha) })
}

fn largest<T: Ord + Copy>(samples: &[T]) -> Option<T> {
    samples.iter().copied().max()
}

/// Signed samples are read where none is below 0: they then are what unsigned ones would be.
fn refuse_negative<T: Copy + Into<u32>>(stored: &Stored, samples: &[T]) -> Result<(), DecodeError> {
    let SampleKind::Signed(bits) = stored.layout.kind else { return Ok(()) };
    if samples.iter().any(|&sample| sample.into() >> (bits - 1) != 0) {
        return Err(unsupported("samples below 0; map the range that you need to unsigned ones"));
    }
    Ok(())
}
